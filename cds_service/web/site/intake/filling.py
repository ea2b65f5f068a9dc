"""The form on the screen, in two steps: the warning signs first, so that staff hear of them at once, then the rest.

The same for a patient on a tablet and for staff who write down what a patient says. What was typed comes back with
whatever goes wrong: a missing answer, an ended time, a database that does not answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from flask import Response, make_response, render_template, request

from cds_service.errors import StoreError
from cds_service.intake.answers import Given, read
from cds_service.intake.errors import FormClosed, TabletClosed
from cds_service.intake.store import Intake
from cds_service.intake.values import Form, Hand, Tablet
from cds_service.web.site.intake.parts import go
from fhir_mappers.intake_form import EMERGENCY, HEALTH, MAX_TEXT, SIGNS, VISIT, WORST, Part

log = structlog.get_logger()

FIRST, SECOND = (SIGNS,), (VISIT, HEALTH)

NOT_SAVED = "We could not save your answers. They are still on this page. Please try again, or tell our staff."
OVER = "The time for this form is over. Your answers are still on this page. Please give the tablet to our staff."
CLOSED = "This form was answered or taken back before, or is too old. What you typed is still on this page."
MORE = "You have more time now. Your answers are still on this page."


@dataclass(frozen=True, kw_only=True)
class Way:
    """The addresses of the two steps and of what comes after, and the frame around them."""

    first: str
    second: str
    done: str
    frame: str


class Filling:
    """Shows and takes the steps for whoever holds a form."""

    def __init__(self, intake: Intake, now: Callable[[], datetime]) -> None:
        self._intake = intake
        self._now = now

    def show_first(self, hand: Hand, way: Way) -> Response:
        """The warning signs, with what was answered before. Raises as `Intake.held`."""
        form = self._held(hand)
        return self._page(way, FIRST, typed=_said(form), left=self._left(hand, form))

    def take_first(self, hand: Hand, way: Way) -> Response:
        """The answers to the warning signs."""
        given = read(FIRST, request.form)

        def keep() -> Response:
            self._intake.tell_signs(hand, given.answers, self._now())
            return go(way.second)

        return self._take(hand, way, FIRST, given, keep)

    def show_second(self, hand: Hand, way: Way) -> Response:
        """The rest of the questions; the warning signs come before it. Raises as `Intake.held`."""
        form = self._held(hand)
        if not form.signs:
            return go(way.first)
        return self._page(way, SECOND, typed={}, left=self._left(hand, form))

    def take_second(self, hand: Hand, way: Way) -> Response:
        """The answers, whole."""
        given = read(SECOND, request.form)

        def keep() -> Response:
            if not self._held(hand).signs:
                return go(way.first)
            self._intake.send(hand, given.answers, self._now())
            return go(way.done)

        return self._take(hand, way, SECOND, given, keep)

    def not_saved(self, way: Way, parts: tuple[Part, ...]) -> Response:
        """The page as it was sent, to be sent again: the database does not answer."""
        log.error("intake-not-saved")
        return self._page(way, parts, typed=read(parts, request.form).typed, left=None, notice=NOT_SAVED, status=503)

    def _take(
        self, hand: Hand, way: Way, parts: tuple[Part, ...], given: Given, keep: Callable[[], Response]
    ) -> Response:
        try:
            form = self._held(hand)
            if isinstance(hand, Tablet) and request.form.get("do") == "more":
                form = self._intake.more_time(hand, self._now())
                return self._page(way, parts, typed=given.typed, left=self._left(hand, form), notice=MORE)
            if given.problems:
                left = self._left(hand, form)
                return self._page(way, parts, typed=given.typed, left=left, problems=given.problems, status=422)
            return keep()
        except (TabletClosed, FormClosed):
            return self._closed(hand, way, parts, given)
        except StoreError:
            return self.not_saved(way, parts)

    def _closed(self, hand: Hand, way: Way, parts: tuple[Part, ...], given: Given) -> Response:
        if self._intake.was_sent_by(hand):
            return go(way.done)  # sent twice: the first one counts
        notice = OVER if isinstance(hand, Tablet) else CLOSED
        return self._page(way, parts, typed=given.typed, left=None, notice=notice, status=410, over=True)

    def _held(self, hand: Hand) -> Form:
        return self._intake.held(hand, self._now())

    def _left(self, hand: Hand, form: Form) -> int | None:
        """Seconds until a tablet's time is over."""
        if not isinstance(hand, Tablet) or form.tablet_until is None:
            return None
        return int((form.tablet_until - self._now()).total_seconds())

    def _page(
        self,
        way: Way,
        parts: tuple[Part, ...],
        *,
        typed: Mapping[str, str],
        left: int | None,
        problems: Mapping[str, str] | None = None,
        notice: str | None = None,
        status: int = 200,
        over: bool = False,
    ) -> Response:
        page = render_template(
            "intake/form.html",
            frame=way.frame,
            action=way.first if parts is FIRST else way.second,
            back=None if parts is FIRST else way.first,
            step=1 if parts is FIRST else 2,
            parts=parts,
            typed=typed,
            problems=problems or {},
            notice=notice,
            bad=status >= 400,
            over=over,
            left=left,
            emergency=EMERGENCY,
            most=MAX_TEXT,
            worst=WORST,
        )
        return make_response(page, status)


def _said(form: Form) -> dict[str, str]:
    return {sign: "yes" if yes else "no" for sign, yes in form.signs.items()}

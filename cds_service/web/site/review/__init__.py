"""The review pages: the queue under ``/review``, and each case under its opaque id."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for

from cds_service.accounts.roles import CLINICIANS, Member
from cds_service.clinic import Clinic
from cds_service.domain import Priority
from cds_service.errors import RequestError, StoreError
from cds_service.review.errors import Incomplete, NotPermitted, Stale
from cds_service.review.permissions import may_acknowledge, may_decide, may_lower
from cds_service.review.reasons import OFFERED_REASONS
from cds_service.review.values import ReviewCase, Verdict
from cds_service.web.site import who
from cds_service.web.site.layout import menu
from cds_service.web.site.review import queue
from cds_service.web.site.review.bell import Bell, bell_of
from cds_service.web.site.review.case import REASON_WORDS, TRACK_WORDS, Page, Pages
from cds_service.web.site.review.form import Typed, decision, typed, unsigned
from cds_service.web.site.review.queue import Lists

NAME = "review"
MOST_DIGITS = 9
DONE = {
    Verdict.CONFIRM: "The case is confirmed and signed.",
    Verdict.CHANGE: "The change is signed.",
    Verdict.DISMISS: "The case is dismissed, with its reason.",
}
ACKNOWLEDGED = "You have acknowledged the case. The notification is answered."


def blueprint(clinic: Clinic) -> Blueprint:
    """The pages of the queue and of the cases."""
    made = Blueprint(NAME, __name__)
    faces = Faces(clinic)
    made.get("/review")(faces.queue)
    made.get("/review/changes")(faces.changes)
    made.get("/review/bell")(faces.bell)
    made.get("/review/cases/<case_id>")(faces.case)
    made.get("/review/cases/<case_id>/presence")(faces.presence)
    made.post("/review/cases/<case_id>/decision")(faces.decide)
    made.post("/review/cases/<case_id>/acknowledgement")(faces.acknowledge)
    made.context_processor(_words)
    made.app_template_global("bell")(faces.rung)
    return made


class Faces:
    """The views. Each asks first who is signed in."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic
        self._pages = Pages(clinic)

    def queue(self) -> Response | str:
        """The queue. Those who see no cases are led to what they may see."""
        member = who.signed_in()
        if member.role not in CLINICIANS:
            elsewhere = [place["path"] for place in menu(member, request.path)]
            if elsewhere:
                return cast("Response", redirect(elsewhere[0], code=303))
        member = who.needs(*CLINICIANS)
        now, show, page = self._clinic.now(), *self._asked()
        listed = queue.listed(self._clinic, member, show, page, now)
        return render_template(
            "review/queue.html",
            listed=listed,
            rows=queue.rows(self._clinic, member, listed.cases, now),
            show=show,
            shown=queue.SHOWN,
            now=now,
        )

    def changes(self) -> Response:
        """What an open list has missed; 204 where it is nothing."""
        member = who.needs(*CLINICIANS)
        now, show, page = self._clinic.now(), *self._asked()
        missed = queue.changes(self._clinic, member, show, page, request.args.getlist("known"), now)
        if not missed.any:
            return Response(status=204)
        return make_response(render_template("review/changes.html", missed=missed, show=show, now=now))

    def rung(self) -> Bell | None:
        """The bell for the header of every page; None for those whom nobody calls."""
        try:
            member = who.current()
            return bell_of(self._clinic, member, self._clinic.now()) if member and member.role in CLINICIANS else None
        except StoreError:  # the page of an error is shown without the database too
            return None

    def bell(self) -> Response:
        """The bell of a page that is open; 204 where it rings as before."""
        rung = bell_of(self._clinic, who.needs(*CLINICIANS), self._clinic.now())
        if request.args.get("rung") == rung.key:
            return Response(status=204)
        return make_response(render_template("parts/bell.html", rung=rung))

    def case(self, case_id: str) -> Response:
        """One case."""
        member = who.needs(*CLINICIANS)
        page = self._pages.page(case_id, member, self._clinic.now())
        return self._shown(page, member, page.offered)

    def presence(self, case_id: str) -> str:
        """Who else has the case open, and whether it has changed since it was drawn."""
        member = who.needs(*CLINICIANS)
        sight = self._clinic.reviews.look(case_id, member, self._clinic.now())
        return render_template("review/presence.html", sight=sight, seen=request.args.get("seen", ""))

    def decide(self, case_id: str) -> Response:
        """A decision: taken, or shown again with everything that was typed."""
        filled = typed(request.form)
        try:
            return self._decide(case_id, filled)
        except StoreError:
            body = render_template("review/again.html", typed=request.form, filled=filled, case_id=case_id)
            return make_response(body, 503)

    def _decide(self, case_id: str, filled: Typed) -> Response:
        member, now = who.needs(*CLINICIANS), self._clinic.now()
        page = self._pages.page(case_id, member, now)
        made, problems = decision(filled, seen=_whole("seen"), drafted=page.drafted, floor=page.case.priority)
        if made is None:
            return self._shown(page, member, filled, problems=problems)
        try:
            self._clinic.reviews.decide(case_id, made, member, now)
        except Incomplete as incomplete:
            return self._shown(page, member, filled, problems=dict(incomplete.fields))
        except (Stale, NotPermitted) as refused:
            page = self._pages.page(case_id, member, now)  # as it is now, not as it was a moment ago
            return self._shown(page, member, unsigned(filled), refusal=refused, since=_whole("seq"))
        flash(DONE[made.verdict], "success")
        return cast("Response", redirect(url_for("review.queue"), code=303))

    def acknowledge(self, case_id: str) -> Response:
        """A physician has taken notice."""
        member = who.needs(*CLINICIANS)
        self._clinic.reviews.acknowledged(case_id, member, self._clinic.now())
        flash(ACKNOWLEDGED, "success")
        return cast("Response", redirect(url_for("review.case", case_id=case_id), code=303))

    def _asked(self) -> tuple[Lists, int]:
        return queue.as_show(request.args.get("show")), queue.as_page(request.args.get("page"))

    def _shown(
        self,
        page: Page,
        member: Member,
        filled: Typed,
        *,
        problems: dict[str, str] | None = None,
        refusal: RequestError | None = None,
        since: int = 0,
    ) -> Response:
        case: ReviewCase = page.case
        body = render_template(
            "review/case.html",
            page=page,
            case=case,
            chart=page.chart,
            told=page.told,
            filled=filled,
            problems=problems or {},
            refusal=refusal,
            missed=[event for event in page.events if refusal and event.seq > since],
            may_decide=may_decide(case, member),
            may_lower=may_lower(case, member),
            may_acknowledge=may_acknowledge(case, member),
            reasons=OFFERED_REASONS,
            reason_words=REASON_WORDS,
            track_words=TRACK_WORDS,
            priorities=sorted(Priority, reverse=True),
            now=self._clinic.now(),
        )
        return make_response(body, refusal.status if refusal else Incomplete.status if problems else 200)


def _words() -> dict[str, Any]:
    return {
        "AI_WORDS": queue.AI_WORDS,
        "PHYSICIAN_WORDS": queue.PHYSICIAN_WORDS,
        "STATE_WORDS": queue.STATE_WORDS,
    }


def _whole(name: str) -> int:
    """A number that the form carries; 0 where it carries none."""
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 0

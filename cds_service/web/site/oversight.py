"""Monitoring: the dashboard, reports for people and machines, and the reviews that people sign."""

from __future__ import annotations

from datetime import date
from typing import cast

from flask import (
    Blueprint,
    Response,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from markupsafe import Markup

from cds_service.clinic import Clinic
from cds_service.errors import RequestError, StoreError
from cds_service.oversight import charts, show
from cds_service.oversight.control import ENOUGH_POINTS
from cds_service.oversight.figures import written
from cds_service.oversight.oversight import Oversight
from cds_service.oversight.periods import EARLIEST, Period
from cds_service.oversight.report import Report
from cds_service.oversight.sign_offs import MAX_NOTE_CHARS, check_note, kind_of, may_sign
from cds_service.oversight.trends import Trend
from cds_service.web.site import who

NAME = "oversight"
_FORMATS = {"html": "text/html", "json": "application/json", "markdown": "text/markdown"}


def blueprint(clinic: Clinic) -> Blueprint:
    """The pages under ``/monitoring``."""
    made = Blueprint(NAME, __name__)
    oversight = clinic.oversight

    @made.app_template_global()
    def overdue_reviews() -> tuple[str, ...]:
        """For the header of every page: titles of the reviews that should have been signed."""
        try:
            return tuple(kind.title for kind in oversight.overdue(clinic.now()))
        except StoreError:  # the page of an error is shown without the database too
            return ()

    @made.get("/monitoring")
    def dashboard() -> Response:
        who.signed_in()
        now = clinic.now()
        report = oversight.report(_period(), now)
        overdue = [due for due in oversight.dues() if due.overdue(now)]
        return _page("dashboard", report, live=oversight.live(now), overdue=overdue)

    @made.get("/monitoring/report")
    def report() -> Response:
        who.signed_in()
        asked = _format()
        found = oversight.report(_period(), clinic.now(), day=_day(clinic, oversight))
        if asked == "json":
            return jsonify(found.as_json())
        if asked == "markdown":
            return Response(show.markdown(found), mimetype="text/markdown")
        return _page("report", found)

    @made.get("/monitoring/reviews")
    def reviews() -> Response:
        return _reviews(clinic, oversight)

    @made.post("/monitoring/reviews")
    def sign() -> Response:
        member = who.signed_in()
        kind = kind_of(request.form.get("kind", ""))
        note = request.form.get("note", "")
        try:
            check_note(note)
        except RequestError as error:
            return _reviews(clinic, oversight, problem=str(error), kind=kind.id, note=note[: MAX_NOTE_CHARS + 1])
        oversight.sign(kind, member, clinic.now(), note=note, digest=request.form.get("digest", ""))
        flash(f"{kind.title} review: signed.", "success")
        return cast("Response", redirect(url_for(f"{NAME}.reviews"), code=303))

    return made


def _reviews(
    clinic: Clinic, oversight: Oversight, *, problem: str | None = None, kind: str = "", note: str = ""
) -> Response:
    member, now = who.signed_in(), clinic.now()
    report = oversight.report(Period.MONTHLY, now)
    rows = [
        {
            "due": due,
            "overdue": due.overdue(now),
            "open": due.open(now) and may_sign(due.kind, member.role),
            "by": sorted(role.label for role in due.kind.by),
        }
        for due in oversight.dues()
    ]
    page = _page("reviews", report, rows=rows, problem=problem, kind=kind, note=note, most=MAX_NOTE_CHARS)
    page.status_code = 200 if problem is None else 400
    return page


def _page(name: str, report: Report, **values: object) -> Response:
    page = render_template(
        f"oversight/{name}.html",
        report=report,
        periods=tuple(Period),
        chart=_chart,
        cells=_cells,
        seen=charts.shown_points,
        enough=ENOUGH_POINTS,
        **values,
    )
    return make_response(page)


def _chart(trend: Trend) -> Markup:
    return Markup(charts.line_chart(trend))  # noqa: S704 - made of numbers; its words are escaped there


def _cells(trend: Trend) -> list[tuple[str, str, str, str]]:
    """The table beside a chart, from the first span with data: span, value, limits, n."""
    rows = []
    first = next((place for place, point in enumerate(trend.points) if point.of), 0)
    for place, point in list(enumerate(trend.points))[first:]:
        low, high = trend.bound(place, "low"), trend.bound(place, "high")
        limits = "" if low is None or high is None else f"{written(low, trend.unit)} to {written(high, trend.unit)}"
        rows.append((point.label, point.text(trend.unit), limits, point.basis))
    return rows


def _period() -> Period:
    try:
        return Period(request.args.get("period", Period.WEEKLY.value))
    except ValueError:
        raise RequestError("The period is daily, weekly or monthly.") from None


def _format() -> str:
    wanted = request.args.get("format")
    if wanted is None:
        best = request.accept_mimetypes.best_match(list(_FORMATS.values()), default="text/html")
        return next(name for name, mime in _FORMATS.items() if mime == best)
    if wanted not in _FORMATS:
        raise RequestError("The format is html, json or markdown.")
    return wanted


def _day(clinic: Clinic, oversight: Oversight) -> date | None:
    written_day = request.args.get("day")
    if not written_day:
        return None
    try:
        day = date.fromisoformat(written_day)
    except ValueError:
        raise RequestError("The day is written like 2027-01-31.") from None
    if not EARLIEST <= day <= clinic.now().astimezone(oversight.zone).date():
        raise RequestError("There are figures from 2020 until today.")
    return day

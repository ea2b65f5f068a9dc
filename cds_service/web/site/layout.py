"""What all pages share: the frame, the design system, scripts, pictures, and how times and priorities are written."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, url_for
from markupsafe import Markup

from cds_service.accounts.roles import CLINICIANS, Member, Role
from cds_service.domain import Priority

NAME = "layout"
STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A page that the menu leads to, and who may go there."""

    path: str
    label: str
    roles: frozenset[Role]


PLACES = (
    Place(path="/review", label="Review queue", roles=CLINICIANS),
    Place(path="/intake", label="Intake", roles=CLINICIANS),
    Place(path="/monitoring", label="Monitoring", roles=frozenset(Role)),
    Place(path="/exports", label="Exports", roles=frozenset({Role.COMPLIANCE})),
    Place(path="/rights", label="Patients' rights", roles=frozenset({Role.COMPLIANCE})),
    Place(path="/audit", label="Audit trail", roles=frozenset({Role.COMPLIANCE})),
    Place(path="/roll-out", label="Roll-out", roles=frozenset({Role.ADMINISTRATOR, Role.COMPLIANCE})),
)

PRIORITY_ICONS = {
    Priority.CRITICAL: "error",
    Priority.HIGH: "warning",
    Priority.MEDIUM: "schedule",
    Priority.LOW: "arrow_downward",
}
"""Each priority has a word, a shape and a colour; the colour is never alone."""


def blueprint() -> Blueprint:
    """Templates, static files under ``/assets``, and what every template may use."""
    made = Blueprint(NAME, __name__, template_folder="templates", static_folder="static", static_url_path="/assets")
    made.add_app_template_filter(when)
    made.add_app_template_filter(day)
    made.add_app_template_filter(ago)
    made.add_app_template_filter(lasting)
    made.add_app_template_global(asset)
    made.add_app_template_global(icon)
    made.add_app_template_global(badge)
    made.add_app_template_global(menu)
    return made


def when(moment: datetime | None) -> Markup:
    """A time to the minute, in UTC; the script of the pages shows it in the reader's own time zone."""
    if moment is None:
        return Markup('<span class="muted">no time</span>')
    utc = moment.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        utc.isoformat(timespec="seconds"), utc.strftime("%d %b %Y, %H:%M UTC")
    )


def day(moment: datetime | None) -> Markup:
    """The day alone."""
    if moment is None:
        return Markup('<span class="muted">no date</span>')
    return Markup('<time datetime="{}" data-day>{}</time>').format(
        moment.date().isoformat(), moment.strftime("%d %b %Y")
    )


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago, in one rounded-down unit."""
    if moment is None:
        return "no time"
    passed = now - moment
    if passed >= timedelta(minutes=1):
        return f"{lasting(passed.total_seconds())} ago"
    return "just now" if passed > -timedelta(minutes=1) else "in the future"


def lasting(seconds: float) -> str:
    """A duration in one rounded-down unit."""
    for unit, length, least in (("d", 86_400, 2), ("h", 3600, 1), ("min", 60, 1)):
        if seconds >= least * length:
            return f"{int(seconds // length)} {unit}"
    return "under 1 min"


def icon(name: str, size: str = "") -> Markup:
    """A picture beside words that say the same: hidden from screen readers."""
    return Markup(
        '<svg class="icon{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="{}"/></svg>'
    ).format(f" icon--{size}" if size else "", _icons()[name])


def badge(priority: Priority) -> Markup:
    """A priority as word, shape and colour."""
    return Markup('<span class="priority priority--{}">{}{}</span>').format(
        priority.label.lower(), icon(PRIORITY_ICONS[priority]), priority.label
    )


def menu(me: Member | None, here: str) -> list[dict[str, Any]]:
    """The places that `me` may go to and that this service has; `here` is the path that is open."""
    if me is None:
        return []
    known = {rule.rule.rstrip("/") for rule in current_app.url_map.iter_rules()}
    return [
        {"path": place.path, "label": place.label, "here": here == place.path or here.startswith(f"{place.path}/")}
        for place in PLACES
        if me.role in place.roles and place.path in known
    ]


def asset(name: str) -> str:
    """Address of a static file; it changes with its content, so that no browser shows an old one."""
    return url_for(f"{NAME}.static", filename=name, v=_digest(name))


@cache
def _icons() -> dict[str, str]:
    drawn: dict[str, str] = json.loads((STATIC / "vendor" / "icons.json").read_text(encoding="utf-8"))
    return drawn


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]

"""Who a patient is, out of a sealed chart: two identifiers and more where the chart has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fhir_mappers.case import Demographics, Precision, When

SOCIAL_SECURITY = re.compile(r"\d{3}-\d{2}-\d{4}")
UUID = re.compile(r"(urn:uuid:)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
NO_NAME = "Name not in the chart"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A person as the pages name them. `born` as exact as the chart; `number`: a number of the record, where known."""

    name: str
    born: str
    age: str
    sex: str
    number: str | None = None


def identity(payload: Mapping[str, Any], now: datetime) -> Identity:
    """Who a sealed chart speaks of. Reads only what it needs: a queue opens many charts."""
    told = payload["demographics"]
    birth = told.get("birth")
    born = (
        When(start=datetime.fromisoformat(birth["start"]), precision=Precision(birth["precision"])) if birth else None
    )
    own = [(i["kind"], i["value"]) for i in payload.get("identifiers", ()) if i["role"] == "patient"]
    return Identity(
        name=_name(own),
        born=_day(born) if born else "birth date not in the chart",
        age=_age(Demographics(birth=born), now),
        sex=told.get("sex") or "sex not in the chart",
        number=_number(own, payload.get("patient_id", "")),
    )


def _name(own: Iterable[tuple[str, str]]) -> str:
    """Family name first, as wrist bands have it; given names in the order of the chart."""
    own = list(own)
    family = next((value for kind, value in own if kind == "family"), None)
    given = next((value for kind, value in own if kind == "given"), None)
    if family or given:
        return ", ".join(part for part in (family, given) if part)
    return next((value for kind, value in own if kind == "name"), NO_NAME)


def _number(own: Iterable[tuple[str, str]], patient_id: str) -> str | None:
    """The first number of the chart's own; never one that looks like a social security number or a machine's id."""
    numbers = [value for kind, value in own if kind == "identifier"]
    return next(
        (n for n in numbers if n != patient_id and not SOCIAL_SECURITY.fullmatch(n) and not UUID.fullmatch(n)), None
    )


def _day(born: When) -> str:
    written = {Precision.YEAR: "%Y", Precision.MONTH: "%b %Y"}.get(born.precision, "%d %b %Y")
    return born.start.strftime(written)


def _age(told: Demographics, now: datetime) -> str:
    years, born = told.age_years(now), told.latest_birth_date()
    if years is None or born is None:
        return "age unknown"
    return f"{years} y" if years >= 2 else f"{_months(born, now.date())} months"


def _months(born: date, today: date) -> int:
    return (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)

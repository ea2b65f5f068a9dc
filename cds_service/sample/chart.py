"""The demo's fictional chart. ``chart.json`` is FHIR R4 with times relative to now, so that it never grows stale.

``@-25m`` is a dateTime 25 minutes ago (also ``h``, ``d``), ``@-1d-date`` the day alone, inside longer text too, and
``@b64:…`` text that is sent as base64 data.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

PATIENT_ID = "demo-1"
ENCOUNTER_ID = "demo-enc"
_MOMENT = re.compile(r"@-(\d+)([mhd])(-date)?")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def request_body(now: datetime) -> dict[str, Any]:
    """A whole ``patient-view`` call for the demo patient as of `now`."""
    raw = json.loads(resources.files(__package__).joinpath("chart.json").read_text(encoding="utf-8"))
    return {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid4()),
        "context": {"userId": "Practitioner/demo-nurse", "patientId": PATIENT_ID, "encounterId": ENCOUNTER_ID},
        "prefetch": _resolve(raw, now),
    }


def second_body(now: datetime) -> dict[str, Any]:
    """A call for another fictional patient with the same long-term problems, who comes with a tight chest."""
    text = json.dumps(request_body(now))
    for of_first, own in _SECOND:
        text = text.replace(of_first, own)
    body: dict[str, Any] = json.loads(text)
    body["prefetch"]["encounter"]["reasonCode"] = [{"text": "chest tightness and sweating for one hour"}]
    for part in ("observations", "intake", "documents"):  # which speak of the first one's illness
        body["prefetch"][part]["entry"] = []
    return body


_SECOND = (
    (PATIENT_ID, "demo-2"), (ENCOUNTER_ID, "demo-enc-2"), ("00471193", "00471255"), ("Rosalind", "Ingeborg"),
    ("Fictiva", "Nemosdottir"), ("Ottilie", "Sunniva"), ("1954-03-14", "1957-08-02"),
)  # fmt: skip


def _resolve(value: Any, now: datetime) -> Any:
    if isinstance(value, dict):
        return {key: _resolve(item, now) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item, now) for item in value]
    if not isinstance(value, str) or "@" not in value:
        return value
    text = _MOMENT.sub(lambda found: _moment(found, now), value)
    if text.startswith("@b64:"):
        return base64.b64encode(text.removeprefix("@b64:").encode()).decode()
    return text


def _moment(found: re.Match[str], now: datetime) -> str:
    moment = now - timedelta(**{_UNITS[found[2]]: int(found[1])})
    return moment.strftime("%m/%d/%Y") if found[3] else moment.isoformat(timespec="seconds")

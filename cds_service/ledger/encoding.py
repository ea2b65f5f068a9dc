"""Canonical JSON, uniform times and opaque ids: the forms in which the ledger writes values."""

from __future__ import annotations

import json
import re
import secrets
from datetime import UTC, datetime

SUBJECT = re.compile(r"subj-[0-9a-f]{32}")


def canonical_json(value: object) -> str:
    """One text for one value: sorted keys, no white space, ASCII. Raises ValueError for NaN and infinities."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def utc(time: datetime) -> datetime:
    """`time` in UTC. Raises ValueError for a time without a zone, whose instant nobody knows."""
    if time.tzinfo is None:
        raise ValueError("a time needs a zone")
    return time.astimezone(UTC)


def utc_text(time: datetime) -> str:
    """`time` as fixed-width RFC 3339 text in UTC with microseconds."""
    return utc(time).isoformat(timespec="microseconds").replace("+00:00", "Z")


def new_id(kind: str) -> str:
    """A random opaque id such as ``ans-5f…``: 128 bits, derived from nothing."""
    return f"{kind}-{secrets.token_hex(16)}"

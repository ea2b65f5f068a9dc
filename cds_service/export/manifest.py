"""What an export says of itself: canonical JSON, signed; and the same for people."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cds_service.card_text import escape
from cds_service.export.left_out import Reason
from cds_service.export.rows import VERSIONS, Row, sampled, texts_of
from cds_service.export.values import Approval, Order

MANIFEST, SIGNATURE, CARD = "manifest.json", "manifest.sig.json", "card.md"
DATA, PARQUET = "train.jsonl", "train.parquet"
RISK, RISK_PAGE, RISK_FIGURE = "risk.json", "risk.md", "risk.png"
SHEET = "check-sheet.csv"
SHEET_ROWS = 20
_ASKED = ("identifies_a_person", "kind_of_identifier", "wrong_or_senseless", "checked_by_role", "checked_on")

_MOMENT = timedelta(microseconds=1)

_LINES = """\
Each line is a prompt as the service builds it, and the note as a clinician left it. Codes of patients are random and
belong to this export alone.
"""
_LIMITS = """\
- Cases that clinicians decided, of one clinic and one period: no sample of anything else.
- De-identification is measured and not perfect. Whoever finds something that may identify a person stops, tells the
  clinic, and does not try to identify anybody.
- A note is what a clinician accepted for a preliminary assessment. It is no diagnosis.
- The model's share in a note is told by the columns `note`, `verdict` and `edited`.
- A prompt tells times as the policy of the export does. In service it tells them as intervals."""


def manifest_of(
    order: Order,
    *,
    approvals: Sequence[Approval],
    made: datetime,
    versions: Mapping[str, str],
    rows: Sequence[Row],
    left_out: Mapping[str, int],
    risk: Mapping[str, object],
    files: Mapping[str, Any],
) -> dict[str, Any]:
    """The manifest of a finished export. `versions`: `versions_of`. `files`: what `file_of` says, by name."""
    scope = order.scope
    return {
        "kind": "export",
        "version": 1,
        "export": order.id,
        "made": made.isoformat(timespec="seconds"),
        "purpose": order.purpose,
        "recipient": order.recipient,
        "profile": order.profile.value,
        "scope": {
            # of a date the year alone may leave, and a short period would date everybody in it
            "first_year": scope.since.year,
            "last_year": (scope.until - _MOMENT).year,
            "cards": sorted(k.value for k in scope.cards),
            "outcomes": sorted(o.value for o in scope.outcomes),
            "verdicts": sorted(v.value for v in scope.verdicts),
            "priorities": [p.label for p in sorted(scope.priorities)],
        },
        "approvals": stood_for(approvals),
        "counts": {
            "rows": len(rows),
            "patients": len({r["patient"] for r in rows}),
            "by_priority": _counted(rows, "priority"),
            "by_verdict": _counted(rows, "verdict"),
            "by_note": _counted(rows, "note"),
            "passages_not_found_again": sum(len(r["passages_not_found"]) for r in rows),
        },
        "left_out": dict(sorted(left_out.items())),
        "versions": dict(versions),
        "answered_by": _answered_by(rows),
        "codes": "random, new in this export; the table that leads back is in the clinic's vault until it is withdrawn",
        "leak_check": {
            "texts": "every message and every written text",
            "checked": sum(1 for row in rows for _ in texts_of(row)),
            "left_out": left_out.get(Reason.LEAK.value, 0),
        },
        "risk": dict(risk),
        "files": dict(files),
    }


def stood_for(approvals: Sequence[Approval]) -> list[dict[str, str]]:
    """What a manifest says of who stands for the export."""
    return [
        {"account": a.account, "role": a.role, "declared": a.declared, "at": a.at.isoformat(timespec="seconds")}
        for a in approvals
    ]


def canonical(manifest: Mapping[str, Any]) -> bytes:
    """The bytes that are written and signed."""
    return (json.dumps(manifest, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def card_of(manifest: Mapping[str, Any]) -> str:
    """The data card, in Markdown."""
    counts, versions = manifest["counts"], manifest["versions"]
    left = manifest["left_out"] or {"nothing": 0}
    return "\n".join(
        [
            f"# Training set {manifest['export']}\n",
            f"Reviewed cases of a clinic, de-identified ({manifest['profile']}). Made {manifest['made']}.\n",
            f"**Purpose.** {escape(manifest['purpose'])}\n",
            f"**Recipient.** {escape(manifest['recipient'])}\n",
            f"**Period.** Decided in {_years(manifest['scope'])}.\n",
            "## What is in it",
            f"{counts['rows']} cases of {counts['patients']} patients.\n",
            _LINES,
            _table("priority", counts["by_priority"]),
            _table("decision", counts["by_verdict"]),
            _table("the note is", counts["by_note"]),
            "## What was left out",
            _table("reason", left),
            "## Versions",
            _table("of", versions),
            "## Limits",
            _LIMITS,
            f"- Risk of re-identification: `{RISK_PAGE}`.\n",
        ]
    )


def sheet_of(rows: Sequence[Row], seed: str) -> str:
    """A sample of rows with empty columns for a person's check, as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["id", "shown", "note", "written", *_ASKED])
    for row in sampled(rows, SHEET_ROWS, seed):
        _, user, note = (m["content"] for m in row["messages"])
        written = " | ".join(f"{w['field']}: {w['text']}" for w in row["written"])
        writer.writerow([row["id"], *map(_cell, (user, note, written)), *("" for _ in _ASKED)])
    return out.getvalue()


def _cell(text: str) -> str:
    """No spreadsheet takes it for a formula."""
    return f"'{text}" if text[:1] in set("=+-@\t\r") else text


def _years(scope: Mapping[str, Any]) -> str:
    first, last = scope["first_year"], scope["last_year"]
    return str(first) if first == last else f"{first} to {last}"


def _counted(rows: Sequence[Row], name: str) -> dict[str, int]:
    return dict(sorted(Counter(str(r[name]) for r in rows).items()))


def _answered_by(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Every version of each part that answered one of the cases."""
    said: dict[str, set[str]] = {name: set() for name in VERSIONS}
    for row in rows:
        for version in row["versions"]:
            if version["of"] in said:
                said[version["of"]].add(version["version"])
    return {name: sorted(found) for name, found in said.items() if found}


def file_of(content: bytes) -> dict[str, Any]:
    """What a manifest says of a file."""
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _table(head: str, values: Mapping[str, object]) -> str:
    rows = "\n".join(f"| {name} | {value} |" for name, value in values.items())
    return f"| {head} | |\n|---|---:|\n{rows}\n"

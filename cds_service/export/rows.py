"""One line of a training set, and the Parquet form of the same."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cds_service.export.completion import Taught
from cds_service.export.prepared import WRITTEN, Prepared

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]
VERSIONS = ("service", "rules", "policy", "prompt", "contract", "safety", "index", "model", "setting")
"""Versions of the answer that a line names, where it has them."""


def row_of(prepared: Prepared, taught: Taught, *, number: int, policy: str, told: bool) -> Row:
    """The line of a case. `number`: which of its patient's it is. `told`: free words and the year go with it.

    Under an expert's plan they stay: no class covers them.
    """
    chosen = prepared.chosen
    priority = chosen.priority
    return {
        "id": f"{prepared.code}-{number}",
        "source": "clinic",
        "patient": prepared.code,
        "messages": [
            {"role": "system", "content": taught.system},
            {"role": "user", "content": taught.user},
            {"role": "assistant", "content": taught.assistant},
        ],
        "priority": None if priority is None else priority.label,
        "floor": chosen.floor.label,
        "system_priority": chosen.system_priority.label,
        "model_priority": None if chosen.model_priority is None else chosen.model_priority.label,
        "verdict": chosen.verdict.value,
        "note": taught.note.value,
        "edited": chosen.edited,
        "confidence": chosen.confidence,
        "role": chosen.role,
        "year": chosen.decided_at.year if told else None,
        "cards": list(chosen.kinds),
        "accepted": chosen.outcomes.count("accepted"),
        "overridden": chosen.outcomes.count("overridden"),
        "override_reasons": list(chosen.reasons),
        "rules": list(chosen.rules),
        "passages": list(prepared.guidelines),
        "passages_not_found": [p for p in chosen.passages if p not in prepared.guidelines] if told else [],
        "written": [{"field": name, "text": text} for name, text in _written(prepared)] if told else [],
        "versions": [{"of": name, "version": chosen.versions[name]} for name in VERSIONS if name in chosen.versions]
        + [{"of": "policy of the export", "version": policy}],
    }


def _written(prepared: Prepared) -> Iterator[tuple[str, str]]:
    yield from ((name, prepared.written[name]) for name in WRITTEN if name in prepared.written)
    yield from (("comment", text) for text in prepared.comments)


def texts_of(row: Row) -> Iterator[str]:
    """Every free text of a line."""
    yield from (m["content"] for m in row["messages"])
    yield from (w["text"] for w in row["written"])


def numbered(prepared: Sequence[Prepared]) -> Iterator[tuple[Prepared, int]]:
    """The cases in the order of an export: by code, and of one patient by time; each with its number of the patient."""
    seen: Counter[str] = Counter()
    for one in sorted(prepared, key=lambda p: (p.code, p.chosen.decided_at, p.chosen.case)):
        seen[one.code] += 1
        yield one, seen[one.code]


def line_of(row: Row) -> str:
    """`row` as one line of JSON: equal rows give equal bytes."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"


def sampled(rows: Sequence[Row], most: int, seed: str) -> list[Row]:
    """At most `most` of `rows`, chosen by a hash of `seed` and their ids."""
    ranked = sorted(rows, key=lambda r: hashlib.sha256(f"{seed}/{r['id']}".encode()).digest())
    return ranked[:most]


def parquet_of(rows: Sequence[Row]) -> bytes:
    """The rows as Parquet with a fixed schema; equal rows give equal bytes on one version of pyarrow."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist([dict(row) for row in rows], schema=schema())
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd", use_dictionary=True, store_schema=False, version="2.6")
    return out.getvalue()


def schema() -> pa.Schema:
    """The columns of the Parquet form."""
    import pyarrow as pa

    def pair(one: str, other: str) -> pa.DataType:
        return pa.list_(pa.struct([pa.field(one, pa.string()), pa.field(other, pa.string())]))

    text, number, words = pa.string(), pa.int64(), pa.list_(pa.string())
    return pa.schema(
        {
            "id": text, "source": text, "patient": text, "messages": pair("role", "content"), "priority": text,
            "floor": text, "system_priority": text, "model_priority": text, "verdict": text, "note": text,
            "edited": pa.bool_(), "confidence": number, "role": text, "year": number, "cards": words,
            "accepted": number, "overridden": number, "override_reasons": words, "rules": words, "passages": words,
            "passages_not_found": words, "written": pair("field", "text"), "versions": pair("of", "version"),
        }.items()
    )  # fmt: skip

"""All figures of one evaluation. They hold no text of the labelled documents."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cds_service.evaluation.deid.charts import ChartSummary
from cds_service.evaluation.deid.gold import GoldSet
from cds_service.evaluation.deid.running import Result
from cds_service.evaluation.deid.terms import TermSummary


@dataclass(frozen=True, kw_only=True)
class SetReport:
    """One set, and what each system made of it, our gate first."""

    gold: GoldSet
    results: tuple[Result, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """`systems`: name -> version, our gate first. `terms` by system, `charts` by folder."""

    made: datetime
    systems: Mapping[str, str]
    sets: tuple[SetReport, ...]
    terms: Mapping[str, TermSummary]
    charts: Mapping[str, ChartSummary]

    def as_json(self) -> dict[str, Any]:
        """Every figure, with what was measured where."""
        return {
            "made": self.made.isoformat(timespec="seconds"),
            "machine": machine(),
            "systems": dict(self.systems),
            "sets": [
                {
                    "name": s.gold.name,
                    "form": s.gold.form,
                    "documents": len(s.gold.documents),
                    "characters": sum(len(d.text) for d in s.gold.documents),
                    "identifiers": sum(len(d.identifiers) for d in s.gold.documents),
                    "results": [
                        {"system": r.system, "summary": asdict(r.summary), "speed": asdict(r.speed)} for r in s.results
                    ],
                }
                for s in self.sets
            ],
            "terms": {name: asdict(t) for name, t in self.terms.items()},
            "charts": {name: asdict(c) for name, c in self.charts.items()},
        }


def machine() -> dict[str, Any]:
    """Where it ran, as far as times depend on it."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def write_faults(path: Path, sets: Sequence[SetReport]) -> int:
    """Write each leak and each masked area of clinical text as a JSON line, with its text; their number.

    For engineers: the file holds what the labels call identifiers.
    """
    lines = [
        json.dumps({"set": report.gold.name, "system": result.system, "document": number, **fault}, ensure_ascii=False)
        for report in sets
        for result in report.results
        for number, judgement in enumerate(result.judgements)
        if judgement is not None
        for fault in (
            *(
                _fault("leak", judgement.document.text, o.identifier.start, o.identifier.end)
                | {"kind": o.identifier.kind, "known": o.identifier.known, "open": o.open}
                for o in judgement.leaks
            ),
            *(_fault("over-masking", judgement.document.text, start, end) for start, end in judgement.wrong),
        )
    ]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return len(lines)


def _fault(what: str, text: str, start: int, end: int) -> dict[str, Any]:
    before, after = text[max(0, start - 40) : start], text[end : end + 40]
    return {"fault": what, "start": start, "end": end, "text": text[start:end], "before": before, "after": after}

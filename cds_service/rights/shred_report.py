"""What an erasure did, where nothing was found afterwards, what remains, and what the operator has still to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.rights.proof import Look

TODO: Mapping[str, str] = {
    "clean": "Old pages of the database may still hold sealed values: run `cds-service vault clean` at a quiet hour.",
    "postgresql": "PostgreSQL's write-ahead log, replicas and base backups keep old pages until they run out.",
    "found": "Something that leads back was found in the places named above: see to them.",
    "rotate": "Run `cds-service keys rotate sealing`, `cds-service keys rotate index`, then `cds-service keys retire`: "
    "what backups of the database hold of this patient opens, and is found by the patient id, with the old keys alone.",
    "destroy-old-keys": "Destroy the backups of the key file from before the rotation.",
    "clients": "The EHR, the logs of proxies, and the recipients of exports are beyond this service: tell them.",
}
"""Codes of what is left to do, in the order in which it is done."""


@dataclass(frozen=True, kw_only=True)
class ShredReport:
    """The proof of one erasure: counts and names of places only.

    `deleted`, `emptied`: rows by table. `sought`: how many forms of each sort were looked for. `looks`: each place that
    was searched. `remains`: opaque rows by table, and files of exports with rows under a code that leads nowhere.
    `cleaned`: whether the database was written anew. `todo`: keys of `TODO`.
    """

    erasure: str
    subject: str
    deleted: Mapping[str, int]
    emptied: Mapping[str, int]
    sought: Mapping[str, int]
    looks: tuple[Look, ...]
    remains: Mapping[str, int]
    cleaned: bool
    todo: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing that leads back was found anywhere."""
        return not any(look.found for look in self.looks)

    def as_json(self) -> dict[str, Any]:
        """For the table of erasures and for programs."""
        return {
            "clean": self.clean,
            "deleted": dict(self.deleted),
            "emptied": dict(self.emptied),
            "sought": dict(self.sought),
            "looks": [[look.place, look.size, look.found] for look in self.looks],
            "remains": dict(self.remains),
            "cleaned": self.cleaned,
            "todo": list(self.todo),
        }


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The report, as `ShredReport.as_json` wrote it, for people, a line each."""
    yield f"Deleted rows: {_counts(report['deleted'])}"
    yield f"Emptied rows: {_counts(report['emptied'])}"
    yield f"Looked for: {_counts(report['sought'])}"
    tables = [look for look in report["looks"] if look[0].startswith("table ")]
    files = [look for look in report["looks"] if not look[0].startswith("table ")]
    yield f"Searched {len(tables)} tables ({sum(t[1] for t in tables)} rows), {len(files)} files"
    for place, _, found in report["looks"]:
        if found:
            yield f"FOUND in {place}: {found}"
    if report["clean"]:
        yield "Nothing that leads back to the patient was found."
    yield f"What remains, under a random id that leads to nobody: {_counts(report['remains'])}"
    for code in report["todo"]:
        yield f"To do: {TODO[code]}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(counts.items()) if count) or "none"

"""From a row that applies to a chart to the finding that says so: fixed words, our own names, a review to propose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cds_service.clinical.medicines.catalog import CATALOG
from cds_service.clinical.medicines.severity import Severity
from cds_service.clinical.medicines.tables import VERSION, Row
from cds_service.clinical.urgency import where_and_when
from cds_service.domain import MAX_PROPOSAL_LABEL, Finding, FindingKind, Priority, Proposal, ProposalKind, Value
from cds_service.settings import Setting

TOPIC = "medicines"
MOST_NAMES = 4
ASK = "Ask the physician to review "


@dataclass(frozen=True, kw_only=True)
class Concern:
    """A row that applies: to which ingredients, beside what (`title` says both), and where the chart says so.

    `severity` and `priority` may differ from those of the row (an intolerance is less, an anaphylaxis more). `beside`
    is a further sentence of the reason.
    """

    row: Row
    title: str
    medicines: tuple[str, ...]
    sources: tuple[str, ...]
    severity: Severity
    priority: Priority
    beside: str = ""
    values: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))


def concern(
    row: Row, title: str, medicines: tuple[str, ...], sources: tuple[str, ...], beside: str = "", **values: Value
) -> Concern:
    """A concern as grave as its row says."""
    return Concern(
        row=row,
        title=title,
        medicines=medicines,
        sources=tuple(dict.fromkeys(sources)),
        severity=row.severity,
        priority=row.severity.priority,
        beside=beside,
        values=values,
    )


def finding_of(rule: str, found: Concern, setting: Setting) -> Finding:
    """The finding of `rule` that a concern makes."""
    row = found.row
    label = f"{ASK}{names(found.medicines)}"
    return Finding(
        rule=rule,
        version=VERSION,
        priority=found.priority,
        title=found.title,
        reason=f"{row.why} {found.beside}".strip(),
        citation=row.citations[0],
        values={
            "severity": found.severity.label,
            "row": row.id,
            "medicines": ", ".join(name(m) for m in found.medicines),
            **found.values,
        },
        sources=found.sources,
        topic=TOPIC,
        where_and_when=where_and_when(setting, found.priority),
        kind=FindingKind.MEDICATION_SAFETY,
        proposals=(
            Proposal(
                kind=ProposalKind.REVIEW,
                label=label if len(label) <= MAX_PROPOSAL_LABEL else f"{ASK}these medicines",
                reason=row.consider,
            ),
        ),
        rank=Severity.CONTRAINDICATED - found.severity,
    )


def name(ingredient: str) -> str:
    """What findings call an ingredient."""
    return CATALOG.ingredient(ingredient).name


def names(ingredients: Iterable[str]) -> str:
    """``a, b and c``, at most four."""
    return listed(name(i) for i in ingredients)


def listed(words: Iterable[str]) -> str:
    """``a, b and c``, at most four."""
    every = list(dict.fromkeys(words))
    shown = every if len(every) <= MOST_NAMES else [*every[: MOST_NAMES - 1], "others"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def sentence(text: str) -> str:
    """`text` with its first letter upper case."""
    return text[:1].upper() + text[1:]

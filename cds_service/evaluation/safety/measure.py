"""What the checks say of the labelled drafts: recall and false alarms of each check, and which drafts were missed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from cds_service.domain import Verdict
from cds_service.evaluation.safety.labelled import INDICATORS, Example, Labelled, half
from cds_service.safety import bias
from cds_service.safety.check import CheckInput, Similarity
from cds_service.safety.verdict import CHECKS, SAFETY_VERSION, examine
from cds_service.shares import Share, wilson

WHOLE = "all"
HALVES = ("A", "B")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One labelled draft and the checks that failed it."""

    draft: Labelled
    failed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CheckFigures:
    """One check. `recall`: bad drafts labelled for it that it found; `false_alarms`: good drafts that it withheld."""

    check: str
    recall: Share
    false_alarms: Share


@dataclass(frozen=True, kw_only=True)
class Part:
    """The figures of one part of the drafts.

    `withheld`: bad drafts that any check withheld; `false_alarms`: good drafts that any check withheld. `kinds`: for
    each kind of bad draft those that were withheld. `missed`: ids of bad drafts that passed every check, `elsewhere`:
    of those that other checks than the one on the label withheld. `alarms`: good drafts withheld, with the checks.
    """

    name: str
    good: int
    bad: int
    withheld: Share
    false_alarms: Share
    checks: tuple[CheckFigures, ...]
    kinds: tuple[tuple[str, Share], ...]
    missed: tuple[str, ...]
    elsewhere: tuple[str, ...]
    alarms: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class IndicatorFigures:
    """The bias check on labelled sentences of one indicator, all of them and the two halves by themselves."""

    indicator: str
    recall: Share
    halves: tuple[Share, ...]
    missed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SafetyFigures:
    """One measurement of the checks."""

    safety: str
    similarity: bool
    parts: tuple[Part, ...]
    indicators: tuple[IndicatorFigures, ...]
    fair: Share
    fair_halves: tuple[Share, ...]
    fair_alarms: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Every figure, for a program."""
        return {"kind": "safety", "version": 1, **asdict(self)}


def measure(
    drafts: Sequence[Labelled],
    sentences: Sequence[Example],
    *,
    similarity: Similarity | None = None,
    show: Callable[[float], None] = lambda _: None,
) -> SafetyFigures:
    """Run every check on every draft, and the bias check on every sentence."""
    judged = []
    for number, draft in enumerate(drafts, start=1):
        judged.append(Judged(draft=draft, failed=_failed(examine(replace(draft.given, similarity=similarity)))))
        show(number / len(drafts))
    parts = [_part(WHOLE, judged)]
    parts += [_part(f"half {h}", [j for j in judged if half(j.draft.id) == h]) for h in HALVES]
    found = {e.id: _biased(e, drafts[0].given) for e in sentences}
    fair = [e.id for e in sentences if e.indicator is None]
    return SafetyFigures(
        safety=SAFETY_VERSION,
        similarity=similarity is not None,
        parts=tuple(parts),
        indicators=tuple(_indicator(name, sentences, found) for name in INDICATORS),
        fair=_share(found[name] for name in fair),
        fair_halves=_halves(fair, found),
        fair_alarms=tuple(name for name in fair if found[name]),
    )


def _failed(verdict: Verdict) -> tuple[str, ...]:
    return tuple(r.check for r in verdict.failures)


def _part(name: str, judged: Sequence[Judged]) -> Part:
    good = [j for j in judged if j.draft.fails is None]
    bad = [j for j in judged if j.draft.fails is not None]
    kinds = sorted({j.draft.kind for j in bad})
    return Part(
        name=name,
        good=len(good),
        bad=len(bad),
        withheld=_share(bool(j.failed) for j in bad),
        false_alarms=_share(bool(j.failed) for j in good),
        checks=tuple(
            CheckFigures(
                check=check.id,
                recall=_share(check.id in j.failed for j in bad if j.draft.fails == check.id),
                false_alarms=_share(check.id in j.failed for j in good),
            )
            for check in CHECKS
        ),
        kinds=tuple((kind, _share(bool(j.failed) for j in bad if j.draft.kind == kind)) for kind in kinds),
        missed=tuple(j.draft.id for j in bad if not j.failed),
        elsewhere=tuple(j.draft.id for j in bad if j.failed and j.draft.fails not in j.failed),
        alarms=tuple((j.draft.id, ", ".join(j.failed)) for j in good if j.failed),
    )


def _indicator(name: str, sentences: Sequence[Example], found: Mapping[str, bool]) -> IndicatorFigures:
    of = [e.id for e in sentences if e.indicator == name]
    return IndicatorFigures(
        indicator=name,
        recall=_share(found[i] for i in of),
        halves=_halves(of, found),
        missed=tuple(i for i in of if not found[i]),
    )


def _halves(of: Sequence[str], found: Mapping[str, bool]) -> tuple[Share, ...]:
    return tuple(_share(found[i] for i in of if half(i) == h) for h in HALVES)


def _biased(example: Example, base: CheckInput) -> bool:
    return bias.find(replace(base, draft=replace(base.draft, assessment=example.text))) is not None


def _share(hits: Iterable[bool]) -> Share:
    counted = list(hits)
    return wilson(sum(counted), len(counted))

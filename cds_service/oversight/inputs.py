"""The features whose distribution is watched, as counts by category: what comes in, and what is decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from cds_service.oversight.facts import AnswerFact, Facts

LEAST_SEEN = 20
"""Charts of both spans together in which a rule or a gap must be seen to be watched by itself."""

_YES, _NO = "yes", "no"
_GRADED = ("priority of the floor", "priority with the model", "state of the assessment")
_FIRED = "rule fired: {}"
_MISSED = "not evaluated: {}"
Counts = Mapping[str, int]


def features(before: Facts, now: Facts) -> dict[str, tuple[Counts, Counts]]:
    """By name: counts before and now. A chart counts once a day, a decision once."""
    then, today = _of_charts(before.visits), _of_charts(now.visits)
    seen: Counter[str] = Counter()
    for found in (then, today):
        seen.update({name: counts[_YES] for name, counts in found.items()})
    watched = [name for name in sorted({*then, *today}) if name in _GRADED or seen[name] >= LEAST_SEEN]
    made = {name: (_filled(then, name, before), _filled(today, name, now)) for name in watched}
    return made | {name: (_of_decisions(before)[name], _of_decisions(now)[name]) for name in _of_decisions(now)}


def _of_charts(visits: Iterable[AnswerFact]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for visit in visits:
        graded = zip(_GRADED, (visit.floor.label, visit.priority.label, visit.status.value), strict=True)
        for name, category in graded:
            found.setdefault(name, Counter())[category] += 1
        for name in (*map(_FIRED.format, visit.rules), *map(_MISSED.format, visit.not_evaluated)):
            found.setdefault(name, Counter())[_YES] += 1
    return found


def _filled(found: Mapping[str, Counter[str]], name: str, facts: Facts) -> Counts:
    """The counts of a feature; for what is or is not so, with how often it was not."""
    counts = found.get(name, Counter())
    if name in _GRADED:
        return counts
    return {_YES: counts[_YES], _NO: len(facts.visits) - counts[_YES]}


def _of_decisions(facts: Facts) -> dict[str, Counts]:
    made = facts.reviews.decisions
    return {
        "decision": Counter(d.verdict.value for d in made),
        "priority by the clinician": Counter(d.given.label for d in made if d.given is not None),
    }

"""Alert burden: how many cards the service shows on charts, and what they tell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cds_service.cards import EXTENSION
from cds_service.domain import Priority
from cds_service.evaluation.charts import patient_bundles
from cds_service.evaluation.files import find, spread
from cds_service.settings import Setting
from cds_service.shares import Share, percentile, wilson

Ask = Callable[[dict[str, Any], int], Mapping[str, Any] | None]
"""The response body for a Bundle that is opened so many days after its newest time; None where it makes no chart."""

STEP = "charts"
_NUMBER = re.compile(r"^\d+ |(?<=resource)s$")
"""How many resources were not used is left out, so that charts count together."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What one chart was answered: its priority, the topic of each card, and (rule, title) of each finding.

    `not_evaluated`: what could not be judged.
    """

    priority: Priority
    topics: tuple[str, ...]
    findings: frozenset[tuple[str, str]]
    not_evaluated: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Burden:
    """The charts of one folder, opened `days` after their newest time.

    `median` to `most`: cards of a chart. `topics`: cards by what they are about. `rules`, `titles`: charts in which a
    rule found anything, and what. `not_evaluated`: charts in which something could not be judged.
    """

    days: int
    charts: int
    unanswered: int
    lower_quartile: float | None
    median: float | None
    upper_quartile: float | None
    most: int
    without_cards: Share
    critical: Share
    urgent: Share
    counts: Mapping[int, int]
    topics: Mapping[str, int]
    rules: Mapping[str, int]
    titles: Mapping[str, int]
    not_evaluated: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class FolderBurden:
    """One folder, with a `Burden` for each number of days."""

    name: str
    by_days: tuple[Burden, ...]


@dataclass(frozen=True, kw_only=True)
class BurdenReport:
    """All folders. Nothing in it names a chart."""

    made: datetime
    setting: Setting
    versions: Mapping[str, str]
    folders: tuple[FolderBurden, ...]

    def as_json(self) -> dict[str, Any]:
        """Every figure, for a program."""
        return asdict(self) | {"made": self.made.isoformat(timespec="seconds"), "setting": self.setting.value}


def measure_folder(
    path: Path, ask: Ask, days: Sequence[int], show: Callable[[str, float], None], *, most: int | None = None
) -> FolderBurden:
    """Every FHIR Bundle with a patient in the file or folder `path`, or about `most` files of it, evenly spread."""
    answers: dict[int, list[Answered | None]] = {d: [] for d in days}
    for bundle in _charts(path, show, most):
        for d in days:
            body = ask(bundle, d)
            answers[d].append(None if body is None else answered(body))
    name = "/".join(path.resolve().parts[-2:])
    return FolderBurden(name=name, by_days=tuple(summarise(d, found) for d, found in answers.items()))


def answered(body: Mapping[str, Any]) -> Answered:
    """What a response tells about its chart."""
    advice = body["extension"][EXTENSION]
    return Answered(
        priority=Priority.parse(advice["priority"]),
        topics=tuple(card["source"]["topic"]["code"] for card in body["cards"]),
        findings=frozenset((finding["id"], finding["title"]) for finding in advice.get("findings", ())),
        not_evaluated=frozenset(_NUMBER.sub("", note["what"]) for note in advice.get("notEvaluated", ())),
    )


def summarise(days: int, answers: Sequence[Answered | None]) -> Burden:
    """The figures of charts opened on one day; None stands for a chart that was not answered."""
    found = [a for a in answers if a is not None]
    cards = [len(a.topics) for a in found]
    lower, median, upper = (percentile(cards, percent) for percent in (25, 50, 75))
    return Burden(
        days=days,
        charts=len(found),
        unanswered=len(answers) - len(found),
        lower_quartile=lower,
        median=median,
        upper_quartile=upper,
        most=max(cards, default=0),
        without_cards=wilson(cards.count(0), len(found)),
        critical=wilson(sum(a.priority is Priority.CRITICAL for a in found), len(found)),
        urgent=wilson(sum(a.priority >= Priority.HIGH for a in found), len(found)),
        counts=dict(sorted(Counter(cards).items())),
        topics=_counted(topic for a in found for topic in a.topics),
        rules=_counted(rule for a in found for rule in {rule for rule, _ in a.findings}),
        titles=_counted(title for a in found for title in {title for _, title in a.findings}),
        not_evaluated=_counted(what for a in found for what in a.not_evaluated),
    )


def _counted(names: Iterator[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))


def _charts(path: Path, show: Callable[[str, float], None], most: int | None) -> Iterator[dict[str, Any]]:
    paths = spread(find(path) if path.is_dir() else [path], most)
    step = f"{STEP} of {path.name}"
    for number, file in enumerate(paths, start=1):
        for bundle, _ in patient_bundles(file):
            yield bundle
        show(step, number / len(paths))

"""Synthetic cases and their counterfactual twins as training examples, down the road of the hook."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cds_service.assessor import AssessmentTask, check_input
from cds_service.chart import hook_call
from cds_service.domain import Draft, Priority, floor_of
from cds_service.inference.contract import ContractBroken, Encoding, Offers, encode
from cds_service.inference.offers import offers_for
from cds_service.inference.prompt import Prompt, build_prompt
from cds_service.inference.style import Style
from cds_service.safety.verdict import examine
from cds_service.settings import Setting
from cds_service.stations import Stations
from cds_service.training.build.examples import Example
from cds_service.training.build.targets import Gold, write_target
from cds_service.training.chat import SYNTHETIC
from cds_service.training.synth.parts import Part
from cds_service.twins import Twin, twins
from fhir_mappers.errors import MappingError
from hooks.errors import HookError

SHOWN = ("sex", "age")
"""Attributes that a prompt shows. The others reach one only where a text of the chart tells them."""

TOLD_SHARE = 0.4
"""Of the cases with a twin, those whose twin tells another race, language or insurance in the words of the visit."""

Asked = tuple[AssessmentTask, Prompt, Offers]


class NoCase(ValueError):
    """A line is no synthetic case. The message is static."""


@dataclass(frozen=True, kw_only=True)
class Authored:
    """One line of a file of synthetic cases. `place`: where it stands, for messages."""

    place: str
    id: str
    family: str
    part: Part
    setting: Setting
    at: datetime
    gold: Gold
    request: Mapping[str, Any]


@dataclass(kw_only=True)
class Counts:
    """What became of cases and twins, in fixed words."""

    cases: Counter[str] = field(default_factory=Counter)
    twins: Counter[str] = field(default_factory=Counter)


class Teacher:
    """Makes examples of synthetic cases in one style and encoding of the prompt."""

    def __init__(
        self, stations: Stations, *, style: Style, encoding: Encoding, twin_share: float, counts: Counts
    ) -> None:
        self._stations = {setting: stations.under(setting) for setting in Setting}
        self._style = style
        self._encoding = encoding
        self._twin_share = twin_share
        self._counts = counts

    def examples(self, case: Authored) -> tuple[Example, ...]:
        """The example of a case, with a twin beside it or not; () where nothing can be taught of it."""
        original = self._taught(case, case.request)
        if original is None:
            return ()
        self._counts.cases["taught"] += 1
        asked, draft = original
        example = _example(case, asked[1], encode(draft, asked[2], self._encoding))
        if _share_of(f"twin/{case.id}") >= self._twin_share:
            return (example,)
        return self._told_twins(case) or (example, *self._twin(case, twins_of(case), asked, draft, example))

    def _told_twins(self, case: Authored) -> tuple[Example, ...]:
        """For some cases, instead of their own: two charts whose words name another race, language or insurance."""
        if _share_of(f"told/{case.id}") >= TOLD_SHARE:
            return ()
        told = [twin for twin in twins(case.request, case.at, mentions=True) if twin.told]
        if not told:
            return ()
        chosen = told[int(_share_of(f"which/{case.id}") * len(told))]
        reference = self._taught(case, chosen.reference)
        if reference is None:
            return ()
        asked, draft = reference
        example = _example(case, asked[1], encode(draft, asked[2], self._encoding))
        pair = (example, *self._twin(case, [chosen], asked, draft, example))
        return pair if len(pair) == 2 else ()

    def _taught(self, case: Authored, body: Mapping[str, Any]) -> tuple[Asked, Draft] | None:
        """What the model is asked of `body` and should write; None where nothing."""
        asked = self._ask(body, case)
        if asked is None:
            self._counts.cases["the chart makes no task"] += 1
            return None
        draft = write_target(*asked, case.gold, setting=case.setting, style=self._style, seed=case.id)
        if draft is None:
            self._counts.cases["no draft passes the safety checks"] += 1
            return None
        return asked, draft

    def _twin(
        self, case: Authored, made: Sequence[Twin], asked: Asked, draft: Draft, original: Example
    ) -> Iterator[Example]:
        """The first of `made` whose prompt differs and of which the same may be written."""
        task, prompt, _ = asked
        for twin in made:
            other = self._ask(twin.body, case)
            if other is None or floor_of(other[0].findings) != floor_of(task.findings):
                self._counts.twins["another floor, or none"] += 1
                continue
            if other[1].text == prompt.text:
                self._counts.twins["the same prompt"] += 1
                continue
            try:
                same = encode(draft, other[2], self._encoding) == original.assistant
            except ContractBroken:
                same = False
            if same and examine(check_input(other[0], draft, other[2], self._style)).passed:
                self._counts.twins[f"taught, {twin.attribute}"] += 1
                yield _example(case, other[1], original.assistant).twin_of(original, twin.attribute)
                return
            self._counts.twins["another draft"] += 1

    def _ask(self, body: Mapping[str, Any], case: Authored) -> Asked | None:
        """What the model would be asked of `body` where and when `case` comes; None where nothing."""
        stations = self._stations[case.setting]
        try:
            walked = stations.walk(hook_call(body, client="training"), case.at, subject="training")
        except (HookError, MappingError):
            return None
        task = walked.task({})
        if task is None:
            return None
        offers = offers_for(task.case, task.findings, task.passages, setting=case.setting, style=self._style)
        prompt = build_prompt(task.case, task.findings, task.passages, offers, self._encoding, self._style)
        return task, prompt, offers


def twins_of(case: Authored) -> list[Twin]:
    """The twins of a case in what a prompt shows, in an order that its id gives."""
    made = [twin for twin in twins(case.request, case.at) if twin.attribute in SHOWN]
    return made if _share_of(f"order/{case.id}") < 0.5 else made[::-1]


def authored(place: str, value: Mapping[str, Any]) -> Authored:
    """The case that a decoded line holds. Raises NoCase."""
    try:
        case = Authored(
            place=place,
            id=value["id"],
            family=value["family"],
            part=Part(value["part"]),
            setting=Setting(value["setting"]),
            at=datetime.fromisoformat(value["at"]),
            gold=_gold(value["gold"]),
            request=value["request"],
        )
        texts = (case.id, case.family, case.gold.concern, *case.gold.questions)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoCase(_NO_CASE) from None
    known = isinstance(case.request, dict) and case.at.tzinfo is not None and case.id and case.family
    if not known or not all(isinstance(text, str) for text in texts):
        raise NoCase(_NO_CASE)
    return case


_NO_CASE = "is no synthetic case of `cds-service data synth`"


def _gold(value: Mapping[str, Any]) -> Gold:
    return Gold(
        priority=Priority.parse(value["priority"]), concern=value["concern"], questions=tuple(value["questions"])
    )


def _example(case: Authored, prompt: Prompt, completion: str) -> Example:
    return Example(
        id=case.id,
        place=case.place,
        source=SYNTHETIC,
        patient=case.id,
        family=case.family,
        part=case.part,
        system=prompt.prefix,
        user=prompt.case,
        assistant=completion,
    )


def _share_of(name: str) -> float:
    """A number in [0, 1) that a name always has."""
    return int.from_bytes(hashlib.blake2s(name.encode()).digest()[:4], "big") / 2**32

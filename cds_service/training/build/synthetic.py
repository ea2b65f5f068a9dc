"""Synthetic cases and their counterfactual twins as training examples, down the road of the hook."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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
from cds_service.training.build.examples import SYNTHETIC, Example
from cds_service.training.build.targets import Gold, write_target
from cds_service.training.synth.parts import Part
from cds_service.twins import twins
from fhir_mappers.errors import MappingError
from hooks.errors import HookError

SHOWN = ("sex", "age")
"""Attributes that a prompt shows. The others never reach one, so a twin in them teaches nothing (`evaluate bias`)."""

Asked = tuple[AssessmentTask, Prompt, Offers]


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

    def examples(self, lines: Iterable[str]) -> Iterator[tuple[Example, ...]]:
        """Of each line of a file of synthetic cases its example, with a twin beside it or not; () for neither.

        Raises ValueError in fixed words for a line that is no synthetic case.
        """
        for line in lines:
            yield self._of(_decoded(line))

    def _of(self, value: Mapping[str, Any]) -> tuple[Example, ...]:
        setting, gold, at = Setting(value["setting"]), _gold(value["gold"]), datetime.fromisoformat(value["at"])
        asked = self._ask(value["request"], at, setting)
        if asked is None:
            self._counts.cases["the chart makes no task"] += 1
            return ()
        task, prompt, offers = asked
        draft = write_target(task, prompt, offers, gold, setting=setting, style=self._style, seed=value["id"])
        if draft is None:
            self._counts.cases["no draft passes the safety checks"] += 1
            return ()
        self._counts.cases["taught"] += 1
        original = self._example(value, prompt, encode(draft, offers, self._encoding))
        return (original, *self._twin(value, at, setting, asked, draft, original))

    def _twin(
        self, value: Mapping[str, Any], at: datetime, setting: Setting, asked: Asked, draft: Draft, original: Example
    ) -> Iterator[Example]:
        """The first twin whose prompt differs and whose draft is the same, for a share of the cases."""
        if _share_of(value["id"]) >= self._twin_share:
            return
        task, prompt, _ = asked
        made = [twin for twin in twins(value["request"], at) if twin.attribute in SHOWN]
        if _share_of(f"order/{value['id']}") < 0.5:
            made.reverse()
        for twin in made:
            other = self._ask(twin.body, at, setting)
            if other is None or floor_of(other[0].findings) != floor_of(task.findings):
                self._counts.twins["another floor"] += 1
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
                yield self._example(value, other[1], original.assistant).twin_of(original, twin.attribute)
                return
            self._counts.twins["another draft"] += 1

    def _ask(self, body: Mapping[str, Any], at: datetime, setting: Setting) -> Asked | None:
        try:
            walked = self._stations[setting].walk(hook_call(body, client="training"), at, subject="training")
        except (HookError, MappingError):
            return None
        task = walked.task({})
        if task is None:
            return None
        offers = offers_for(task.case, task.findings, task.passages, setting=setting, style=self._style)
        prompt = build_prompt(task.case, task.findings, task.passages, offers, self._encoding, self._style)
        return task, prompt, offers

    def _example(self, value: Mapping[str, Any], prompt: Prompt, completion: str) -> Example:
        return Example(
            id=value["id"],
            source=SYNTHETIC,
            patient=value["id"],
            family=value["family"],
            part=Part(value["part"]),
            system=prompt.prefix,
            user=prompt.case,
            assistant=completion,
        )


def _gold(value: Mapping[str, Any]) -> Gold:
    return Gold(
        priority=Priority.parse(value["priority"]), concern=value["concern"], questions=tuple(value["questions"])
    )


def _decoded(line: str) -> Mapping[str, Any]:
    try:
        value: dict[str, Any] = json.loads(line)
        known = isinstance(value, dict) and isinstance(value["request"], dict) and isinstance(value["gold"], dict)
        _, _, _ = Setting(value["setting"]), Part(value["part"]), datetime.fromisoformat(value["at"])
        _ = _gold(value["gold"]), str(value["id"]), str(value["family"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError("is no synthetic case of `cds-service data synth`") from None
    if not known:
        raise ValueError("is no synthetic case of `cds-service data synth`")
    return value


def _share_of(name: str) -> float:
    """A number in [0, 1) that a name always has."""
    return int.from_bytes(hashlib.blake2s(f"twin/{name}".encode()).digest()[:4], "big") / 2**32

"""How far each part is rolled out, and what that means for one call. Pure.

A part is the service as a whole, the model, or one rule. What nobody has changed is in full use
(docs/decisions/0022).
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

SERVICE = "service"
MODEL = "model"
_RULE = "rule:"


class Stage(StrEnum):
    """Shadow: computed and recorded, shown to nobody. Pilot: shown in some places. Full: shown to all."""

    SHADOW = "shadow"
    PILOT = "pilot"
    FULL = "full"

    @property
    def narrow(self) -> bool:
        """Whether somebody is not shown it."""
        return self is not Stage.FULL


def rule_part(rule: str) -> str:
    """The part that is one rule."""
    return f"{_RULE}{rule}"


def rule_of(part: str) -> str | None:
    """The id of the rule that `part` is, None for the service and the model."""
    return part.removeprefix(_RULE) if part.startswith(_RULE) else None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a pilot runs: a location or a practitioner. `key`: a keyed hash of the reference, which is kept nowhere.

    `label`: a code by which the administrator knows it.
    """

    key: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How far one part is rolled out, and since when. `places`: of a pilot."""

    stage: Stage
    places: tuple[Place, ...] = ()
    since: datetime

    def here(self, keys: Set[str]) -> Stage:
        """The stage for a call from `keys` (hashes of its practitioner and locations): no pilot elsewhere is shown."""
        if self.stage is Stage.PILOT and not any(place.key in keys for place in self.places):
            return Stage.SHADOW
        return self.stage


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far the roll-out reaches one call. `shadow_rules`: ids of the rules that tell nothing in it."""

    stage: Stage = Stage.FULL
    model_shown: bool = True
    shadow_rules: frozenset[str] = frozenset()

    @property
    def shown(self) -> bool:
        """Whether the call is answered with cards at all."""
        return self.stage is not Stage.SHADOW


@dataclass(frozen=True, kw_only=True)
class Stages:
    """All parts that were ever changed, at one moment. `seq`: number of the newest change, 0 before the first."""

    parts: Mapping[str, Setting] = field(default_factory=lambda: MappingProxyType({}))
    seq: int = 0

    @property
    def placed(self) -> bool:
        """Whether it matters where a call comes from."""
        return any(setting.stage is Stage.PILOT for setting in self.parts.values())

    def stage(self, part: str) -> Stage:
        """How far `part` is rolled out."""
        return self.parts[part].stage if part in self.parts else Stage.FULL

    def service_for(self, keys: Set[str]) -> Stage:
        """The stage of the service for a call from `keys`."""
        return self._here(SERVICE, keys)

    def model_for(self, keys: Set[str]) -> Stage:
        """The stage of the model for a call from `keys`."""
        return self._here(MODEL, keys)

    def rule_for(self, rule: str, keys: Set[str]) -> Stage:
        """The stage of one rule for a call from `keys`."""
        return self._here(rule_part(rule), keys)

    def reach(self, keys: Set[str]) -> Reach:
        """All of that for a call from `keys`."""
        rules = [rule for part in self.parts if (rule := rule_of(part)) is not None]
        return Reach(
            stage=self.service_for(keys),
            model_shown=self.model_for(keys) is not Stage.SHADOW,
            shadow_rules=frozenset(rule for rule in rules if self.rule_for(rule, keys) is Stage.SHADOW),
        )

    def _here(self, part: str, keys: Set[str]) -> Stage:
        return self.parts[part].here(keys) if part in self.parts else Stage.FULL

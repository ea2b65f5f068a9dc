"""The limits that a validation is held against, and the verdict on each."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from cds_service.settings import Setting
from cds_service.shares import Share


class State(StrEnum):
    """What the figures say of one limit."""

    HOLDS = "holds"
    FAILS = "does not hold"
    OPEN = "open: too few to tell"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One limit. `setting`: where it applies, None: everywhere."""

    of: str
    kind: str
    title: str
    most: float
    why: str
    setting: Setting | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One limit with the figure that was measured: a share, or a number."""

    limit: Limit
    state: State
    value: float
    low: float | None = None
    high: float | None = None


@cache
def limits() -> tuple[Limit, ...]:
    """The limits of ``thresholds.toml``."""
    data = tomllib.loads(files(__package__).joinpath("thresholds.toml").read_text("utf-8"))
    return tuple(
        Limit(**{**row, "setting": Setting(row["setting"]) if "setting" in row else None}) for row in data["limit"]
    )


def judge(measured: Mapping[str, Share | float | None], setting: Setting) -> tuple[Verdict, ...]:
    """A verdict for each limit of this setting that was measured."""
    made = []
    for limit in limits():
        value = measured.get(limit.of)
        if limit.setting in (None, setting) and value is not None:
            verdict = _of_share(limit, value) if isinstance(value, Share) else _of_number(limit, value)
            made += [verdict] if verdict else []
    return tuple(made)


def _of_number(limit: Limit, value: float) -> Verdict:
    return Verdict(limit=limit, state=State.HOLDS if value <= limit.most else State.FAILS, value=value)


def _of_share(limit: Limit, share: Share) -> Verdict | None:
    if share.value is None or share.low is None or share.high is None:
        return None
    certain = State.HOLDS if share.high <= limit.most else State.FAILS if share.low > limit.most else State.OPEN
    return Verdict(limit=limit, state=certain, value=share.value, low=share.low, high=share.high)

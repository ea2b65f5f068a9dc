"""The de-identification policy as data: one file per profile, checked when read, asked for every field that passes.

What has no line is dropped. What a line may say is bounded by `paths.ALLOWED`: the kind of the value decides, so that
no line can let a name or a date through as it is. What stands in no list is refused, so that a slip of the pen in a
file cannot pass for a rule.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from anonymization.determination import Determination
from anonymization.errors import PolicyError
from anonymization.paths import ALLOWED, LABELS, Action, possible

__all__ = [
    "ALLOWED",
    "PACKAGED",
    "PROFILES",
    "Action",
    "Dates",
    "Line",
    "Policy",
    "UnknownWords",
    "packaged_policy",
    "template",
]

SAFE_HARBOR = "45 CFR 164.514(b)(2)(i)"
EXPERT_DETERMINATION = "45 CFR 164.514(b)(1)"

LETTERS = "ABCDEFGHIJKLMNOPQR"
ALL = "A-R"

_FOLDER = Path(__file__).with_name("policies")
PROFILES: Mapping[str, Path] = MappingProxyType(
    {
        "safe-harbor-prompts": _FOLDER / "safe_harbor_prompts.toml",
        "safe-harbor-exports": _FOLDER / "safe_harbor_exports.toml",
        "expert-determination": _FOLDER / "expert_determination.toml",
    }
)
PACKAGED = PROFILES["safe-harbor-prompts"]

_HEAD = frozenset({"name", "version", "basis", "dates", "unknown_words", "determination"})


class UnknownWords(StrEnum):
    """What becomes of a word in a text that no list of this package explains (`unknown_words`)."""

    KEEP = "keep"
    NOTES = "mask in notes"
    MASK = "mask"


class Dates(StrEnum):
    """What `generalise` makes of the time of an event: one answer for a whole file.

    A year and an interval of the same chart together would tell on which side of a New Year the newest entry lies.
    """

    INTERVAL = "interval"
    YEAR = "year"
    SHIFTED = "shifted"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the policy. `clause` names identifiers of 45 CFR 164.514(b)(2)(i), `why` the reason."""

    path: str
    action: Action
    clause: str = ""
    why: str = ""

    def __post_init__(self) -> None:
        may = possible(self.path)
        if may is None:
            raise PolicyError(
                f"policy line {self.path}: no such path; what has no line is dropped, so leave it out or correct it"
            )
        if self.action not in may:
            raise PolicyError(f"policy line {self.path}: {self.action} is not possible there")
        if (self.action is not Action.KEEP or self.path == LABELS) and not self.why.strip():
            raise PolicyError(f"policy line {self.path}: {self.action} needs a reason in `why`")
        if (self.clause or self.action is not Action.KEEP) and not self.clauses:
            raise PolicyError(f"policy line {self.path}: `clause` must name identifiers (A) to (R)")

    @property
    def clauses(self) -> frozenset[str]:
        """The identifiers that the line serves, as letters; empty when `clause` is not written as a list of them."""
        if self.clause == ALL:
            return frozenset(LETTERS)
        letters = self.clause.split(", ")
        return frozenset(letters) if all(len(x) == 1 and x in LETTERS for x in letters) else frozenset()


@dataclass(frozen=True, kw_only=True)
class Policy:
    """All lines by path, and the version that every de-identified case carries."""

    name: str
    version: str
    lines: Mapping[str, Line]
    basis: str = SAFE_HARBOR
    dates: Dates = Dates.INTERVAL
    unknown_words: UnknownWords = UnknownWords.MASK
    determination: Determination | None = None

    def __post_init__(self) -> None:
        expert = self.basis == EXPERT_DETERMINATION
        if not expert and self.basis != SAFE_HARBOR:
            raise PolicyError(f"`basis` must be {SAFE_HARBOR} or {EXPERT_DETERMINATION}")
        if expert and "safe harbor" in self.name.lower():
            raise PolicyError("a policy that rests on an expert determination is not called Safe Harbor")
        if not expert and self.dates is Dates.SHIFTED:
            raise PolicyError("shifted dates are no Safe Harbor: they need an expert determination")

    def action(self, path: str) -> Action:
        """What becomes of the value at `path`: `Action.DROP` when no line names it."""
        line = self.lines.get(path)
        return line.action if line else Action.DROP

    def check_determined(self) -> None:
        """Raise PolicyError when the policy rests on an expert determination that nobody has stated."""
        if self.basis == EXPERT_DETERMINATION and self.determination is None:
            raise PolicyError("the policy rests on an expert determination, and none is stated")

    @classmethod
    def parse(cls, text: str) -> Policy:
        """The policy written in `text` (TOML). Raises PolicyError and says which line is wrong."""
        data = _load(text)
        stated = data.get("determination")
        if data["basis"] != EXPERT_DETERMINATION:
            if stated is not None:
                raise PolicyError(f"a determination belongs to a policy with the basis {EXPERT_DETERMINATION}")
            return _policy(data, None)
        try:
            return _policy(data, Determination.of(stated))
        except PolicyError as error:
            raise PolicyError(f"the policy cannot be used before its determination is complete: {error}") from None

    @classmethod
    def read(cls, path: Path = PACKAGED) -> Policy:
        """The policy in the file `path`. Raises PolicyError when it cannot be read or is wrong."""
        return cls.parse(_text(path))


@cache
def packaged_policy(name: str = "safe-harbor-prompts") -> Policy:
    """A profile that comes with the service. Raises PolicyError for a name that is none of `PROFILES`.

    It also does for ``expert-determination``, which is a template: a clinic copies it and states its determination.
    """
    return Policy.read(_profile(name))


def template(name: str) -> Policy:
    """A packaged profile as a text to read, whether or not it may run."""
    return _policy(_load(_text(_profile(name))), None)


def _profile(name: str) -> Path:
    if name not in PROFILES:
        raise PolicyError(f"no such profile; there are {', '.join(PROFILES)}")
    return PROFILES[name]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise PolicyError(f"the policy file {path} cannot be read") from None


def _load(text: str) -> dict[str, Any]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"the policy is not valid TOML: {error}") from None
    if not all(isinstance(data.get(key), str) and data[key].strip() for key in ("name", "version", "basis")):
        raise PolicyError("the policy needs a `name`, a `version` and a `basis`, all text")
    unknown = [k for k, v in data.items() if k not in _HEAD and not isinstance(v, dict)]
    if unknown:
        raise PolicyError(f"the policy has `{unknown[0]}`, which means nothing; it may have {', '.join(sorted(_HEAD))}")
    if data.get("dates") not in list(Dates):
        raise PolicyError(f"`dates` must be one of {', '.join(Dates)}")
    data.setdefault("unknown_words", UnknownWords.MASK)
    if data["unknown_words"] not in list(UnknownWords):
        raise PolicyError(f"`unknown_words` must be one of {', '.join(UnknownWords)}")
    return data


def _policy(data: Mapping[str, Any], determination: Determination | None) -> Policy:
    lines = {line.path: line for line in _lines(data)}
    return Policy(
        name=data["name"],
        version=data["version"],
        lines=MappingProxyType(lines),
        basis=data["basis"],
        dates=Dates(data["dates"]),
        unknown_words=UnknownWords(data["unknown_words"]),
        determination=determination,
    )


def _lines(data: Mapping[str, Any]) -> Iterator[Line]:
    for resource, table in data.items():
        if resource in _HEAD:
            continue
        for element, entry in table.items():
            path = f"{resource}.{element}"
            try:
                yield Line(path=path, action=Action(entry["action"]), **{k: entry[k] for k in entry if k != "action"})
            except (AttributeError, KeyError, TypeError, ValueError):
                raise PolicyError(
                    f"policy line {path}: needs `action` (one of {', '.join(Action)}) and may have `clause` and `why`"
                ) from None

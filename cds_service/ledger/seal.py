"""One seal, and what can be wrong with one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from cds_service.ledger.encoding import canonical_json
from cds_service.ledger.signatures import Signature

FORM = "cds-audit-seal-1"
"""Stands in every signed statement, so that a signature over something else of ours is never one of a seal."""

_NEVER: Mapping[type, object] = {int: 0, str: "?"}
"""Values that no seal has."""


@dataclass(frozen=True, kw_only=True)
class Seal:
    """A signed statement: the events `first` to `last` were `count`, and the hash of `last` was `head`.

    `previous`: the signature of the seal before it, empty for the first. `time`: as in events.
    """

    number: int
    first: int
    last: int
    count: int
    head: str
    time: str
    previous: str
    key_id: str
    signature: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Seal:
        """The seal of a row. A value of a type that this service never writes becomes one that no signature fits."""
        said: dict[str, Any] = {
            name: row[name] if isinstance(row[name], kind) else _NEVER[kind] for name, kind in _kinds().items()
        }
        return cls(**said)

    def signed(self) -> Signature:
        """The signature with its key."""
        return Signature(key_id=self.key_id, hex=self.signature)

    def statement(self) -> bytes:
        """What is signed."""
        return statement({name: value for name, value in asdict(self).items() if name != "signature"})

    def line(self) -> bytes:
        """As a line of the seals file."""
        return canonical_json(asdict(self)).encode("ascii") + b"\n"


def statement(said: Mapping[str, Any]) -> bytes:
    """The bytes that are signed for the fields of a seal without its signature."""
    return canonical_json({"form": FORM, **said}).encode("ascii")


def parse(line: bytes) -> Seal | None:
    """The seal of `Seal.line`, None for anything else."""
    try:
        data = json.loads(line)
    except ValueError:
        return None
    kinds = _kinds()
    if not isinstance(data, dict) or data.keys() != kinds.keys():
        return None
    if any(type(data[name]) is not kind for name, kind in kinds.items()):
        return None
    return Seal(**data)


def _kinds() -> dict[str, type]:
    return {field.name: int if field.type == "int" else str for field in fields(Seal)}


class SealTamper(StrEnum):
    """What is wrong with a seal, or with what it covers."""

    CUT = "cut"
    REWRITTEN = "rewritten"
    MISSING = "missing"
    FORGED = "forged"
    UNKNOWN_KEY = "unknown-key"
    DISAGREE = "disagree"
    NOT_IN_TABLE = "not-in-table"
    NOT_IN_FILE = "not-in-file"
    UNREADABLE = "unreadable"


_WORDS: Mapping[SealTamper, str] = {
    SealTamper.CUT: "seal {seal} covers events {first} to {last}, but the chain ends before: its end was cut off",
    SealTamper.REWRITTEN: "events {first} to {last} are not those that seal {seal} was put on",
    SealTamper.MISSING: "seal {seal} does not follow the one before it: a seal is missing or was exchanged",
    SealTamper.FORGED: "the signature of seal {seal} does not fit",
    SealTamper.UNKNOWN_KEY: "seal {seal} is signed with a key that the key file does not know",
    SealTamper.DISAGREE: "seal {seal} is not the same in the database and in the seals file",
    SealTamper.NOT_IN_TABLE: "seal {seal} stands in the seals file and not in the database",
    SealTamper.NOT_IN_FILE: "seal {seal} stands in the database and not in the seals file",
    SealTamper.UNREADABLE: "line {seal} of the seals file is not a seal, or not in its place",
}


@dataclass(frozen=True, kw_only=True, order=True)
class SealProblem:
    """One seal that does not hold. `seal`: its number (of an unreadable one, its line). `first`, `last`: its events."""

    seal: int
    kind: SealTamper
    first: int = 0
    last: int = 0

    def __str__(self) -> str:
        return _WORDS[self.kind].format(seal=self.seal, first=self.first, last=self.last)

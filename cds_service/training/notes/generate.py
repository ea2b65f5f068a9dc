"""Synthetic notes from templates, a cast and a seed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from random import Random
from typing import Any, Literal

from cds_service.training.notes.bundle import bundle_of
from cds_service.training.notes.cast import draw_cast
from cds_service.training.notes.note import GENERATOR_VERSION, Family, SyntheticNote, assemble
from cds_service.training.notes.rewording import reword
from cds_service.training.notes.styles import style_for
from cds_service.training.notes.writer import Writer

Kind = Literal["note", "query", "phi-free", "mixed"]
KINDS: tuple[Kind, ...] = ("note", "query", "phi-free", "mixed")
_MIX = {"note": 0.36, "query": 0.32, "phi-free": 0.32}
_SECTIONS: dict[str, dict[str, float]] = {
    "note": {"note": 1},
    "query": {"query": 50, "sentence": 18, "grammar": 32},
    "phi-free": {"free-query": 28, "free-sentence": 32, "free-note": 10, "free-grammar": 30},
}
_SHOWN = {
    "free-query": "query",
    "free-sentence": "sentence",
    "free-note": "note",
    "grammar": "query",
    "free-grammar": "query",
}
_BUNDLE_SHARE = 0.5  # of held-out notes
_FILES = {
    "train": ("train_documents.toml", "train_sentences.toml", "train_grammar.toml"),
    "held-out": ("held_out.toml",),
}


@dataclass(frozen=True, kw_only=True)
class Templates:
    """The templates of a family: (id, text) by kind, and groups of interchangeable lines."""

    by_kind: dict[str, tuple[tuple[str, str], ...]]
    groups: dict[str, tuple[str, ...]]


@cache
def templates(family: Family) -> Templates:
    """The templates of `family`."""
    merged: dict[str, dict[str, str]] = {}
    for name in _FILES[family]:
        raw: dict[str, Any] = tomllib.loads(
            resources.files(__package__ or "").joinpath("templates", name).read_text(encoding="utf-8")
        )
        for section, values in raw.items():
            merged.setdefault(section, {}).update(values)
    groups = {name: _lines(text) for name, text in merged["groups"].items()}
    by_kind = {
        "note": tuple((f"{family}/{name}", text.strip("\n")) for name, text in merged["notes"].items()),
        "query": _numbered(family, "query", groups["queries"]),
        "free-query": _numbered(family, "free-query", groups["free_queries"]),
        "free-sentence": _numbered(family, "free-sentence", groups["free_sentences"]),
        "free-note": tuple((f"{family}/{name}", text.strip("\n")) for name, text in merged["free_notes"].items()),
        "sentence": _numbered(family, "sentence", groups["sentences"]),
        "grammar": _numbered(family, "grammar", groups.get("grammar", groups["sentences"])),
        "free-grammar": _numbered(family, "free-grammar", groups.get("free_grammar", groups["free_sentences"])),
    }
    return Templates(by_kind=by_kind, groups=groups)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _numbered(family: Family, kind: str, lines: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((f"{family}/{kind}-{i}", line) for i, line in enumerate(lines, 1))


def generate(count: int, *, seed: int, family: Family, kind: Kind = "mixed") -> Iterator[SyntheticNote]:
    """`count` notes. Equal arguments yield equal notes; every note has a random stream of its own."""
    for i in range(count):
        rng = Random(f"{GENERATOR_VERSION}/{family}/{kind}/{seed}/{i}")  # noqa: S311 - fiction, not secrets
        yield _one(rng, family, kind)


def _one(rng: Random, family: Family, kind: Kind) -> SyntheticNote:
    wanted = rng.choices(list(_MIX), list(_MIX.values()))[0] if kind == "mixed" else kind
    sections = _SECTIONS[wanted]
    section = rng.choices(list(sections), list(sections.values()))[0]
    template_id, text = rng.choice(templates(family).by_kind[section])
    in_bundle = section == "note" and family == "held-out" and rng.random() < _BUNDLE_SHARE
    cast = draw_cast(rng, family, in_bundle=in_bundle)
    pieces = Writer(rng, family, cast, templates(family).groups).write(text)
    shown = _SHOWN.get(section, section)
    if family == "train":
        pieces = reword(pieces, rng)
    written, spans = assemble(style_for(shown, rng)(pieces, rng))
    return SyntheticNote(
        text=written,
        spans=tuple((s, e, f"{label}.{'k' if known else 'u'}" if in_bundle else label) for s, e, label, known in spans),
        bundle=bundle_of(cast, rng) if in_bundle else None,
        kind=shown,
        template=template_id,
    )

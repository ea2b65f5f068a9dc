"""How a complaint is written: an authored wording, what people add to it, now and then a slip of the keyboard."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from importlib import resources
from random import Random
from typing import Any

from cds_service.training.synth.schema import Stage

_DATA: Mapping[str, Any] = tomllib.loads(
    resources.files(__package__ or "").joinpath("phrases.toml").read_text(encoding="utf-8")
)
_OPENED, _CLOSED, _SLIP = 0.3, 0.35, 0.06
_LONG_WORD = 6


class Style(StrEnum):
    """Whose words they are."""

    CLINICIAN = "clinician"
    LAY = "lay"


def complaint(rng: Random, stage: Stage, style: Style) -> str:
    """A complaint about `stage`."""
    core = rng.choice(stage.lay if style is Style.LAY else stage.clinician)
    text = core.replace("{duration}", rng.choice(stage.durations)).strip()
    added = _DATA[style.value]
    if rng.random() < _OPENED:
        text = rng.choice(added["openers"]) + text
    elif style is Style.LAY and rng.random() < 0.3:
        text = text.lower()
    if rng.random() < _CLOSED:
        tail = rng.choice(added["tails"])
        text = text.rstrip(".") + tail if tail.startswith(".") else _stopped(text) + tail
    return _slip(rng, text) if rng.random() < _SLIP else text


def note(rng: Random, stage: Stage) -> str | None:
    """One or two of the note sentences of `stage`, None where there are none or nobody wrote any."""
    if not stage.notes or rng.random() < 0.4:
        return None
    sentences = rng.sample(stage.notes, min(len(stage.notes), rng.randint(1, 2)))
    if rng.random() < 0.2:
        sentences.append(rng.choice(_DATA["note"]["tails"]))
    return " ".join(sentences)


def _stopped(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _slip(rng: Random, text: str) -> str:
    """Two letters inside one long word change places."""
    words = text.split(" ")
    long = [i for i, word in enumerate(words) if len(word) >= _LONG_WORD and word.isalpha()]
    if not long:
        return text
    at = rng.choice(long)
    word, place = words[at], rng.randrange(1, len(words[at]) - 2)
    words[at] = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return " ".join(words)

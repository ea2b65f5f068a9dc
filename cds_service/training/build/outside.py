"""Examples that were made elsewhere: de-identified clinic records, and public question sets that the user points at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cds_service.training.build.examples import Example, short_hash
from cds_service.training.build.lines import Report, json_lines
from cds_service.training.chat import CLINIC, PUBLIC, texts_of
from cds_service.training.synth.parts import Part, part_of

ASK = "Answer the medical question in a few words.\n"


def clinic_examples(paths: Sequence[Path], report: Report) -> Iterator[Example]:
    """The reviewed cases of exports, in chat format with ``patient``; a bad line costs only itself.

    All lines of a patient are in one part, whatever the file. A line with a ``family`` follows its family where the
    patient is free to.
    """
    parts: dict[str, Part] = {}
    for place, value in (found for path in paths for found in json_lines(path, report)):
        try:
            system, user, assistant = texts_of(value)
            patient = _word(value, "patient")
        except ValueError as error:
            report(place, str(error))
            continue
        family = str(value.get("family") or "")
        part = parts.setdefault(patient, part_of(family or patient))
        if family and part_of(family) is not part:
            report(place, "its patient and its family are in different parts")
            continue
        yield Example(
            id=str(value.get("id") or short_hash(user)),
            place=place,
            source=CLINIC,
            patient=patient,
            family=family or patient,
            part=part,
            system=system,
            user=user,
            assistant=assistant,
        )


def public_examples(paths: Sequence[Path], report: Report) -> Iterator[Example]:
    """Questions with answers: ``{"question", "options", "answer"}``, or ``question`` and ``answer`` alone."""
    for place, value in (found for path in paths for found in json_lines(path, report)):
        try:
            question, answer = _word(value, "question").strip(), _answer(value)
        except ValueError as error:
            report(place, str(error))
            continue
        name = f"public-{short_hash(question)}"
        yield Example(
            id=name,
            place=place,
            source=PUBLIC,
            patient=name,
            family=name,
            part=part_of(name),
            system=ASK,
            user=f"{question}{_options(value)}\n### Answer\n",
            assistant=answer,
        )


def _options(value: Mapping[str, Any]) -> str:
    options = value.get("options")
    if not isinstance(options, dict | list):
        return ""
    texts = options.values() if isinstance(options, dict) else options
    return "".join(f"\n[{number}] {text}" for number, text in enumerate(texts, 1))


def _answer(value: Mapping[str, Any]) -> str:
    """The words of the answer: of the option that it names, or its own where no options are given."""
    options = value.get("options")
    named = [value.get("answer"), value.get("answer_idx")]
    if isinstance(options, dict):
        found = [options[n] for n in named if isinstance(n, str) and n in options]
    elif isinstance(options, list):
        found = [options[n] for n in named if type(n) is int and 0 <= n < len(options)]
    else:
        return _word(value, "answer").strip()
    offered = list(options.values()) if isinstance(options, dict) else options
    words = [w for w in (*found, *(n for n in named[:1] if n in offered)) if isinstance(w, str) and w.strip()]
    if not words:
        raise ValueError("has no 'answer' that is one of its options, or names one")
    return words[0].strip()


def _word(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not found.strip():
        raise ValueError(f"has no '{name}' in words")
    return found

"""Examples that were made elsewhere: de-identified clinic records, and public question sets that the user points at."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cds_service.training.build.examples import CLINIC, PUBLIC, Example, short_hash, texts_of
from cds_service.training.synth.parts import Part, part_of

Report = Callable[[str, str], None]
"""Called with a place and what is wrong there, in fixed words."""

ASK = "Answer the medical question in a few words.\n"


def clinic_examples(path: Path, report: Report) -> Iterator[Example]:
    """The reviewed cases of an export, in chat format with ``patient``; a bad line costs only itself.

    All lines of a patient are in one part. A line with a ``family`` follows its family where the patient is free to.
    """
    parts: dict[str, Part] = {}
    for place, value in _values(path, report):
        try:
            system, user, assistant = texts_of(value)
            patient, family = _word(value, "patient"), str(value.get("family") or value["patient"])
        except (ValueError, KeyError) as error:
            report(place, str(error) if isinstance(error, ValueError) else "has no `patient`")
            continue
        part = parts.setdefault(patient, part_of(family))
        if "family" in value and part_of(family) is not part:
            report(place, "its patient and its family are in different parts")
            continue
        yield Example(
            id=str(value.get("id") or short_hash(user)),
            source=CLINIC,
            patient=patient,
            family=family,
            part=part,
            system=system,
            user=user,
            assistant=assistant,
        )


def public_examples(path: Path, report: Report) -> Iterator[Example]:
    """Questions with answers: ``{"question", "options", "answer"}``, or ``question`` and ``answer`` alone."""
    for place, value in _values(path, report):
        try:
            question, answer = _word(value, "question"), _answer(value)
        except ValueError as error:
            report(place, str(error))
            continue
        name = short_hash(question)
        yield Example(
            id=f"public-{name}",
            source=PUBLIC,
            patient=f"public-{name}",
            family=f"public-{name}",
            part=part_of(f"public-{name}"),
            system=ASK,
            user=f"{question.strip()}{_options(value)}\n### Answer\n",
            assistant=answer,
        )


def _options(value: Mapping[str, Any]) -> str:
    options = value.get("options")
    if not isinstance(options, dict | list):
        return ""
    texts = options.values() if isinstance(options, dict) else options
    return "".join(f"\n[{number}] {text}" for number, text in enumerate(texts, 1))


def _answer(value: Mapping[str, Any]) -> str:
    """The words of the answer: of the option that it names, or its own."""
    answer, options = value.get("answer"), value.get("options")
    if isinstance(options, dict) and answer not in options and value.get("answer_idx") in options:
        answer = value["answer_idx"]
    if isinstance(options, dict) and answer in options:
        answer = options[answer]
    if isinstance(options, list) and isinstance(answer, int) and 0 <= answer < len(options):
        answer = options[answer]
    if not isinstance(answer, str) or not answer.strip():
        raise ValueError("has no `answer` in words, nor one that names an option")
    return answer.strip()


def _word(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not found.strip():
        raise ValueError(f"has no `{name}` in words")
    return found


def _values(path: Path, report: Report) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            place = f"{path.name}, line {number}"
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                report(place, "is no JSON")
                continue
            if isinstance(value, dict):
                yield place, value
            else:
                report(place, "is no JSON object")

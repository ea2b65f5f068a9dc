"""Counterfactual twins of a ``patient-view`` request: the same visit of a person who differs in one attribute.

``twins.toml`` says in the open which attributes may not matter, and when one does matter all the same; then no twin is
made. A twin is neutral only where the rules and the guidelines agree as well: whoever compares answers lets both walk
the road and leaves out a pair that these tell apart.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from cds_service import twin_texts

Body = Mapping[str, Any]

ATTRIBUTES = ("sex", "age", "race or ethnicity", "name", "language", "insurance")

MENTIONS: Mapping[str, str] = {"race or ethnicity": "race", "language": "language", "insurance": "insurance"}
"""Attributes that texts may mention, and their table in ``twins.toml``."""

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_OMB = "urn:oid:2.16.840.1.113883.6.238"
_OTHER_SEX = {"female": "male", "male": "female"}
_BIRTH_SEX = {"F": "M", "M": "F", "248152002": "248153007", "248153007": "248152002"}
_DATE = re.compile(r'"(\d{4})-\d{2}(?:-\d{2}[^"]{0,30})?"|"(\d{4})"')
_ADULT = 18


@dataclass(frozen=True, kw_only=True)
class Twin:
    """`body` differs from `reference` in `attribute` alone, which is `value`. `told`: a text of the chart says so."""

    attribute: str
    value: str
    told: bool
    body: Body = field(repr=False)
    reference: Body = field(repr=False)


def twins(body: Body, at: datetime, *, mentions: bool = False) -> tuple[Twin, ...]:
    """The twins of `body` at the time `at`, attribute by attribute; none where the chart cannot be read.

    `mentions`: also pairs whose complaint has one more sentence, which names a group (race or ethnicity, language,
    insurance). Their reference names the first group of the table, so that the pair differs in the group alone.
    """
    patient = _patient(body)
    if patient is None:
        return ()
    made = [*_sex(body, patient), *_age(body, patient, at), *_race(body), *_names(body, patient), *_languages(body)]
    made += _insured(body)
    return (*made, *(_mentioned(body) if mentions else ()))


@cache
def table() -> Mapping[str, Any]:
    """``twins.toml`` as it stands."""
    loaded: dict[str, Any] = tomllib.loads(files("cds_service").joinpath("twins.toml").read_text(encoding="utf-8"))
    return loaded


def matters(attribute: str, body: Body, words_of: str = "words") -> bool:
    """Whether the chart holds a word (of the list `words_of`) that makes `attribute` a clinical fact."""
    words = _attribute(attribute).get(words_of, ())
    return bool(words) and twin_texts.names_any(twin_texts.texts(body.get("prefetch")), words)


def age_on(born: str, at: datetime) -> int | None:
    """Completed years at `at` of a FHIR date, None of anything else; a missing month or day counts as the first."""
    match = re.fullmatch(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", born)
    if match is None:
        return None
    birthday = (int(match[2] or 1), int(match[3] or 1))
    return at.year - int(match[1]) - ((at.month, at.day) < birthday)


def _sex(body: Body, patient: Body) -> Iterator[Twin]:
    value = _OTHER_SEX.get(patient.get("gender", ""))
    unclear = twin_texts.names_word(twin_texts.texts(body.get("prefetch")), table()["words"]["relatives"])
    if value is None or unclear or matters("sex", body):
        return
    change = twin_texts.other_sex(table()["words"]["pairs"], to_male=value == "male")
    extensions = [_turned(e) for e in patient.get("extension", ())]
    yield _twin("sex", value, _with_patient(_rewritten(body, change), gender=value, extension=extensions), body)


def _turned(extension: Any) -> Any:
    """An extension of US Core for birth sex or sex, turned round; any other as it is."""
    if not isinstance(extension, dict) or extension.get("url") not in {f"{_US_CORE}birthsex", f"{_US_CORE}sex"}:
        return extension
    code = extension.get("valueCode")
    return extension | {"valueCode": _BIRTH_SEX.get(code, code)} if isinstance(code, str) else extension


def _age(body: Body, patient: Body, at: datetime) -> Iterator[Twin]:
    born = patient.get("birthDate")
    old = age_on(born, at) if isinstance(born, str) else None
    band = next((b for b in table()["age_band"] if old is not None and b["from"] <= old <= b["to"]), None)
    if not isinstance(born, str) or old is None or band is None or matters("age", body, "always"):
        return
    if band["guarded"] and matters("age", body):
        return
    ends = sorted((band["from"], band["to"]), key=lambda end: -abs(end - old))
    new = next((end for end in ends if end != old and _lived(body, int(born[:4]) + old - end, old, end)), None)
    if new is None:
        return
    moved = f"{int(born[:4]) + old - new:04d}{born[4:].replace('-02-29', '-02-28')}"
    yield _twin("age", str(new), _with_patient(_rewritten(body, twin_texts.other_age(old, new)), birthDate=moved), body)


def _lived(body: Body, born: int, old: int, new: int) -> bool:
    """Whether the chart still fits a person born in `born`: a younger twin was an adult when it began."""
    if new > old:
        return True
    years = [int(a or b) for key, value in body.get("prefetch", {}).items() if key != "patient"
             for a, b in _DATE.findall(json.dumps(value))]  # fmt: skip
    return min(years, default=born + _ADULT) >= born + _ADULT


def _race(body: Body) -> Iterator[Twin]:
    words = table()["words"]
    for group in table()["race"]:
        change = twin_texts.other_group(words["races"], words["people"], group["value"])
        yield _twin("race or ethnicity", group["value"], _of_race(_rewritten(body, change), group), body)


def _of_race(body: Body, group: Mapping[str, Any]) -> Body:
    kept = [e for e in (_patient(body) or {}).get("extension", ())
            if not isinstance(e, dict) or e.get("url") not in {f"{_US_CORE}race", f"{_US_CORE}ethnicity"}]  # fmt: skip
    ethnicity = group.get("ethnicity", ("2186-5", "Not Hispanic or Latino"))
    added = [_group_extension("race", group["omb"])] if "omb" in group else []
    return _with_patient(body, extension=[*kept, *added, _group_extension("ethnicity", ethnicity)])


def _group_extension(kind: str, coded: tuple[str, str] | list[str]) -> Body:
    coding = {"system": _OMB, "code": coded[0], "display": coded[1]}
    parts = [{"url": "ombCategory", "valueCoding": coding}, {"url": "text", "valueString": coded[1]}]
    return {"url": f"{_US_CORE}{kind}", "extension": parts}


def _names(body: Body, patient: Body) -> Iterator[Twin]:
    sex = "male" if patient.get("gender") == "male" else "female"
    old = next((n for n in patient.get("name", ()) if isinstance(n, dict)), {})
    for entry in table()["name"]:
        words = {g: entry[sex] for g in old.get("given", ()) if isinstance(g, str) and g.isalpha()}
        if isinstance(old.get("family"), str) and old["family"]:
            words[old["family"]] = entry["family"]
        named = {"use": "official", "family": entry["family"], "given": [entry[sex]]}
        made = _with_patient(_rewritten(body, twin_texts.other_words(words)), name=[named])
        yield _twin("name", entry["value"], made, body)


def _languages(body: Body) -> Iterator[Twin]:
    for entry in table()["language"]:
        coding = {"system": "urn:ietf:bcp:47", "code": entry["code"], "display": entry["value"]}
        spoken = [{"language": {"coding": [coding]}, "preferred": True}]
        yield _twin("language", entry["value"], _with_patient(body, communication=spoken), body)


def _insured(body: Body) -> Iterator[Twin]:
    for entry in table()["insurance"]:
        prefetch = {k: v for k, v in body["prefetch"].items() if k != "coverage"}
        if entry.get("covered"):
            prefetch["coverage"] = _coverage(entry, (_patient(body) or {}).get("id", ""))
        yield _twin("insurance", entry["value"], {**body, "prefetch": prefetch}, body)


def _coverage(entry: Mapping[str, Any], patient_id: str) -> Body:
    resource = {
        "resourceType": "Coverage",
        "id": "twin-coverage",
        "status": "active",
        "type": {"text": entry["value"]},
        "beneficiary": {"reference": f"Patient/{patient_id}"},
        "payor": [{"display": entry["value"]}],
    }
    return {"resourceType": "Bundle", "type": "searchset", "total": 1, "entry": [{"resource": resource}]}


def _mentioned(body: Body) -> Iterator[Twin]:
    for attribute, name in MENTIONS.items():
        first, *others = table()[name]
        reference = _told(body, first["mention"])
        if reference is None:
            return
        for entry in others:
            other = _told(body, entry["mention"])
            if other is not None:
                yield Twin(attribute=attribute, value=entry["value"], told=True, body=other, reference=reference)


def _told(body: Body, sentence: str) -> Body | None:
    """`body` whose visit's reason has one more sentence; None where the visit gives no reason in words."""
    encounter = body["prefetch"].get("encounter")
    reasons = encounter.get("reasonCode") if isinstance(encounter, dict) else None
    if not reasons or not isinstance(reasons[0], dict) or not isinstance(reasons[0].get("text"), str):
        return None
    first = reasons[0] | {"text": f"{reasons[0]['text'].rstrip(' .')}. {sentence}"}
    return {**body, "prefetch": {**body["prefetch"], "encounter": {**encounter, "reasonCode": [first, *reasons[1:]]}}}


def _attribute(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(a for a in table()["attribute"] if a["id"] == name)
    return found


def _patient(body: Body) -> Body | None:
    prefetch = body.get("prefetch")
    patient = prefetch.get("patient") if isinstance(prefetch, dict) else None
    return patient if isinstance(patient, dict) else None


def _with_patient(body: Body, **changes: Any) -> Body:
    """A copy of `body` whose Patient has other elements; an empty list takes an element away."""
    patient = {**body["prefetch"]["patient"], **changes}
    patient = {key: value for key, value in patient.items() if value != []}
    return {**body, "prefetch": {**body["prefetch"], "patient": patient}}


def _rewritten(body: Body, change: twin_texts.Change) -> Body:
    """A copy of `body` with `change` in its texts, but not in those of the Patient itself."""
    prefetch = {k: v if k == "patient" else twin_texts.changed(v, change) for k, v in body["prefetch"].items()}
    return {**body, "prefetch": prefetch}


def _twin(attribute: str, value: str, body: Body, reference: Body) -> Twin:
    return Twin(attribute=attribute, value=value, told=False, body=body, reference=reference)

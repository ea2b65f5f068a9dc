"""Our policies beside a configuration of Microsoft's FHIR anonymizer, rule by rule.

Such a configuration is JSON: `fhirPathRules`, each a FHIRPath and a method, and `parameters`. What no rule of it names
is *kept*; what no line of ours names is dropped. So the table can only show the rules, and the rest is in our favour.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from anonymization.errors import PolicyError
from anonymization.paths import Action
from anonymization.policy import Dates, Line, Policy

METHODS = ("redact", "keep", "dateshift", "cryptoHash", "encrypt", "substitute", "perturb", "generalize")
_NODES = re.compile(r"nodesByType\('(\w+)'\)(?:\.([\w.]+))?")
_PATH = re.compile(r"[A-Z]\w*(?:\.\w+)+(?: as \w+)?")

# What may be left of a value, from nothing to all of it: how our actions and their methods compare.
_LEFT_BY_US = {Action.DROP: 0, Action.REPLACE: 0, Action.GENERALISE: 1, Action.SCRUB: 2, Action.KEEP: 4}
_LEFT_BY_THEM = {
    "redact": 0, "substitute": 0, "generalize": 1, "perturb": 2, "dateshift": 3, "cryptoHash": 3, "encrypt": 3,
    "keep": 4,
}  # fmt: skip
_SHIFTED = 3
_NO_TIMES = frozenset({"Patient.birthDate", "Patient.address.postalCode"})

# Elements of FHIR whose value is a date, a time, an age or an address, by their last word: `redact` leaves a part of
# these when the configuration says so.
_DATES = frozenset({"onset", "abatement", "performed", "born", "deceased", "occurrence", "scheduled", "timing"})

# data type (and member) -> how our paths for it end
_TYPE_PATHS: Mapping[str, str] = MappingProxyType(
    {
        "Extension": r"\.extension", "HumanName": r"\.name", "HumanName.use": r"\.name", "Address": r"\.address",
        "Address.state": r"\.address", "Address.country": r"\.address", "ContactPoint": r"\.telecom",
        "Identifier.value": r"\.identifier", "Reference.reference": r"^Any\.reference",
        "Reference.display": r"^Any\.reference", "Narrative": r"^Any\.text|^Patient\.text",
        "Attachment.title": r"attachment\.title", "Attachment.url": r"attachment\.url",
        "Coding.code": r"\.coding\.code", "Coding.display": r"\.coding\.display",
        "CodeableConcept.text": r"(reasonCode|code|value|medication)\.text", "Annotation": r"\.note",
        "base64Binary": r"content\.attachment$|^DiagnosticReport\.conclusion$",
        "date": r"\.(onset|recordedDate|authoredOn|date|birthDate)$",
        "dateTime": r"\.(onset|recordedDate|authoredOn|effective|authored|period|date)$", "instant": r"\.effective$",
    }
)  # fmt: skip

_NOT_READ = frozenset({"Age", "ContactDetail.name", "Expression.description", "Expression.expression"})

# elements of theirs that are read here under another path
_ALSO: Mapping[str, str] = MappingProxyType(
    {
        "Observation.component": "Observation",
        "QuestionnaireResponse.item.item": "QuestionnaireResponse.item",
        "AllergyIntolerance.onset": "AllergyIntolerance.recordedDate",
        "DiagnosticReport.presentedForm": "DiagnosticReport.conclusion",
        "Encounter.reasonReference": "Encounter.reasonCode",
    }
)

_WHY = {
    Action.KEEP: "Codes of public systems with their check digits, UCUM units and numbers are what an assessment rests"
    " on. A local code, an implausible number and one that equals an identifier of the request do not pass.",
    Action.SCRUB: "The words are what an assessment reads. Every identifier in them is replaced, and a second pass"
    " withholds the chart when one is left.",
    Action.GENERALISE: "Theirs keeps the year; ours tells the time elapsed back from an undisclosed anchor.",
}


_NOT_UNDERSTOOD = "This table understands paths of elements and of data types alone; compare it by hand."


class Verdict(StrEnum):
    """How our outcome compares with theirs."""

    STRICTER = "stricter"
    EQUAL = "equal"
    LOOSER = "looser"
    DIFFERENT = "different"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of a configuration."""

    path: str
    method: str


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """The rules in their order, and the parameters of `redact`."""

    rules: tuple[Rule, ...]
    parameters: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str) -> Configuration:
        """Read the JSON of a configuration. Raises PolicyError when it is none."""
        try:
            data = json.loads(text)
            rules = tuple(Rule(path=r["path"].strip(), method=r["method"]) for r in data["fhirPathRules"])
            parameters = data.get("parameters", {})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise PolicyError("this is no configuration of the FHIR anonymizer: `fhirPathRules` is missing") from None
        known = {m.lower(): m for m in METHODS}
        if not rules or any(str(r.method).lower() not in known for r in rules) or not isinstance(parameters, dict):
            raise PolicyError(f"the configuration has a rule whose method is none of {', '.join(METHODS)}")
        made = tuple(Rule(path=r.path, method=known[r.method.lower()]) for r in rules)
        return cls(rules=made, parameters=MappingProxyType(parameters))

    @classmethod
    def read(cls, path: Path) -> Configuration:
        """The configuration in a file. Raises PolicyError."""
        try:
            return cls.parse(path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError):
            raise PolicyError("the configuration cannot be read") from None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One rule of theirs beside what becomes of the same values here."""

    rule: Rule
    theirs: str
    ours: str
    verdict: Verdict
    why: str = ""


def compare(configuration: Configuration, policy: Policy) -> tuple[Row, ...]:
    """One row for each rule."""
    return tuple(_row(rule, configuration.parameters, policy) for rule in configuration.rules)


def lines_for(path: str, policy: Policy) -> tuple[Line, ...] | None:
    """Our lines for the values that a path of theirs names; none where nothing of it is read.

    None for a path that is not understood: a type without a known place here, a filter, a union.
    """
    nodes = _NODES.fullmatch(path)
    if nodes:
        kind = f"{nodes[1]}.{nodes[2]}" if nodes[2] else nodes[1]
        pattern = _TYPE_PATHS.get(kind)
        return _matching(re.compile(pattern), policy) if pattern else () if kind in _NOT_READ else None
    if not _PATH.fullmatch(path):
        return None
    plain = path.split(" as ")[0]
    if plain == "Resource.id":
        return _matching(re.compile(r"\.id$"), policy)
    for theirs, ours in _ALSO.items():
        if plain == theirs or plain.startswith(f"{theirs}."):
            plain = ours + plain.removeprefix(theirs)
    return _matching(re.compile(rf"^{re.escape(plain)}(\.|$)"), policy) or _above(plain, policy)


def _above(path: str, policy: Policy) -> tuple[Line, ...]:
    """The line of the nearest element that holds `path`."""
    while "." in path:
        path = path.rpartition(".")[0]
        if path in policy.lines:
            return (policy.lines[path],)
    return ()


def _matching(pattern: re.Pattern[str], policy: Policy) -> tuple[Line, ...]:
    return tuple(line for path, line in policy.lines.items() if pattern.search(path))


def _row(rule: Rule, parameters: Mapping[str, Any], policy: Policy) -> Row:
    lines = lines_for(rule.path, policy)
    theirs, left = _theirs(rule, parameters)
    if lines is None:
        return Row(rule=rule, theirs=theirs, ours="not compared", verdict=Verdict.DIFFERENT, why=_NOT_UNDERSTOOD)
    loosest = max(lines, key=lambda line: _left(line, policy), default=None)
    verdict = _verdict(_left(loosest, policy) if loosest else 0, left, policy)
    reasoned = loosest is not None and verdict in (Verdict.LOOSER, Verdict.DIFFERENT)
    why = _WHY[loosest.action] if loosest is not None and reasoned else ""
    return Row(rule=rule, theirs=theirs, ours=_ours(lines), verdict=verdict, why=why)


def _left(line: Line, policy: Policy) -> int:
    """How much of a value the line leaves."""
    if line.action is Action.GENERALISE and policy.dates is Dates.SHIFTED and line.path not in _NO_TIMES:
        return _SHIFTED
    return _LEFT_BY_US[line.action]


def _verdict(ours: int, theirs: int, policy: Policy) -> Verdict:
    if ours != theirs:
        return Verdict.STRICTER if ours < theirs else Verdict.LOOSER
    coarser = _LEFT_BY_US[Action.GENERALISE]
    return Verdict.DIFFERENT if ours == coarser and policy.dates is Dates.INTERVAL else Verdict.EQUAL


def _theirs(rule: Rule, parameters: Mapping[str, Any]) -> tuple[str, int]:
    """What their method leaves, in words and as a rank."""
    left = _LEFT_BY_THEM[rule.method]
    partial = _partial(rule, parameters) if rule.method == "redact" else None
    return (f"redact, but {partial} stays", 1) if partial else (rule.method, left)


def _partial(rule: Rule, parameters: Mapping[str, Any]) -> str | None:
    """What `redact` leaves of a value of this path under the parameters."""
    nodes = _NODES.fullmatch(rule.path)
    kind = nodes[1] if nodes and not nodes[2] else None
    last = rule.path.split(" as ")[0].rpartition(".")[2]
    if parameters.get("enablePartialZipCodesForRedact") and kind == "Address":
        return "three digits of the ZIP code"
    if parameters.get("enablePartialAgesForRedact") and (kind == "Age" or last == "age"):
        return "an age up to 89"
    if parameters.get("enablePartialDatesForRedact") and (kind in ("date", "dateTime", "instant") or last in _DATES):
        return "the year"
    return None


def _ours(lines: Iterable[Line]) -> str:
    """Our lines for a reader: the actions, each with the paths it stands at."""
    by_action: dict[Action, list[str]] = {}
    for line in lines:
        by_action.setdefault(line.action, []).append(line.path)
    if not by_action:
        return "dropped: no line"
    return "; ".join(f"{action}: {_few(paths)}" for action, paths in by_action.items())


def _few(paths: list[str]) -> str:
    shown = ", ".join(f"`{p}`" for p in paths[:3])
    return shown if len(paths) <= 3 else f"{shown} and {len(paths) - 3} more"

"""The note that a reviewed case teaches: the draft as the clinician left it, checked as in service."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from anonymization.deidentified import DeidentifiedCase
from cds_service.assessor import AssessmentTask, Similarity, check_input
from cds_service.domain import Draft, Priority, floor_of, to_be_named
from cds_service.export.left_out import Reason
from cds_service.export.prepared import Prepared
from cds_service.inference.contract import (
    MAX_ASSESSMENT,
    MAX_CONCERN,
    MAX_ITEMS,
    MAX_REASON,
    ContractBroken,
    Encoding,
    Offers,
    encode,
)
from cds_service.inference.offers import offers_for
from cds_service.inference.prompt import Prompt, build_prompt, said_title
from cds_service.inference.style import Style
from cds_service.inference.words import cut
from cds_service.safety import contract
from cds_service.safety.accept import judge

STYLE = Style.COMPACT
ENCODING = Encoding.JSON
"""The form that the default model, tuned, is served with."""

MIN_CONCERN = 5
_UNWRITABLE = re.compile(r"[^A-Za-z0-9 ,.'()/%+-]+")


@dataclass(frozen=True, kw_only=True)
class Taught:
    """What a model is shown and should write. `given`: the priority that the note gives."""

    system: str
    user: str
    assistant: str


def taught(prepared: Prepared, case: DeidentifiedCase, similarity: Similarity | None) -> Taught | str:
    """The note of a case; `case`: its chart as it leaves. Or why there is none: a `Reason`, with the check's id."""
    given = prepared.chosen.given
    if given < floor_of(prepared.findings):
        return Reason.BELOW_FLOOR
    task = AssessmentTask(
        case=case,
        findings=prepared.findings,
        passages=prepared.passages,
        not_evaluated=prepared.not_evaluated,
        versions={},
    )
    raised = given > floor_of(task.findings)
    offers = offers_for(case, task.findings, task.passages, setting=prepared.setting, style=STYLE, may_raise=raised)
    prompt: Prompt = build_prompt(case, task.findings, task.passages, offers, ENCODING, STYLE)
    note = _note(prepared, offers, given)
    if note is None:
        return Reason.NO_NOTE
    fault = contract.CHECK.id
    for draft in _wordings(note, prepared):
        try:
            text = encode(draft, offers, ENCODING)
        except ContractBroken:
            continue
        verdict, accepted = judge(check_input(task, draft, offers, STYLE), model="clinician", similarity=similarity)
        if accepted is not None:
            return Taught(system=prompt.prefix, user=prompt.case, assistant=text)
        fault = next(r.check for r in verdict.results if not r.passed)
    return f"{Reason.CHECKS}: {fault}"


def _wordings(note: Draft, prepared: Prepared) -> Iterator[Draft]:
    """The note; and with what the rules found urgent named in their own words, where it does not name all of it."""
    yield note
    urgent = [said_title(f) for f in to_be_named(prepared.findings)]
    if urgent:
        named = replace(note, key_concerns=_concerns((*urgent, *note.key_concerns)))
        yield named
        told = f"Concern for {', '.join(t[:1].lower() + t[1:] for t in urgent)}"
        yield replace(
            named, priority_reason=cut(told, MAX_REASON - 1) + ".", key_concerns=_concerns(urgent[-MAX_ITEMS:])
        )


def _concerns(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cut(t, MAX_CONCERN) for t in texts if len(t) >= MIN_CONCERN))[:MAX_ITEMS]


def _note(prepared: Prepared, offers: Offers, given: Priority) -> Draft | None:
    """The model's draft with what the clinician made of it, or a note of the clinician's own words."""
    words = _sentence(prepared.written.get("assessment", ""), MAX_ASSESSMENT)
    reason = _sentence(prepared.written.get("justification", ""), MAX_REASON)
    shown = prepared.chosen.assessment
    if shown is None:
        return _own(prepared, offers, given, words, reason) if words else None
    draft = _draft(shown, offers, given)
    if words and prepared.chosen.edited:
        draft = replace(draft, assessment=words)
    if reason and given is not prepared.chosen.model_priority:
        draft = replace(draft, priority_reason=reason)
    return draft


def _own(prepared: Prepared, offers: Offers, given: Priority, words: str, reason: str) -> Draft:
    """A note without a draft: symptoms, choices of the prompt, and the clinician's words."""
    return Draft(
        priority=given,
        priority_reason=reason or f"{given.label} priority, as the clinician found.",
        key_concerns=_concerns([_plain(s) for s in prepared.symptoms]),
        risk_factors=offers.risk_factors[:MAX_ITEMS],
        actions=offers.actions[:MAX_ITEMS],
        questions=(),
        assessment=words,
        passages=(),
    )


def _draft(shown: Mapping[str, object], offers: Offers, given: Priority) -> Draft:
    """The recorded draft, with choices that this prompt offers."""

    def texts(name: str) -> tuple[str, ...]:
        value = shown.get(name)
        return tuple(str(v) for v in value) if isinstance(value, list | tuple) else ()

    return Draft(
        priority=given,
        priority_reason=str(shown.get("priority_reason", "")),
        key_concerns=texts("key_concerns")[:MAX_ITEMS],
        risk_factors=_offered(texts("risk_factors"), offers.risk_factors),
        actions=_offered(texts("actions"), offers.actions) or offers.actions[:1],
        questions=texts("questions")[:MAX_ITEMS],
        assessment=str(shown.get("assessment", "")),
        passages=_offered(texts("passages"), offers.passages),
    )


def _offered(chosen: Sequence[str], offered: Sequence[str]) -> tuple[str, ...]:
    return tuple(text for text in offered if text in chosen)[:MAX_ITEMS]


def _sentence(text: str, most: int) -> str:
    """What a clinician wrote in the characters that a note may have, ended with a full stop; empty for nothing."""
    plain = _plain(text).rstrip(" .,;:")
    return cut(plain, most - 1).rstrip(" .,") + "." if plain else ""


def _plain(text: str) -> str:
    told = unicodedata.normalize("NFKD", text.replace(";", ",").replace(":", ",").replace("\n", " "))
    return " ".join(_UNWRITABLE.sub(" ", told.encode("ascii", "ignore").decode()).split())

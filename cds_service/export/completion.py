"""The note that a reviewed case teaches: the draft as the clinician left it, checked as in service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from anonymization.deidentified import DeidentifiedCase
from cds_service.assessor import AssessmentTask, Similarity, check_input
from cds_service.domain import Draft, Priority, floor_of, to_be_named
from cds_service.export.left_out import Reason
from cds_service.export.prepared import Prepared
from cds_service.export.wording import PLACEHOLDER, listed, sentence, term
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
from cds_service.safety.citing import cited

STYLE = Style.COMPACT
ENCODING = Encoding.JSON
"""The form that the default model, tuned, is served with."""

MIN_CONCERN = 5


class Note(StrEnum):
    """Whose note a model is to learn."""

    DRAFT = "draft"
    """The model's, as the clinician let it stand."""
    REWORDED = "draft, reworded"
    """The model's, with the clinician's assessment or reason in it, or a finding named that the checks ask for."""
    OWN = "own words"
    """The clinician's: no draft was shown, or it is no longer kept. Actions and risk factors are the prompt's first."""


@dataclass(frozen=True, kw_only=True)
class Taught:
    """What a model is shown and should write."""

    system: str
    user: str
    assistant: str
    note: Note


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
    if isinstance(note, Reason):
        return note
    fault = contract.CHECK.id
    for draft in _wordings(note, prepared):
        try:
            text = encode(draft, offers, ENCODING)
        except ContractBroken:
            continue
        verdict, accepted = judge(check_input(task, draft, offers, STYLE), model="clinician", similarity=similarity)
        if accepted is not None:
            return Taught(system=prompt.prefix, user=prompt.case, assistant=text, note=_whose(prepared, draft))
        fault = next(r.check for r in verdict.results if not r.passed)
    return f"{Reason.CHECKS}: {fault}"


def _wordings(note: Draft, prepared: Prepared) -> Iterator[Draft]:
    """The note; and with what the rules found urgent named in their own words, where it does not name all of it."""
    yield note
    urgent = [said_title(f) for f in to_be_named(prepared.findings)]
    if urgent:
        named = replace(note, key_concerns=_concerns((*urgent, *note.key_concerns)))
        yield named
        reason = f"Concern for {listed(urgent, MAX_REASON - len('Concern for .'))}."
        yield replace(named, priority_reason=reason, key_concerns=_concerns(urgent[-MAX_ITEMS:]))


def _concerns(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cut(t, MAX_CONCERN) for t in texts if len(t) >= MIN_CONCERN))[:MAX_ITEMS]


def _note(prepared: Prepared, offers: Offers, given: Priority) -> Draft | Reason:
    """The model's draft with what the clinician made of it, or a note of the clinician's own words; or why not."""
    written, shown = prepared.written.get("assessment", ""), prepared.chosen.assessment
    told = prepared.written.get("justification", "")
    reason = "" if PLACEHOLDER.search(told) else sentence(told, MAX_REASON) or ""
    if shown is not None and not prepared.chosen.edited:
        draft = _draft(shown, offers, given)
    elif PLACEHOLDER.search(written):
        return Reason.NAMED
    else:
        words = sentence(written, MAX_ASSESSMENT)
        if not words:
            return Reason.NOT_WRITABLE if words is None else Reason.NO_NOTE
        if shown is None:
            return _own(prepared, offers, given, words, reason)
        draft = replace(_draft(shown, offers, given), assessment=words)
    return replace(draft, priority_reason=reason) if reason and given is not prepared.chosen.model_priority else draft


def _whose(prepared: Prepared, note: Draft) -> Note:
    shown = prepared.chosen.assessment
    if shown is None:
        return Note.OWN
    parts = ("assessment", "priority_reason", "key_concerns")
    return Note.DRAFT if all(_same(getattr(note, part), shown.get(part)) for part in parts) else Note.REWORDED


def _same(one: object, other: object) -> bool:
    return one == (tuple(other) if isinstance(other, list) else other)


def _own(prepared: Prepared, offers: Offers, given: Priority, words: str, reason: str) -> Draft:
    """A note without a draft: symptoms, choices of the prompt, the clinician's words, passages that speak of them."""
    return Draft(
        priority=given,
        priority_reason=reason or f"{given.label} priority, as the clinician found.",
        key_concerns=_concerns([term(s) for s in prepared.symptoms if not PLACEHOLDER.search(s)]),
        risk_factors=offers.risk_factors[:MAX_ITEMS],
        actions=offers.actions[:MAX_ITEMS],
        questions=(),
        assessment=words,
        passages=cited(words, offers.passages, prepared.passages),
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

"""Whether a completion that was made elsewhere is one that serving would show: its form, and its words by themselves.

A clinic's line comes without its case, so the checks that need one (escalation, emergencies, grounding) cannot be
asked; the export asked them when it wrote the line. What the words alone tell is asked again here, because a file may
come from anywhere: the output contract, certainty, medicines (those that the prompt names are the chart's) and bias.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from cds_service.domain import Draft
from cds_service.inference.contract import MAX_OFFERS, ContractBroken, Encoding, Offers, parse
from cds_service.safety import bias, certainty, contract, medication
from cds_service.safety.check import Check, CheckInput
from cds_service.safety.verdict import FAILED

CHECKS: tuple[Check, ...] = (contract.CHECK, certainty.CHECK, medication.CHECK, bias.CHECK)
"""The checks that read words and need no case."""

_OWN = re.compile(r"^(?:Risks|Problems): (.+)$", re.MULTILINE)
"""Lines of a prompt that list what is known of the patient."""


def _any(kind: str) -> tuple[str, ...]:
    return tuple(f"{kind} {number}" for number in range(1, MAX_OFFERS + 1))


_OFFERS = Offers(risk_factors=_any("risk factor"), actions=_any("action"), passages=_any("passage"))
"""As many choices as a prompt can give: which of them this one gave is not known here."""


def fault_of(prompt: str, completion: str, encodings: Sequence[Encoding] = tuple(Encoding)) -> str | None:
    """Why `completion` is no note that serving would show, in fixed words; None where nothing speaks against it.

    `prompt`: what the model is shown of the patient.
    """
    try:
        draft = _read(completion, encodings)
    except ContractBroken as broken:
        return str(broken)
    return next((fault for check in CHECKS if (fault := _found(check, prompt, draft)) is not None), None)


def _read(completion: str, encodings: Sequence[Encoding]) -> Draft:
    first: ContractBroken | None = None
    for encoding in encodings:
        try:
            return parse(completion, _OFFERS, encoding)
        except ContractBroken as broken:
            first = first or broken
    raise first or ContractBroken("no encoding is given")


def _facts(prompt: str) -> Iterator[DeidentifiedFact]:
    """What the prompt tells, as evidence: all of it as words, and what it lists as the patient's own as problems."""
    yield DeidentifiedFact(kind="note", name="prompt", text=prompt, source="prompt")
    for listed in _OWN.findall(prompt):
        for entry in re.split(r"\[\d\]|;", listed):
            if entry.strip():
                yield DeidentifiedFact(kind="problem", name=entry.strip(), source="prompt")


def _found(check: Check, prompt: str, draft: Draft) -> str | None:
    inp = CheckInput(
        draft=replace(draft, passages=()),  # which passage a number stands for is not known here
        case=DeidentifiedCase(subject="", age=None, sex=None, facts=tuple(_facts(prompt))),
        findings=(),
        passages=(),
        offered_actions=draft.actions,
        offered_risk_factors=draft.risk_factors,
        floor=draft.priority,
    )
    try:
        fault = check.find(inp)
    except Exception:  # noqa: BLE001 - fails closed, as in serving; the exception may quote the text
        return FAILED
    return None if fault is None else check.faults[fault]

"""Whether the patient smokes now, by the newest coded smoking status (LOINC 72166-2; SNOMED CT and LOINC answers)."""

from __future__ import annotations

from fhir_mappers.case import Case, CodedResult
from fhir_mappers.fields import LOINC, SNOMED

CURRENT = {
    SNOMED: ("449868002", "428041000124106", "77176002", "65568007", "428071000124103", "428061000124105"),
    LOINC: ("LA18976-3", "LA18977-1", "LA18979-7", "LA18981-3", "LA18982-1"),
}
"""Every day, some days, smoker, cigarette smoker, heavy, light."""

NOT_NOW = {SNOMED: ("8517006", "266919005"), LOINC: ("LA15920-4", "LA18978-9")}
"""Former, never."""


def smokes(case: Case) -> bool | None:
    """True or False by the newest status that says one of them, None when the chart does not tell."""
    stated = [r for r in case.coded_results if r.kind == "smoking_status" and r.when is not None]
    stated.sort(key=lambda r: r.when.start if r.when else case.now, reverse=True)
    return next((answer for r in stated if (answer := _answer(r)) is not None), None)


def _answer(result: CodedResult) -> bool | None:
    if any(result.concept.has(system, *codes) for system, codes in CURRENT.items()):
        return True
    return False if any(result.concept.has(system, *codes) for system, codes in NOT_NOW.items()) else None

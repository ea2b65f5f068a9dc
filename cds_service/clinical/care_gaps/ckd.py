"""Care gaps in chronic kidney disease: monitoring by stage, a disease that is not listed, protective medicines."""

from __future__ import annotations

from cds_service.clinical.care_gaps.area import Patient, Said, Told, care_gap_rule, finding
from cds_service.clinical.care_gaps.evidence import Due, Way, due, lab_evidence, not_tolerated, takes
from cds_service.clinical.care_gaps.parts import LABS, MEDICINES, absent
from cds_service.clinical.care_gaps.table import GAPS
from cds_service.clinical.dialysis import CREATININE, kidney_failure
from cds_service.clinical.scores import NotComputed, Score, kidney_stage
from cds_service.clinical.scores.kidney_stage import UACR
from cds_service.domain import Finding, NotEvaluated

EGFR = "33914-3"
CATEGORIES = ("A1", "A2", "A3")
TIMES_A_YEAR = {
    # KDIGO 2024: how often eGFR and albuminuria are measured, by G stage and A category (A1, A2, A3).
    "G1": (1, 1, 3), "G2": (1, 1, 3), "G3a": (1, 2, 3), "G3b": (2, 3, 3), "G4": (3, 3, 4), "G5": (4, 4, 4),
}  # fmt: skip


def months_between(g: str, a: str | None) -> int:
    """Months between two measurements at a stage; without an albumin ratio as for A1."""
    return 12 // TIMES_A_YEAR[g][CATEGORIES.index(a or "A1")]


def look(patient: Patient) -> Said:
    """The gaps of an adult with chronic kidney disease by code or by two results, not on dialysis, not pregnant."""
    if kidney_failure(patient.case) or patient.pregnant:
        return
    stage = kidney_stage(patient.context)
    listed = bool(patient.coded("chronic-kidney-disease"))
    if isinstance(stage, NotComputed):
        if listed:
            yield _monitoring(patient, None)
        return
    if not listed and not stage.inputs["chronic"]:
        return
    if listed:
        yield _monitoring(patient, stage)
    else:
        told = Told(
            words=f"the newest stage is {stage.category}", sources=stage.sources, values={"stage": stage.category}
        )
        yield finding("ckd-not-listed", told)
    yield _protection(patient, stage)


def _monitoring(patient: Patient, stage: Score | None) -> Finding | NotEvaluated | None:
    case = patient.case
    g, a = (str(stage.inputs["g"]), stage.inputs["a"]) if stage else ("G1", None)
    months = months_between(g, str(a) if a else None)
    uacr_months = GAPS["ckd-monitoring"].numbers["uacr_months"]
    tests = {
        "creatinine": due(case, Way(evidence=lab_evidence(case, CREATININE, EGFR), months=months, part=LABS)),
        "uacr": due(case, Way(evidence=lab_evidence(case, UACR), months=uacr_months, part=LABS)),
    }
    missed = {name: found for name, found in tests.items() if isinstance(found, Due)}
    if not missed:
        return next((t for t in tests.values() if isinstance(t, NotEvaluated)), None)
    names = {"creatinine": f"creatinine every {months} months", "uacr": "albumin ratio"}
    told = Told(
        words="; ".join(f"{names[name]}: {found.words}" for name, found in missed.items()),
        sources=(
            *(s for found in missed.values() for s in found.sources),
            *patient.sources("chronic-kidney-disease"),
        ),
        values={"due": ", ".join(missed), "stage": stage.category if stage else None},
        proposals=tuple(missed),
    )
    return finding("ckd-monitoring", told)


def _protection(patient: Patient, stage: Score) -> Finding | NotEvaluated | None:
    """Groups that are recommended at this stage and stand neither in the medicines nor among the intolerances."""
    case, numbers = patient.case, GAPS["ckd-protection"].numbers
    wanted = _recommended(patient, stage)
    lacking = [g for g in wanted if not takes(case, g) and not not_tolerated(case, g)]
    if not lacking:
        return None
    unknown = absent(case, MEDICINES)
    if unknown is not None:
        return unknown
    names = ", ".join(NAMES[group] for group in lacking)
    told = Told(
        words=f"stage {stage.category}; not among the medicines received: {names}",
        sources=(*stage.sources, *patient.sources("diabetes")),
        values={"stage": stage.category, "lacking": ", ".join(lacking), "least_egfr": numbers["least_egfr"]},
    )
    return finding("ckd-protection", told)


NAMES = {"renin-angiotensin-inhibitor": "an ACE inhibitor or ARB", "sglt2-inhibitor": "an SGLT2 inhibitor"}


def _recommended(patient: Patient, stage: Score) -> list[str]:
    numbers = GAPS["ckd-protection"].numbers
    ratio = stage.inputs["uacr_mg_g"]
    uacr = float(ratio) if isinstance(ratio, int | float) else 0.0
    diabetes = bool(patient.coded("diabetes"))
    type_2 = diabetes and not patient.coded("type-1-diabetes")
    wanted = []
    raas_from = numbers["raas_uacr_diabetes"] if diabetes and patient.coded("hypertension") else numbers["raas_uacr"]
    if uacr >= raas_from:
        wanted.append("renin-angiotensin-inhibitor")
    diseased = stage.value < 60 or uacr >= 30
    gains = (type_2 and diseased) or (not diabetes and uacr >= numbers["sglt2_uacr"])
    if gains and stage.value >= numbers["least_egfr"]:
        wanted.append("sglt2-inhibitor")
    return wanted


RULE = care_gap_rule(
    "ckd",
    "chronic kidney disease",
    "18 and over with chronic kidney disease by code or by two results, not on dialysis, not pregnant",
    look,
    fires="CKD stage G3b in the problems, newest creatinine 9 months ago: monitoring is due.",
    quiet="CKD stage G2 in the problems, creatinine and albumin ratio (8 mg/g) 3 months ago: nothing.",
)

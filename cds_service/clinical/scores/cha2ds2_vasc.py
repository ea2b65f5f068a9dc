"""CHA2DS2-VASc, the risk of stroke in atrial fibrillation.

Points: heart failure 1, hypertension 1, age 65 to 74 1, 75 and over 2, diabetes 1, stroke, transient ischemic attack or
systemic embolism 2, vascular disease 1, female sex 1. Sources: Lip et al., Chest 137:263 (2010); 2023 ACC/AHA/ACCP/HRS
guideline for atrial fibrillation. The 2024 ESC guideline leaves sex out: that total is in the inputs.

Conditions count by code; one that ended or stands elsewhere is not in the chart that was received, so every total is
"at least". Not for mitral stenosis or a prosthetic valve, where the score does not decide.
"""

from __future__ import annotations

from cds_service.clinical.rule import RuleContext
from cds_service.clinical.scores.conditions import GROUPS, coded
from cds_service.clinical.scores.inputs import ADULT_YEARS, not_sent
from cds_service.clinical.scores.score import NotComputed, Result, Score, unique, without
from cds_service.domain import Citation, Value

NAME = "CHA2DS2-VASc"
CITATION = Citation(
    title="Guideline for the Diagnosis and Management of Atrial Fibrillation",
    publisher="American College of Cardiology, American Heart Association and others, Circulation 149:e1",
    year=2023,
    detail="CHA2DS2-VASc",
)
CONDITIONS = (
    ("heart-failure", 1),
    ("hypertension", 1),
    ("diabetes", 1),
    ("stroke-or-embolism", 2),
    ("vascular-disease", 1),
)
HIGHEST = 9


def age_points(age: int) -> int:
    """2 from 75, 1 from 65."""
    return 2 if age >= 75 else int(age >= 65)


def cha2ds2_vasc(context: RuleContext) -> Result:
    """The score of an adult with coded atrial fibrillation or flutter. Inputs: the points of each part."""
    case = context.case
    fibrillation = coded(case, "atrial-fibrillation")
    if not fibrillation:
        absent = not_sent(case, "conditions")
        return without(NAME, "problems") if absent else NotComputed(name=NAME, reason="no atrial fibrillation is coded")
    if coded(case, VALVE):
        return NotComputed(name=NAME, reason=f"{GROUPS[VALVE].name} is coded; the score does not decide there")
    age, sex = case.age, case.demographics.sex
    missing = [
        name for name, known in (("birth date", age is not None), ("sex", sex in ("female", "male"))) if not known
    ]
    if missing or age is None:
        return without(NAME, *missing)
    if age < ADULT_YEARS:
        return NotComputed(name=NAME, reason="the score is for 18 and over")
    found = {group: coded(case, group) for group, _ in CONDITIONS}
    points: dict[str, int] = {group.replace("-", "_"): n if found[group] else 0 for group, n in CONDITIONS}
    points["age"] = age_points(age)
    points["female"] = int(sex == "female")
    total = sum(points.values())
    inputs: dict[str, Value] = {**points, "without_sex": total - points["female"], "years": age}
    return Score(
        name=NAME,
        value=total,
        unit="{score}",
        inputs=inputs,
        sources=unique(p.source for problems in (fibrillation, *found.values()) for p in problems),
        at_least=total < HIGHEST,
    )


VALVE = "mitral-stenosis-or-prosthetic-valve"

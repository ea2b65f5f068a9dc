"""For every care gap a chart that has it and one that has not; all people are made up."""

from datetime import timedelta

from cds_service.clinical.care_gaps import RULES
from cds_service.clinical.rule import RuleContext
from cds_service.settings import Setting
from fhir_mappers.case import (
    Allergy,
    CodedResult,
    Coding,
    Concept,
    Immunization,
    LabSeries,
    Medication,
    Precision,
    Procedure,
    Source,
    VitalsRound,
    When,
)
from tests.unit.clinical.build import NOW, ago, case, lab, measured, person, problem

ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"
CVX = "http://hl7.org/fhir/sid/cvx"
SOURCES = {"patient-1": Source(handle="patient-1", reference="Patient/p1", resource_type="Patient")}


def months(count, *, days=0):
    """A day `count` completed months (and `days`) before the clock."""
    month = NOW.year * 12 + NOW.month - 1 - count
    return When(
        start=NOW.replace(year=month // 12, month=month % 12 + 1) - timedelta(days=days), precision=Precision.DAY
    )


def has(*icd10, onset=None, recorded=None):
    return tuple(problem("", (ICD10CM, code), onset=onset, recorded=recorded) for code in icd10)


def takes(*names):
    return tuple(Medication(concept=Concept(text=n), status="active", source=f"obs-med-{n[:6]}") for n in names)


def did(text=None, when=None, code=None):
    codings = (Coding(system=SNOMED, code=code),) if code else ()
    return Procedure(concept=Concept(text=text, codings=codings), when=when, source="obs-proc")


def dose(cvx, when=None, text=None):
    return Immunization(
        concept=Concept(codings=(Coding(system=CVX, code=cvx),) if cvx else (), text=text), when=when, source="obs-imm"
    )


def screened(kind, when):
    return CodedResult(kind=kind, concept=Concept(text="Negative"), when=when, source=f"obs-{kind}")


def allergic(text):
    return Allergy(concept=Concept(text=text), source="obs-alg")


def pressure(systolic, diastolic, when):
    values = {k: measured(k, v, when=when) for k, v in (("systolic", systolic), ("diastolic", diastolic))}
    return VitalsRound(when=when.start, values=values)


def hba1c(value, when, comparator=None):
    return lab("4548-4", (value, when, comparator), unit="%")


def creatinine(*results):
    return lab("2160-0", *results, unit="mg/dL")


def uacr(*results):
    return lab("9318-7", *results, unit="mg/g")


def phq9(*results):
    return lab("44261-6", *results, unit="{score}")


def smoker(pack_years=None):
    status = CodedResult(
        kind="smoking_status",
        concept=Concept(codings=(Coding(system=SNOMED, code="449868002"),)),
        when=months(1),
        source="obs-smoke",
    )
    years = () if pack_years is None else (lab("8664-5", (pack_years, months(1)), unit="{PackYears}"),)
    return {"coded_results": (status,), "labs": years}


def chart(who=None, **fields):
    return case(who=who or person(50), sources=SOURCES, **fields)


def mother(weeks, *, noted=0, years=28, **fields):
    """Pregnant, `weeks` now, by a measurement made `noted` weeks ago."""
    when = When(start=NOW - timedelta(weeks=noted))
    age = measured("18185-9", weeks - noted, unit="wk", when=when)
    labs = (LabSeries(loinc="18185-9", label="Gestational age", results=(age,)), *fields.pop("labs", ()))
    return chart(person(years, pregnant=True), labs=labs, **fields)


def found(made, *, setting=Setting.FAMILY_PRACTICE):
    """Findings by topic."""
    context = RuleContext(case=made, setting=setting)
    return {f.topic: f for rule in RULES for f in rule.evaluate(context).findings}


def notes(made):
    """What was not evaluated."""
    context = RuleContext(case=made, setting=Setting.FAMILY_PRACTICE)
    return {n for rule in RULES for n in rule.evaluate(context).not_evaluated}


def at_risk(systolic, years=66, *, total="250", hdl="38", kidney="1.0"):
    """A smoking man with all that the PREVENT equations ask for."""
    labs = (
        lab("2093-3", (total, months(2)), unit="mg/dL"), lab("2085-9", (hdl, months(2)), unit="mg/dL"),
        creatinine((kidney, months(2))),
    )  # fmt: skip
    body = {
        kind: measured(kind, value, unit=unit, when=ago(hours=1))
        for kind, value, unit in (
            ("systolic", systolic, None),
            ("diastolic", 78, None),
            ("weight", 82, "kg"),
            ("height", 176, "cm"),
        )
    }
    return chart(
        person(years, sex="male"), labs=labs, coded_results=smoker()["coded_results"],
        vitals=(VitalsRound(when=ago(hours=1).start, values=body),),
    )  # fmt: skip


WOMAN, MAN = person(62), person(62, sex="male")
DM2, CKD3, HTN = "E11.9", "N18.32", "I10"
HFREF_FULL = takes(
    "Lisinopril 10 MG Oral Tablet", "metoprolol succinate 50 MG", "spironolactone 25 MG", "empagliflozin 10 MG"
)
DAILY = takes("Apixaban 5 MG Oral Tablet")

GAP_EXAMPLES = {
    "diabetes-hba1c-due": (
        chart(problems=has(DM2), labs=(hba1c("7.1", months(14)),)),
        chart(problems=has(DM2), labs=(hba1c("7.1", months(5)),)),
    ),
    "diabetes-hba1c-above": (
        chart(problems=has(DM2), labs=(hba1c("8.4", months(1)),)),
        chart(problems=has(DM2), labs=(hba1c("7.4", months(1)),)),
    ),
    "diabetes-kidney-check": (
        chart(problems=has(DM2), labs=(uacr(("9", months(13))), creatinine(("0.9", months(2))))),
        chart(problems=has(DM2), labs=(uacr(("9", months(3))), creatinine(("0.9", months(2))))),
    ),
    "diabetes-eye-exam": (
        chart(problems=has(DM2)),
        chart(problems=has(DM2), procedures=(did("Dilated eye exam", months(8)),)),
    ),
    "diabetes-foot-exam": (
        chart(problems=has(DM2)),
        chart(problems=has(DM2), procedures=(did(code="401191002", when=months(8)),)),
    ),
    "diabetes-statin": (
        chart(problems=has(DM2)),
        chart(problems=has(DM2), medications=takes("Atorvastatin 40 MG Oral Tablet")),
    ),
    "hypertension-no-reading": (
        chart(problems=has(HTN), vitals=(pressure(128, 78, months(13)),)),
        chart(problems=has(HTN), vitals=(pressure(128, 78, months(3)),)),
    ),
    "hypertension-above": (
        chart(problems=has(HTN), vitals=(pressure(152, 94, ago(hours=1)), pressure(148, 90, months(2)))),
        chart(problems=has(HTN), vitals=(pressure(134, 78, months(1)), pressure(152, 94, months(2)))),
    ),
    "ckd-monitoring": (
        chart(problems=has(CKD3), labs=(creatinine(("1.5", months(9))), uacr(("8", months(9))))),
        chart(problems=has("N18.2"), labs=(creatinine(("0.9", months(3))), uacr(("8", months(3))))),
    ),
    "ckd-not-listed": (
        chart(labs=(creatinine(("1.6", months(1)), ("1.6", months(6))),)),
        chart(labs=(creatinine(("1.6", months(1)), ("1.6", months(2))),)),
    ),
    "ckd-protection": (
        chart(problems=has(CKD3), labs=(creatinine(("1.5", months(1))), uacr(("420", months(1))))),
        chart(
            problems=has(CKD3),
            labs=(creatinine(("1.5", months(1))), uacr(("420", months(1)))),
            medications=takes("Losartan 50 MG", "Dapagliflozin 10 MG"),
        ),
    ),
    "heart-failure-medicines": (
        chart(problems=has("I50.22"), medications=takes("Lisinopril 10 MG", "metoprolol succinate 50 MG")),
        chart(problems=has("I50.32")),
    ),
    "asthma-controller": (
        chart(problems=has("J45.40"), medications=takes("albuterol 0.09 MG/ACTUAT inhaler")),
        chart(problems=has("J45.40"), medications=takes("albuterol inhaler", "budesonide / formoterol inhaler")),
    ),
    "copd-inhaler": (
        chart(problems=has("J44.9"), medications=takes("albuterol inhaler")),
        chart(problems=has("J44.9"), medications=takes("tiotropium inhaler")),
    ),
    "copd-spirometry": (
        chart(problems=has("J44.9")),
        chart(problems=has("J44.9"), procedures=(did(code="127783003", when=months(140)),)),
    ),
    "atrial-fibrillation-anticoagulant": (
        chart(person(72, sex="male"), problems=has("I48.20", HTN)),
        chart(person(72, sex="male"), problems=has("I48.20", HTN), medications=DAILY),
    ),
    "lipids-cardiovascular-disease": (
        chart(problems=has("I25.10")),
        chart(problems=has("I25.10"), medications=takes("Atorvastatin 80 MG")),
    ),
    "lipids-very-high-ldl": (
        chart(labs=(lab("13457-7", ("212", months(3)), unit="mg/dL"),)),
        chart(labs=(lab("13457-7", ("160", months(3)), unit="mg/dL"),)),
    ),
    "lipids-risk": (at_risk(172), at_risk(112)),
    "lipids-screening": (chart(), chart(labs=(lab("2093-3", ("180", months(30)), unit="mg/dL"),))),
    "depression-positive-screen": (
        chart(labs=(phq9(("14", months(1))),)),
        chart(labs=(phq9(("14", months(1))),), medications=takes("Sertraline 50 MG")),
    ),
    "depression-follow-up": (
        chart(problems=has("F32.1"), labs=(phq9(("15", months(6))),)),
        chart(problems=has("F32.1"), labs=(phq9(("6", months(6))),)),
    ),
    "depression-screening": (chart(labs=(phq9(("2", months(20))),)), chart(labs=(phq9(("2", months(10))),))),
    "screening-breast": (
        chart(WOMAN, procedures=(did("Mammography", months(30)),)),
        chart(WOMAN, procedures=(did("Mammography", months(20)),)),
    ),
    "screening-cervical": (
        chart(WOMAN, coded_results=(screened("cervical_cytology", months(40)),)),
        chart(WOMAN, coded_results=(screened("hpv_test", months(40)),)),
    ),
    "screening-colorectal": (
        chart(MAN, procedures=(did(code="73761001", when=months(130)),)),
        chart(MAN, procedures=(did(code="73761001", when=months(48)),)),
    ),
    "screening-lung": (chart(MAN, **smoker(25)), chart(MAN, **smoker(12))),
    "vaccines": (
        chart(person(67)),
        chart(person(30), immunizations=(dose("115", months(48)), dose("140", months(4)))),
    ),
    "pregnancy-blood-pressure": (
        mother(26, vitals=(pressure(110, 70, ago(weeks=8)),)),
        mother(26, vitals=(pressure(110, 70, ago(weeks=2)),)),
    ),
    "pregnancy-booking-bloods": (
        mother(14),
        mother(14, labs=(lab("718-7", ("12.1", ago(weeks=3)), unit="g/dL"),)),
    ),
    "pregnancy-glucose": (
        mother(26),
        mother(26, labs=(lab("1504-0", ("118", ago(weeks=1)), unit="mg/dL"),)),
    ),
    "pregnancy-tdap": (mother(30), mother(30, immunizations=(dose("115", ago(weeks=2)),))),
}  # fmt: skip

RULE_EXAMPLES = {
    # rule id: (a chart that fires, one that does not), as the rules page says in words
    "care-gap-diabetes": (
        GAP_EXAMPLES["diabetes-hba1c-due"][0],
        chart(
            problems=has(DM2),
            labs=(hba1c("7.1", months(2)), uacr(("9", months(3))), creatinine(("0.9", months(2)))),
            procedures=(did("Dilated eye exam", months(8)), did("Diabetic foot exam", months(8))),
            medications=takes("Atorvastatin 40 MG"),
        ),
    ),
    "care-gap-hypertension": GAP_EXAMPLES["hypertension-above"],
    "care-gap-ckd": (GAP_EXAMPLES["ckd-monitoring"][0], GAP_EXAMPLES["ckd-monitoring"][1]),
    "care-gap-heart-failure": GAP_EXAMPLES["heart-failure-medicines"],
    "care-gap-airways": GAP_EXAMPLES["asthma-controller"],
    "care-gap-atrial-fibrillation": GAP_EXAMPLES["atrial-fibrillation-anticoagulant"],
    "care-gap-lipids": GAP_EXAMPLES["lipids-cardiovascular-disease"],
    "care-gap-depression": GAP_EXAMPLES["depression-follow-up"],
    "care-gap-cancer-screening": GAP_EXAMPLES["screening-colorectal"],
    "care-gap-vaccines": GAP_EXAMPLES["vaccines"],
    "care-gap-pregnancy": (
        mother(26),
        mother(
            26,
            labs=(
                lab("1504-0", ("118", ago(weeks=1)), unit="mg/dL"),
                lab("718-7", ("12.1", ago(weeks=3)), unit="g/dL"),
            ),
            vitals=(pressure(110, 70, ago(weeks=1)),),
        ),
    ),
}

"""Made-up persons of an export, and their cases."""

from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from cds_service.export.risk import Subject
from fhir_mappers.fields import ICD10CM, SNOMED

DIABETES, HYPERTENSION, ASTHMA, COPD = (f"{ICD10CM}|{c}" for c in ("E11.9", "I10", "J45.40", "J44.9"))
RARE = f"{ICD10CM}|E71.310"
LUPUS = f"{SNOMED}|55464009"


def a_subject(code, *conditions, age="67", sex="female", zip3="606", year="2031", **more):
    return Subject(code=code, age_band=age, sex=sex, zip3=zip3, year=year, conditions=frozenset(conditions), **more)


def a_problem(number, code, name, interval="2031-02-01"):
    codes = (code,) if "|" in code else ()
    return DeidentifiedFact(kind="problem", name=name, codes=codes, interval=interval, source=f"cond-{number}")


def a_case(subject, *facts, age="67", sex="female", region="606", **more):
    return DeidentifiedCase(subject=subject, age=age, sex=sex, region=region, facts=facts, **more)

"""Identifiers in every place of FHIR resources where nobody expects them: none comes out of the gate.

Charts go the whole way: FHIR JSON, `map_case`, `Gate.deidentify`, the JSON that is stored and sent on. All people and
numbers are made up.
"""
# ruff: noqa: E501 - a hiding place a line

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anonymization.gate import Gate
from anonymization.policy import packaged_policy
from anonymization.scrubber import TextScrubber
from fhir_mappers.mapping import map_case
from tests.support.fhir_values import (
    LOINC,
    NOW,
    SNOMED,
    UCUM,
    allergy,
    bundle,
    coded,
    condition,
    document,
    encounter,
    intake,
    medication_request,
    observation,
    patient,
)

MRN, PHONE, MEMBER = "48151623", "2125550142", "XQK90417733"
PERSON = patient(
    name=[{"text": "Annabel Zorblatt", "given": ["Annabel"], "family": "Zorblatt"}],
    telecom=[{"system": "phone", "value": "(212) 555-0142"}, {"system": "email", "value": "a.zorblatt@clinic.local"}],
    identifier=[{"system": "urn:oid:1.2.3", "value": MRN}, {"type": {"text": "Member"}, "value": MEMBER}],
    address=[{"line": ["12 Imaginary Mill Street"], "city": "Nowhereville", "postalCode": "60601"}],
    birthDate="1958-03-04",
    contact=[{"name": {"given": ["Quillon"], "family": "Mockingham"}, "telecom": [{"value": "212-555-0177"}]}],
    photo=[{"contentType": "image/png", "data": base64.b64encode(b"face of Annabel").decode()}],
)
SECRETS = (
    "Annabel", "Zorblatt", "Quillon", "Mockingham", "48151623", "4815-1623", "2125550142", "555-0142", "555-0177",
    "XQK90417733", "Imaginary", "Nowhereville", "60601", "1958-03-04", "03/04/1958", "clinic.local",
)  # fmt: skip
DECOY = condition("Made-up disease", id="decoy", code=coded(SNOMED, "22298006", "Myocardial infarction"))
NAME = "Annabel Zorblatt"


@pytest.fixture(scope="module")
def scrubber():
    made = TextScrubber()
    made.load()
    return made


@pytest.fixture(scope="module")
def gate(scrubber):
    return Gate(scrubber=scrubber)


@pytest.fixture(scope="module")
def exports(scrubber):
    return Gate(packaged_policy("safe-harbor-exports"), scrubber=scrubber)


def case_of(*resources, person=PERSON):
    return map_case({"patient": person, "rest": bundle(*resources)}, patient_id="p1", encounter_id="e1", now=NOW)


def out_of(gate, *resources, person=PERSON):
    """What leaves: the JSON of the de-identified case."""
    return gate.deidentify(case_of(*resources, person=person), subject="s-random", timeout_s=20).to_json()


def leaks(text, secrets=SECRETS):
    return [s for s in secrets if s.lower() in text.lower()]


def lab(value=5, unit="mg/dL", code="1988-5", **more):
    return observation(code, value, unit, ucum=unit, category="laboratory", **more)


# -- where identifiers hide ------------------------------------------------------------------------------------------

HIDING = {
    "name in the display of a code": condition(code=coded(SNOMED, "22298006", f"Infarction of {NAME}")),
    "name in upper case, reversed, in a display": condition(code=coded(SNOMED, "22298006", "ZORBLATT, ANNABEL (MI)")),
    "web address in a display": condition(code=coded(SNOMED, "22298006", f"https://portal.example/p/{MRN}?n=Zorblatt")),
    "record number as a SNOMED code": condition(code=coded(SNOMED, MRN, "Cough")),
    "telephone number as a SNOMED code": condition(code=coded(SNOMED, PHONE, "Cough")),
    "member number as a local code": condition(code=coded("http://clinic.example/codes", MEMBER, "Cough")),
    "name as a code": condition(code=coded(SNOMED, "Zorblatt", "Cough")),
    "name as an HL7 code": condition(code=coded("http://terminology.hl7.org/CodeSystem/x-y", "Zorblatt", "Cough")),
    "name as a unit code in a coding": condition(code=coded(UCUM, "Zorblatt", "Cough")),
    "name in the system of a code": condition(code=coded("http://zorblatt.example/Annabel", "22298006", "Cough")),
    "name in the name of a test": lab(code="74015-9")
    | {"code": coded(LOINC, "74015-9", f"Made-up assay for {NAME}")},
    "name in the unit": lab(unit=f"mg for {NAME}"),
    "name in an annotation of the unit": lab(unit="mg/dL{Zorblatt}", code="74015-9"),
    "number in the unit": lab(unit=f"{MRN}mg", code="74015-9"),
    "record number as the value": lab(int(MRN), "mg/dL", code="74015-9"),
    "record number as a value with decimals": lab(float(MRN), "mg/dL", code="74015-9"),
    "telephone number as a value": lab(int(PHONE), "mg/dL", code="74015-9"),
    "name as a coded answer": observation("8661-1", valueCodeableConcept=coded("http://x.example", "1", f"Pain, says {NAME}")),
    "name in the chief complaint": observation("8661-1", valueString=f"{NAME} has chest pain, call 212.555.0142"),
    "name in a medicine": medication_request(f"Inventedol 5 mg (dispense to {NAME})"),
    "number in a dosage": medication_request(dosageInstruction=[{"text": f"1 tablet daily, member {MEMBER}"}]),
    "name in an allergy and its reaction": allergy("Latex (see Annabel)", reaction=[
        {"manifestation": [{"text": "Zorblatt rash"}], "description": NAME}]),
    "name in the reason of a visit": encounter(reasonCode=[{"text": f"Cough of {NAME}"}],
                                               identifier=[{"value": f"V{MRN}"}]),
    "name in the display of a reason": encounter(reasonReference=[
        {"reference": "Condition/none", "display": f"Cough of {NAME}"}]),
    "question, answer and linkId": intake({
        "linkId": f"q-{MRN}", "text": f"What brings {NAME} in?",
        "answer": [{"valueString": "Annabel has a cough since 03/04/1958"}]}),
    "linkId that stands in for a question": intake({"linkId": "Zorblatt.Annabel", "answer": [{"valueString": "Cough"}]}),
    "choice of an answer": intake({"linkId": "1", "text": "Who lives with you?", "answer": [
        {"valueCoding": {"system": "http://x.example", "code": MEMBER, "display": "Quillon Mockingham"}}]}),
    "unit of an answer": intake({"linkId": "1", "text": "Weight?", "answer": [
        {"valueQuantity": {"value": 70, "unit": f"kg ({NAME})"}}]}),
    "file as an answer": intake({"linkId": "1", "text": "Upload", "answer": [
        {"valueAttachment": {"title": "annabel_zorblatt_1958-03-04.pdf"}}]}),
    "file name as a title": document("Cough.", content=[{"attachment": {
        "contentType": "text/plain", "title": f"Zorblatt_Annabel_{MRN}.txt", "data": base64.b64encode(b"Cough.").decode(),
        "url": f"https://files.example/{MRN}"}}]),
    "JSON inside a note": document(json.dumps({"patient": {"name": NAME, "mrn": MRN, "dob": "1958-03-04"}})),
    "JSON inside JSON": document(json.dumps({"raw": json.dumps({"family": "Zorblatt", "phone": PHONE})})),
    "XML inside a note": document(f"<Patient><name value='{NAME}'/><id value='{MRN}'/></Patient>"),
    "a note in HTML": document(f"<p>Cough of <b>Annabel</b> Zorb<!-- x -->latt, MRN {MRN}</p>", content_type="text/html"),
    "an image": document(NAME, content_type="image/png"),
    "a PDF": document(f"%PDF {NAME} {MRN}", content_type="application/pdf"),
    "a note whose type lies": document(NAME, content_type="application/octet-stream"),
    "the narrative": condition(text={"status": "generated", "div": f"<div xmlns='http://www.w3.org/1999/xhtml'>{NAME}</div>"}),
    "an extension": condition(extension=[{"url": "http://x.example/e", "valueString": f"{NAME} {MRN}"}]),
    "notes and people of a condition": condition(
        note=[{"text": f"Told {NAME}", "authorString": "Quillon Mockingham"}],
        recorder={"reference": "Practitioner/9", "display": NAME}, identifier=[{"value": MRN}]),
    "a contained patient": condition(contained=[{"resourceType": "Patient", "id": "x", "name": [{"text": NAME}]}]),
    "a resource id": condition(id=f"Zorblatt-{MRN}"),
    "device and specimen of a result": lab(device={"display": f"Pump of {NAME}"},
                                           specimen={"identifier": {"value": MRN}, "display": NAME}),
}  # fmt: skip


@pytest.mark.parametrize("place", HIDING)
def test_no_identifier_comes_out_of(gate, place):
    out = out_of(gate, DECOY, HIDING[place])
    assert leaks(out) == []
    assert "22298006" in out, "the chart must hold something for this test to mean anything"


def test_all_places_at_once_and_under_the_policy_of_exports(gate, exports):
    for one in (gate, exports):
        out = out_of(one, *HIDING.values())
        assert leaks(out) == []
        assert len(json.loads(out)["facts"]) > 15


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    digits=st.text("0123456789", min_size=6, max_size=10),
    shape=st.sampled_from(["{}", "{}-1", "A{}", "1{}08"]),
    system=st.sampled_from([SNOMED, LOINC, "http://www.nlm.nih.gov/research/umls/rxnorm", "http://x.example"]),
)
def test_a_code_that_is_an_identifier_of_the_person_never_passes(gate, digits, shape, system):
    code = shape.format(digits)
    person = PERSON | {"identifier": [{"value": code}]}
    out = out_of(gate, DECOY, condition(code=coded(system, code, "Cough")), person=person)
    assert f"|{code}" not in out


# -- what must survive -----------------------------------------------------------------------------------------------


def test_codes_values_units_and_clinical_words_pass_unchanged(gate):
    codes = {
        SNOMED: ["22298006", "840539006", "162864005"],
        "http://hl7.org/fhir/sid/icd-10-cm": ["S72.001A", "E11.9"],
    }
    chart = [condition(code=coded(s, c, "Made-up disease")) for s, listed in codes.items() for c in listed]
    chart += [
        medication_request(medicationCodeableConcept=coded("http://www.nlm.nih.gov/research/umls/rxnorm", "866514", "Metoprolol")),
        observation("8867-4", 128, "/min", ucum="/min"),
        lab(4815, "10*3/uL", code="777-3"),
        lab(2.25, "mmol/L", code="2524-7"),
    ]  # fmt: skip
    out = out_of(gate, *chart)
    for system, listed in codes.items():
        assert all(f'"{system}|{code}"' in out for code in listed)
    facts = {(f["name"], f["value"], f["unit"]) for f in json.loads(out)["facts"] if f["value"] is not None}
    assert facts == {("heart_rate", 128.0, "/min"), ("Platelets", 4815.0, "10*3/uL"), ("Lactate", 2.25, "mmol/L")}
    assert "rxnorm|866514" in out
    assert "Metoprolol" in out


# -- people over 89 --------------------------------------------------------------------------------------------------

OLD = PERSON | {"birthDate": "1934-03-04"}  # 97 at the time of the chart
AGED = {
    "onset as an age": condition(onsetAge={"value": 93, "unit": "years", "system": UCUM, "code": "a"}),
    "onset as words": condition(onsetString="in 1934, the year of birth"),
    "onset as a period": condition(onsetPeriod={"start": "1934-05-01", "end": "1934-06-01"}),
    "onset as a range of ages": condition(onsetRange={"low": {"value": 91, "unit": "a"}}),
    "an illness of childhood with its date": condition("Made-up childhood illness", onsetDateTime="1943"),
    "abatement": condition(abatementDateTime="1934-05-01"),
    "age as a result": lab(93, "a", code="30525-0"),
    "age in months as a result": lab(1164, "mo", code="30525-0"),
    "age with an annotation for its unit": lab(97, "{years}", code="30525-0"),
    "age as an answer": intake({"linkId": "1", "text": "How old are you?", "answer": [{"valueInteger": 97}]}),
    "age as an answer with a unit": intake({"linkId": "1", "text": "Age", "answer": [
        {"valueQuantity": {"value": 97, "unit": "years"}}]}),
    "year of birth as an answer": intake({"linkId": "1", "text": "Year of birth", "answer": [{"valueInteger": 1934}]}),
    "date of birth as an answer": intake({"linkId": "1", "text": "Born?", "answer": [{"valueDate": "1934-03-04"}]}),
    "age in a note": document("97-year-old woman with a cough, born 1934."),
    "age in a display": condition(code=coded(SNOMED, "22298006", "Infarction at age 97")),
}  # fmt: skip


@pytest.mark.parametrize("place", AGED)
@pytest.mark.parametrize("profile", ["prompts", "exports"])
def test_nothing_indicates_the_age_or_the_year_of_birth_of_somebody_over_89(gate, exports, profile, place):
    out = out_of({"prompts": gate, "exports": exports}[profile], DECOY, AGED[place], person=OLD)
    assert json.loads(out)["age"] == "90+"
    assert leaks(out, ("1934", "1943", "97", "93", "91", "1164")) == []


def test_a_date_of_death_and_the_names_of_a_dead_person_stay_inside(gate):
    out = out_of(gate, DECOY, person=PERSON | {"deceasedDateTime": "2030-11-23"})
    assert leaks(out, (*SECRETS, "2030", "deceased", "11-23")) == []


# -- labelled data ---------------------------------------------------------------------------------------------------

LABEL = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "42CFRPart2"}]}
HERE = {"encounter": {"reference": "Encounter/e9"}}
SECRET = "Made-up dependence"
LABELLED = {
    "a labelled diagnosis": [condition(SECRET, meta=LABEL)],
    "a diagnosis of a labelled visit": [encounter("e9", meta=LABEL), condition(SECRET, **HERE)],
    "a note of a labelled visit": [
        encounter("e9", meta=LABEL), document(SECRET, context={"encounter": [{"reference": "Encounter/e9"}]})],
    "an entry of a labelled list": [
        condition(SECRET, id="c9"),
        {"resourceType": "List", "meta": LABEL, "entry": [{"item": {"reference": "Condition/c9"}}]}],
    "the reason of this visit": [
        condition(SECRET, id="c9", meta=LABEL), encounter(reasonReference=[{"reference": "Condition/c9"}])],
    "a copy without the label": [condition(SECRET, id="c9"), condition(SECRET, id="c9", meta=LABEL)],
    "a labelled medicine": [
        medication_request(medicationReference={"reference": "Medication/m9"}) | {"medicationCodeableConcept": None},
        {"resourceType": "Medication", "id": "m9", "code": {"text": SECRET}, "meta": LABEL}],
    "a labelled answer": [intake({"linkId": "1", "text": "Used?", "answer": [{"valueString": SECRET}]}, meta=LABEL)],
}  # fmt: skip


def without_none(resource):
    return {k: v for k, v in resource.items() if v is not None}


@pytest.mark.parametrize("how", LABELLED)
def test_labelled_data_never_pass(gate, how):
    resources = [without_none(r) for r in LABELLED[how]]
    case = case_of(DECOY, *resources)
    assert SECRET in repr(case), "the rules must see it"
    out = gate.deidentify(case, subject="s-random", timeout_s=20).to_json()
    assert "dependence" not in out
    assert json.loads(out)["removed"]["restricted"] >= 1


@pytest.mark.parametrize("how", LABELLED)
def test_the_same_data_pass_where_nothing_is_labelled(gate, how):
    plain = [{k: v for k, v in r.items() if k != "meta" and v is not None} for r in LABELLED[how]]
    assert "dependence" in out_of(gate, DECOY, *plain)

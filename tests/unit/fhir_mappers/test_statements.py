"""Problems, complaints, encounters, medicines, allergies: what counts and what does not."""

import pytest

from fhir_mappers.case import ComplaintOrigin
from tests.support.fhir_values import (
    ME,
    SNOMED,
    allergy,
    coded,
    condition,
    encounter,
    intake,
    medication_request,
    observation,
)

# -- problems --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clinical", ["active", "recurrence", "relapse", None])
def test_an_active_condition_is_a_problem(chart, clinical):
    assert [p.concept.text for p in chart(condition(clinical=clinical)).problems] == ["Made-up disease"]


@pytest.mark.parametrize(
    ("clinical", "verification", "reason"),
    [
        ("resolved", "confirmed", "inactive"),
        ("remission", "confirmed", "inactive"),
        ("inactive", "confirmed", "inactive"),
        ("active", "refuted", "refuted"),
        (None, "entered-in-error", "entered-in-error"),
        ("nonsense", "confirmed", "invalid"),
    ],
)
def test_a_condition_that_does_not_count_is_refused(chart, clinical, verification, reason):
    case = chart(condition(clinical=clinical, verification=verification))
    assert case.problems == ()
    assert [r.reason for r in case.refused] == [reason]


def test_an_unconfirmed_condition_is_kept_and_says_so(chart):
    assert chart(condition(verification="provisional")).problems[0].verification == "provisional"


def test_social_findings_are_kept_as_such(chart):
    work = condition(code=coded(SNOMED, "160903007", "Full-time employment (finding)"))
    assert [p.category for p in chart(work, condition()).problems] == ["social", "problem-list-item"]


@pytest.mark.parametrize(
    ("system", "code", "pregnant"),
    [
        (SNOMED, "72892002", True),
        ("http://hl7.org/fhir/sid/icd-10-cm", "Z33.1", True),
        ("http://hl7.org/fhir/sid/icd-10-cm", "O24.410", True),
        ("http://hl7.org/fhir/sid/icd-10-cm", "O86.0", None),
        (SNOMED, "Z33.1", None),
    ],
)
def test_an_active_diagnosis_of_pregnancy_counts_by_system_and_code(chart, system, code, pregnant):
    assert chart(condition(code=coded(system, code), recordedDate="2031-04-01")).demographics.pregnant is pregnant


# -- why the patient is here -----------------------------------------------------------------------------------------

LAY = (
    "since last night it feels like an elephant sits on my chest and my left arm went all tingly, "
    "I thought it was the curry but it will not go away and I get out of breath on the stairs "
) * 5


def test_the_reason_of_the_current_encounter_is_a_complaint(chart):
    case = chart(encounter(reasonCode=[{"text": LAY}]), encounter_id="Encounter/e1")
    (complaint,) = case.complaints
    assert (complaint.text, complaint.origin, complaint.source) == (LAY.strip(), ComplaintOrigin.ENCOUNTER, "enc-1")
    assert case.encounter_class == "AMB"


def test_the_reason_of_an_older_encounter_is_not(chart):
    old = encounter("e0", status="finished", start="2030-01-01T10:00:00Z", reasonCode=[{"text": "old cough"}])
    assert chart(old, encounter("e1"), encounter_id="e1").complaints == ()
    assert chart(old).complaints == ()


def test_a_cancelled_encounter_is_refused(reasons):
    assert reasons(encounter(status="cancelled")) == ["inactive"]
    assert reasons(encounter(status="entered-in-error")) == ["entered-in-error"]


def test_a_reason_reference_is_followed(chart):
    reason = condition("wheezing", id="c9", category=None)
    case = chart(encounter(reasonReference=[{"reference": "Condition/c9"}]), reason, encounter_id="e1")
    assert [c.text for c in case.complaints] == ["wheezing"]


def test_a_chief_complaint_observation_is_a_complaint(chart):
    (complaint,) = chart(observation("8661-1", valueString=LAY)).complaints
    assert (complaint.text, complaint.origin) == (LAY.strip(), ComplaintOrigin.OBSERVATION)


def test_a_chief_complaint_of_an_earlier_visit_is_not(chart):
    case = chart(
        observation("8661-1", valueString="old ache", at="2030-01-01T10:00:00Z"), encounter(), encounter_id="e1"
    )
    assert case.complaints == ()
    assert [r.reason for r in case.refused] == ["past-visit"]
    assert "obs-1" not in case.sources


def test_a_diagnosis_of_this_encounter_is_a_complaint_and_no_problem(chart):
    now = condition("arm pain", category="encounter-diagnosis", encounter={"reference": "Encounter/e1"})
    old = condition("old rash", category="encounter-diagnosis", encounter={"reference": "Encounter/e0"})
    case = chart(encounter(), now, old, encounter_id="e1")
    assert [c.text for c in case.complaints] == ["arm pain"]
    assert [p.concept.text for p in case.problems] == ["old rash"]


def test_a_named_encounter_that_was_not_sent_still_tells_its_diagnoses(chart):
    now = condition("arm pain", category="encounter-diagnosis", encounter={"reference": "Encounter/e1"})
    old = condition("old rash", category="encounter-diagnosis", encounter={"reference": "Encounter/e0"})
    assert [c.text for c in chart(now, old, encounter_id="e1").complaints] == ["arm pain"]


def test_without_an_encounter_the_newest_diagnosis_is_the_complaint(chart):
    now = condition("arm pain", category="encounter-diagnosis", recordedDate="2031-05-06T11:00:00Z")
    old = condition("old rash", category="encounter-diagnosis", recordedDate="2031-04-06T11:00:00Z")
    case = chart(now, old, observation("8867-4", 88, "/min", ucum="/min"))
    assert [c.text for c in case.complaints] == ["arm pain"]
    assert [p.concept.text for p in case.problems] == ["old rash"]


def test_the_same_complaint_from_two_places_stands_once(chart):
    case = chart(
        encounter(reasonCode=[{"text": "Arm pain"}]), observation("8661-1", valueString="arm pain"), encounter_id="e1"
    )
    assert [c.origin for c in case.complaints] == [ComplaintOrigin.ENCOUNTER]


# -- intake ----------------------------------------------------------------------------------------------------------


def item(link, question, **answer):
    return {"linkId": link, "text": question, "answer": [answer]}


def test_every_type_of_answer_is_read_in_document_order(chart):
    nested = item("3", "Do you smoke?", valueBoolean=True)
    nested["answer"][0]["item"] = [item("3.1", "How many a day?", valueInteger=5)]
    group = {"linkId": "g", "item": [item("4", "Pain", valueCoding={"display": "severe"})]}
    case = chart(
        intake(
            item("1", "When did it start?", valueDate="2031-05-05"),
            item("2", "How far can you walk?", valueDecimal=1.5),
            nested, group,
            item("5", "Weight", valueQuantity={"value": 70, "unit": "kg"}),
        )
    )  # fmt: skip
    assert [(a.link_id, a.answer) for a in case.intake] == [
        ("1", "2031-05-05"), ("2", "1.5"), ("3", "yes"), ("3.1", "5"), ("4", "severe"), ("5", "70 kg"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("link", "question"),
    [("x", "What is the reason for your visit today?"), ("chiefComplaint", ""), ("q1", "What brings you in today?")],
)
def test_the_answer_to_why_is_a_complaint_too(chart, link, question):
    asked = {k: v for k, v in item(link, question, valueString=LAY).items() if v}
    (complaint,) = chart(intake(asked)).complaints
    assert (complaint.text, complaint.origin) == (LAY.strip(), ComplaintOrigin.INTAKE)


def test_other_answers_are_no_complaints(chart):
    assert chart(intake(item("q2", "Any reason not to take tablets?", valueString="no"))).complaints == ()


def test_answers_of_last_year_do_not_speak_of_this_visit(chart):
    old = intake(item("1", "Chest pain?", valueBoolean=True), at="2030-05-01T10:00:00Z")
    case = chart(old, observation("8867-4", 88, "/min", ucum="/min"))
    assert case.intake == ()
    assert [r.reason for r in case.refused] == ["past-visit"]


# -- medicines -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "completed"}, "inactive"),
        ({"status": "entered-in-error"}, "entered-in-error"),
        ({"doNotPerform": True}, "refuted"),
        ({"intent": "proposal"}, "inactive"),
        ({"status": "sparkling"}, "invalid"),
    ],
)
def test_an_order_that_is_no_current_order_is_refused(chart, change, reason):
    case = chart(medication_request(**change))
    assert case.medications == ()
    assert [r.reason for r in case.refused] == [reason]


def statement(status, **more):
    return {
        "resourceType": "MedicationStatement", "status": status, "subject": ME,
        "medicationCodeableConcept": {"text": "Inventedol"},
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        ("active", []),
        ("intended", []),
        ("not-taken", ["refuted"]),
        ("stopped", ["inactive"]),
        ("recorded", ["wrong-version"]),
    ],
)
def test_a_statement_counts_only_when_the_medicine_is_taken(chart, status, refused):
    case = chart(statement(status))
    assert [r.reason for r in case.refused] == refused
    assert len(case.medications) == (not refused)


def test_a_contained_medication_is_found(chart):
    drug = {"resourceType": "Medication", "id": "m", "code": {"text": "Fictitin 10 mg"}}
    order = medication_request(contained=[drug], medicationReference={"reference": "#m"})
    del order["medicationCodeableConcept"]
    assert [m.concept.text for m in chart(order).medications] == ["Fictitin 10 mg"]


def test_a_medication_sent_beside_the_order_is_found(chart):
    drug = {"resourceType": "Medication", "id": "m7", "code": {"text": "Fictitin 20 mg"}}
    order = medication_request(medicationReference={"reference": "https://ehr.example.org/fhir/Medication/m7"})
    del order["medicationCodeableConcept"]
    assert [m.concept.text for m in chart(order, drug).medications] == ["Fictitin 20 mg"]


def test_a_dosage_is_given_as_written_or_put_together(chart):
    written = medication_request(dosageInstruction=[{"text": "one at night"}])
    structured = medication_request(
        dosageInstruction=[
            {
                "doseAndRate": [{"doseQuantity": {"value": 5.0, "unit": "mg"}}],
                "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}},
                "asNeededBoolean": True,
            }
        ]
    )
    assert [m.dosage for m in chart(written, structured).medications] == [
        "one at night",
        "5 mg, 2 x per 1 d, as needed",
    ]


# -- allergies -------------------------------------------------------------------------------------------------------


def test_an_active_allergy_is_read(chart):
    (found,) = chart(allergy(criticality="high", reaction=[{"manifestation": [{"text": "hives"}]}])).allergies
    assert (found.concept.text, found.criticality, found.reactions) == ("Imaginary pollen", "high", ("hives",))


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"clinical": "resolved"}, "inactive"), ({"verification": "refuted"}, "refuted"),
     ({"verification": "entered-in-error"}, "entered-in-error")],
)  # fmt: skip
def test_an_allergy_that_does_not_count_is_refused(chart, change, reason):
    case = chart(allergy(**change))
    assert case.allergies == ()
    assert [r.reason for r in case.refused] == [reason]


@pytest.mark.parametrize("code", [coded(SNOMED, "716186003"), {"text": "No known allergies"}, {"text": "NKA"}])
def test_no_known_allergy_is_never_an_allergy(chart, code):
    case = chart(allergy(code=code))
    assert case.no_known_allergies
    assert case.allergies == ()


def test_no_known_drug_allergy_does_not_rule_out_others(chart):
    for code in (coded(SNOMED, "409137002"), {"text": "NKDA"}):
        case = chart(allergy(code=code))
        assert not case.no_known_allergies
        assert case.allergies == ()


def test_an_allergy_beside_no_known_allergy_wins(chart):
    case = chart(allergy(code=coded(SNOMED, "716186003")), allergy("Imaginary nuts"))
    assert not case.no_known_allergies
    assert len(case.allergies) == 1


def test_an_unasked_allergy_history_is_absent(reasons):
    system = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
    assert reasons(allergy(code=coded(system, "no-allergy-info"))) == ["absent"]


def _until(*ends):
    return [{"timing": {"repeat": {"boundsPeriod": {"start": "2031-04-01", "end": end}}}} for end in ends]


@pytest.mark.parametrize(
    ("doses", "taken"),
    [
        (_until("2031-05-05"), False),
        (_until("2031-05-06"), True),
        (_until("2031-05"), True),
        (_until("2031-04-10", "2031-06-01"), True),
        ([*_until("2031-04-10"), {"text": "then one at night"}], True),
    ],
)
def test_a_course_whose_last_day_is_past_is_no_longer_taken_although_its_order_is_active(chart, doses, taken):
    assert bool(chart(medication_request(dosageInstruction=doses)).medications) is taken

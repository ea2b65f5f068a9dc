"""A restricting label reaches the copies of a resource, what points to it, and what it holds."""

import pytest

from fhir_mappers.inspection import inspect, labelled_sensitive
from fhir_mappers.limits import Limits
from tests.support.fhir_values import (
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

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
DS4P = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/"
RESTRICTED = {"security": [{"system": CONFIDENTIALITY, "code": "R"}]}
NORMAL = {"security": [{"system": CONFIDENTIALITY, "code": "N"}]}


def to(reference):
    return {"reference": reference}


def withheld(chart, *resources, **more):
    """The handles of the resources that a label restricts."""
    return chart(*resources, **more).sensitive


@pytest.mark.parametrize(
    "code", ["ETH", "HIV", "PSY", "SDV", "SUD", "SEX", "STD", "42CFRPart2", "OPIOIDUD", "nonsense"]
)
def test_every_sensitivity_restricts(chart, code):
    assert withheld(chart, condition(meta={"security": [{"system": ACT_CODE, "code": code}]})) == {"cond-1"}


HL7 = "http://terminology.hl7.org/CodeSystem/"


@pytest.mark.parametrize("system", ["v3-ActReason", "v3-ObservationValue", "iso-21089-lifecycle", "v3-ActUSPrivacyLaw"])
@pytest.mark.parametrize("code", ["42CFRPart2", "ETH", "PSY", "R", "HMARKT", "hold", "nonsense"])
def test_a_code_that_is_not_known_to_be_harmless_restricts_under_any_system(system, code):
    assert inspect(condition(meta={"security": [{"system": HL7 + system, "code": code}]}), Limits()).sensitive


@pytest.mark.parametrize(
    ("system", "code"),
    [("v3-ActReason", "HTEST"), ("v3-ActReason", "TREAT"), ("v3-ObservationValue", "SUBSETTED"),
     ("iso-21089-lifecycle", "amend")],
)  # fmt: skip
def test_a_harmless_label_restricts_nothing(system, code):
    assert not inspect(condition(meta={"security": [{"system": HL7 + system, "code": code}]}), Limits()).sensitive


@pytest.mark.parametrize(
    "meta",
    [
        {"security": {"system": CONFIDENTIALITY, "code": "R"}},
        {"security": ["R"]},
        {"security": "R"},
        {"security": [{"coding": "R"}]},
        {"security": [{"coding": [{"system": CONFIDENTIALITY, "code": "V"}]}]},
        {"tag": [{"system": CONFIDENTIALITY, "code": "R"}]},
        {"tag": [{"system": ACT_CODE, "code": "PSY"}]},
        {"extension": [{"url": DS4P + "extension-has-inline-sec-label", "valueBoolean": True}]},
    ],
)
def test_a_label_in_another_shape_or_place_restricts_as_well(meta):
    resource = condition(meta=meta)
    assert inspect(resource, Limits()).sensitive
    assert labelled_sensitive(resource)


@pytest.mark.parametrize(
    "meta",
    [
        NORMAL,
        {"security": []},
        {"security": None},
        {"tag": [{"system": "http://clinic.example/tags", "code": "R"}]},
        {"tag": [{"system": ["odd"], "code": "R"}]},
        {"extension": [{"url": DS4P + "extension-has-inline-sec-label", "valueBoolean": False}]},
    ],
)
def test_a_label_that_says_normal_and_a_tag_of_the_clinic_restrict_nothing(meta):
    assert not inspect(condition(meta=meta), Limits()).sensitive


@pytest.mark.parametrize("at", ["root", "code", "deep"])
def test_a_label_inside_a_resource_restricts_all_of_it(at):
    label = {
        "extension": [{"url": DS4P + "extension-inline-sec-label", "valueCoding": {"system": ACT_CODE, "code": "HIV"}}]
    }
    places = {
        "root": condition(**label),
        "code": condition(code={"text": "Made-up disease", **label}),
        "deep": condition(evidence=[{"detail": [{"reference": "Observation/1", **label}]}]),
    }
    assert inspect(places[at], Limits()).sensitive


def test_what_was_written_in_a_labelled_visit_is_restricted(chart):
    here = {"encounter": to("Encounter/e1")}
    found = withheld(
        chart,
        encounter("e1", meta=RESTRICTED),
        condition("Made-up dependence", id="c1", **here),
        condition("Made-up sprain", id="c2"),
        observation("8867-4", 80, "/min", id="o1", **here),
        medication_request("Inventedol", id="m1", **here),
        intake({"linkId": "1", "text": "Why?", "answer": [{"valueString": "Because"}]}, id="q1", **here),
        document("Group therapy went well.", id="d1", context={"encounter": [to("Encounter/e1")]}),
    )
    assert found == {"enc-1", "cond-1", "obs-1", "med-1", "qr-1", "doc-1"}
    assert isinstance(found, frozenset)  # what the vault stores knows no other sets


def test_a_visit_within_a_labelled_visit_or_episode_is_restricted_with_all_that_was_written_in_it(chart):
    found = withheld(
        chart,
        encounter("e1", meta=RESTRICTED),
        encounter("e2", partOf=to("Encounter/e1")),
        encounter("e3", partOf=to("Encounter/e2")),
        condition("Made-up dependence", id="c1", encounter=to("Encounter/e3")),
    )
    assert found == {"enc-1", "enc-2", "enc-3", "cond-1"}
    episode = {
        "resourceType": "EpisodeOfCare",
        "id": "ep",
        "status": "active",
        "patient": to("Patient/p1"),
        "meta": RESTRICTED,
    }
    within = encounter("e1", episodeOfCare=[to("EpisodeOfCare/ep")])
    assert withheld(chart, episode, within, condition(id="c1", encounter=to("Encounter/e1"))) == {"enc-1", "cond-1"}


@pytest.mark.parametrize(
    "holder",
    [
        {
            "resourceType": "List",
            "id": "l",
            "status": "current",
            "mode": "working",
            "entry": [{"item": to("Condition/c1")}],
        },
        {"resourceType": "Composition", "id": "x", "section": [{"section": [{"entry": [to("Condition/c1")]}]}]},
        {
            "resourceType": "Consent",
            "id": "k",
            "provision": {"data": [{"meaning": "instance", "reference": to("Condition/c1")}]},
        },
    ],
)
def test_what_a_labelled_collection_holds_is_restricted(chart, holder):
    held, free = condition("Made-up dependence", id="c1"), condition("Made-up sprain", id="c2")
    assert withheld(chart, held, free, holder | {"meta": RESTRICTED}) == {"cond-1"}
    assert withheld(chart, held, free, holder) == frozenset()


def test_a_composition_that_calls_itself_confidential_restricts_what_it_holds(chart):
    composition = {"resourceType": "Composition", "confidentiality": "V", "section": [{"entry": [to("Condition/c1")]}]}
    assert withheld(chart, condition(id="c1"), composition) == {"cond-1"}
    assert withheld(chart, condition(id="c1"), composition | {"confidentiality": "N"}) == frozenset()


def test_a_visit_does_not_tell_its_labelled_reason(chart):
    secret = condition("Made-up dependence", id="c1", meta=RESTRICTED)
    visit = encounter("e1", reasonReference=[to("Condition/c1")])
    case = chart(secret, visit, encounter_id="e1")
    assert [c.text for c in case.complaints] == ["Made-up dependence"]  # the rules read it
    assert {c.source for c in case.complaints} <= case.sensitive


def test_the_reason_of_a_labelled_order_and_the_results_of_a_labelled_report_are_restricted(chart):
    order = medication_request("Inventedol", id="m1", meta=RESTRICTED, reasonReference=[to("Condition/c1")])
    assert withheld(chart, condition(id="c1"), order) == {"cond-1", "med-1"}
    report = {
        "resourceType": "DiagnosticReport", "id": "r", "status": "final", "code": coded("http://loinc.org", "11502-2"),
        "subject": to("Patient/p1"), "conclusion": "Positive.", "result": [to("Observation/o1")], "meta": RESTRICTED,
    }  # fmt: skip
    assert withheld(chart, observation("8867-4", 80, "/min", id="o1"), report) == {"obs-1", "rep-1"}


def test_a_labelled_result_does_not_restrict_the_visit_or_its_other_results(chart):
    here = {"encounter": to("Encounter/e1")}
    secret = observation("8867-4", 80, "/min", id="o1", meta=RESTRICTED, **here)
    other = observation("8480-6", 120, "mm[Hg]", id="o2", **here)
    assert withheld(chart, encounter("e1"), secret, other) == {"obs-1"}


@pytest.mark.parametrize("labelled_first", [True, False])
def test_of_two_copies_of_a_resource_the_label_of_either_counts(chart, labelled_first):
    copies = [condition(id="c1", meta=RESTRICTED), condition(id="c1")]
    assert withheld(chart, *(copies if labelled_first else reversed(copies)))
    case = chart(*copies)
    assert {p.source for p in case.problems} <= case.sensitive


@pytest.mark.parametrize("labelled_first", [True, False])
def test_of_two_notes_with_the_same_text_the_restricted_one_is_kept(chart, labelled_first):
    notes = [
        document("Group therapy went well.", id="d1", meta=RESTRICTED),
        document("Group therapy went well.", id="d2"),
    ]
    case = chart(*(notes if labelled_first else reversed(notes)))
    assert len(case.documents) == 1
    assert case.documents[0].source in case.sensitive


def test_the_label_of_a_clinician_or_a_place_says_nothing_of_the_facts(chart):
    clinician = {"resourceType": "Practitioner", "id": "d", "meta": RESTRICTED}
    assert withheld(chart, clinician, condition(id="c1", recorder=to("Practitioner/d"))) == frozenset()


def test_a_labelled_patient_and_a_labelled_copy_of_it_restrict_the_patient(chart):
    assert withheld(chart, condition(), person=patient(meta=RESTRICTED)) >= {"patient-1"}
    assert withheld(chart, condition(), bundle(patient(meta=RESTRICTED))) >= {"patient-1"}


@pytest.mark.parametrize("key", ["modifierExtension", "implicitRules"])
@pytest.mark.parametrize("depth", range(6))
def test_a_modifier_at_any_depth_costs_the_resource(chart, key, depth):
    value = [{"url": "http://example.org/negates", "valueBoolean": True}] if key == "modifierExtension" else "http://x"
    part = {key: value}
    for _ in range(depth):
        part = {"extension": [{"url": "http://example.org/deeper", **part}]}
    drug = {"resourceType": "Medication", "id": "m", "ingredient": [part]}
    resources = [condition(evidence=[part]), medication_request(contained=[drug])]
    assert all(inspect(r, Limits()).modified for r in resources)
    case = chart(*resources)
    assert (case.problems, case.medications) == ((), ())


def test_an_order_of_a_medicine_that_is_not_understood_is_not_read(chart):
    mark = {"modifierExtension": [{"url": "http://example.org/negates", "valueBoolean": True}]}
    drug = {"resourceType": "Medication", "id": "m", "code": {"text": "Inventedol"}, "batch": mark}
    order = medication_request(medicationReference=to("Medication/m"))
    del order["medicationCodeableConcept"]
    case = chart(order, drug)
    assert case.medications == ()
    assert {r.reason for r in case.refused} == {"modifier-extension"}


def test_the_reason_of_a_visit_is_not_taken_from_a_condition_that_is_not_understood(chart):
    negated = condition(
        "Made-up disease", id="c1", modifierExtension=[{"url": "http://example.org/not", "valueBoolean": True}]
    )
    visit = encounter("e1", reasonReference=[to("Condition/c1")])
    assert chart(negated, visit, encounter_id="e1").complaints == ()

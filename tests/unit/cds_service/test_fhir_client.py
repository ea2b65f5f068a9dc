"""What a hook call misses is fetched: what comes, what does not and why, and that nothing beyond it is asked for."""

import base64
import json
import time

import pytest

from cds_service.fhir_client import FhirAccess, FhirClient, reasons
from cds_service.outbound import BaseUrl, Outbound
from fhir_mappers.mapping import map_case
from fhir_mappers.received import FIRST_PAGE
from hooks.prefetch import resolve, values_for
from hooks.scopes import parse
from hooks.services import PATIENT_TRIAGE
from tests.support.fhir_server import Answer, fhir_server, link, outcome
from tests.support.fhir_values import (
    ME,
    NOW,
    allergy,
    bundle,
    condition,
    document,
    encounter,
    intake,
    medication_request,
    observation,
    patient,
)

VALUES = values_for({"userId": "Practitioner/dr-1", "patientId": "p1", "encounterId": "e1"})
WANTED = {key: resolve(template, VALUES) for key, template in PATIENT_TRIAGE.prefetch.items()}
TOKEN = "canary-token.for~one/call+only=="
ALL = "patient/*.rs"


@pytest.fixture
def server():
    with fhir_server() as script:
        script.resources = [patient()]
        yield script


def client(**limits) -> FhirClient:
    limits = {"deadline_s": 5.0, "max_bytes": 1_000_000, "max_pages": 5, "max_linked": 20} | limits
    return FhirClient(Outbound(), **limits)


def access(server, *, scope=ALL, token=TOKEN) -> FhirAccess:
    base = BaseUrl.parse(server.base)
    return FhirAccess(base=base, token=token, scopes=None if scope is None else parse(scope), patient_id="p1")


def complete(server, prefetch, *keys, scope=ALL, token=TOKEN, **limits):
    wanted = {key: WANTED[key] for key in keys} if keys else WANTED
    return client(**limits).complete(prefetch, wanted, access(server, scope=scope, token=token))


def case(fetched):
    return map_case(
        fetched.prefetch, patient_id="p1", encounter_id="e1", now=NOW, declared=tuple(WANTED), absent=fetched.failures
    )


def missing(fetched) -> dict[str, str]:
    return {m.what: m.reason for m in case(fetched).missing}


# -- what is missing is fetched --------------------------------------------------------------------------------------


@pytest.mark.requirement("E1", "E2")
def test_every_key_that_was_not_sent_is_fetched(server):
    server.resources += [encounter(), condition(id="c1"), allergy(id="a1"), medication_request(id="m1")]
    fetched = complete(server, {})
    assert fetched.fetched == tuple(WANTED)
    assert fetched.failures == {}
    assert sorted(server.asked) == sorted(query.relative for query in WANTED.values())
    chart = case(fetched)
    assert [p.concept.text for p in chart.problems] == ["Made-up disease"]
    assert [m.concept.text for m in chart.medications] == ["Inventedol 5 mg"]
    assert [a.concept.text for a in chart.allergies] == ["Imaginary pollen"]
    assert chart.missing == ()


@pytest.mark.requirement("E2")
def test_prefetch_and_fetching_give_the_same_chart(server):
    server.resources += [condition(id="c1"), medication_request(id="m1")]
    sent = {
        "patient": patient(),
        "conditions": bundle(condition(id="c1")),
        "medicationRequests": bundle(medication_request(id="m1")),
    }
    keys = tuple(sent)
    assert case(complete(server, {}, *keys)) == case(complete(server, sent, *keys))
    assert len(server.asked) == len(keys)


@pytest.mark.requirement("E3", "E4")
def test_what_was_sent_is_not_asked_for_again_even_if_empty_failed_or_wrong(server):
    sent = {
        "patient": patient(), "conditions": None, "allergies": outcome("error"), "observations": bundle(),
        "labs": "nonsense", "documents": {}, "reports": [], "intake": outcome("fatal"), "encounter": patient(id="p2"),
        "medicationRequests": bundle(outcome("error")), "medicationStatements": bundle(total=7), "surveys": None,
        "socialHistory": bundle(), "procedures": bundle(), "immunizations": outcome("error"),
    }  # fmt: skip
    fetched = complete(server, sent)
    assert server.connections == 0
    assert fetched.prefetch == sent
    assert (fetched.fetched, fetched.failures) == ((), {})


@pytest.mark.requirement("E6")
def test_the_token_is_sent_on_each_call(server):
    server.resources += [medication_request(id=f"m{n}") for n in range(3)]
    del server.resources[-1]["medicationCodeableConcept"]
    server.resources[-1]["medicationReference"] = {"reference": "Medication/drug"}
    server.page_size = 1
    complete(server, {})
    assert {seen.headers.get("Authorization") for seen in server.requests} == {f"Bearer {TOKEN}"}
    assert {seen.headers.get("Accept") for seen in server.requests} == {"application/fhir+json"}
    assert "Medication/drug" in server.asked
    assert len(server.asked) == len(WANTED) + 2 + 1


def test_without_a_token_none_is_sent(server):
    assert complete(server, {}, "patient", scope=None, token=None).fetched == ("patient",)
    assert "Authorization" not in server.requests[0].headers


@pytest.mark.requirement("E7")
def test_the_token_is_kept_nowhere(server):
    made, allowed = client(), access(server)
    server.answers["Condition"] = Answer(status=500, content=outcome("fatal"))
    fetched = made.complete({}, WANTED, allowed)
    assert server.requests
    held = [
        repr(vars(made)),
        repr(vars(made._outbound)),
        repr(allowed),
        str(allowed),
        repr(fetched),
        str(fetched.failures),
    ]
    assert not [text for text in held if TOKEN in text]
    assert TOKEN not in json.dumps(dict(fetched.prefetch))


@pytest.mark.requirement("E6", "E7")
@pytest.mark.parametrize("token", ["a b", "a\r\nX-Evil: 1", "ä", "", "a=b"])
def test_a_token_that_no_header_can_carry_is_not_sent(server, token):
    fetched = complete(server, {}, "patient", token=token)
    assert fetched.failures == {"patient": reasons.BAD_TOKEN}
    assert server.connections == 0


# -- what fails costs its key ----------------------------------------------------------------------------------------

FAILURES = {
    "unauthorised": (Answer(status=401, content=outcome("error")), reasons.DENIED),
    "forbidden": (Answer(status=403, content=outcome("error")), reasons.DENIED),
    "absent": (Answer(status=404, content=outcome("error")), reasons.NOT_THERE),
    "gone": (Answer(status=410, content=outcome("error")), reasons.NOT_THERE),
    "busy": (Answer(status=429, content={}), reasons.SERVER_ERROR),
    "broken": (Answer(status=500, body=b"<html>"), reasons.SERVER_ERROR),
    "created": (Answer(status=201, content=bundle()), reasons.SERVER_ERROR),
    "redirect": (Answer(status=307, content={}, headers={"Location": "/elsewhere"}), reasons.REDIRECTED),
    "not-called-fhir": (Answer(content=bundle(), media_type="text/html"), reasons.UNREADABLE),
    "not-called-anything": (Answer(content=bundle(), media_type=""), reasons.UNREADABLE),
    "html": (Answer(body=b"<html>", media_type="text/html"), reasons.UNREADABLE),
    "xml": (Answer(body=b"<Bundle/>", media_type="application/fhir+xml"), reasons.UNREADABLE),
    "no-json": (Answer(body=b"{"), reasons.UNREADABLE),
    "list": (Answer(content=[bundle()]), reasons.UNREADABLE),
    "nan": (Answer(body=b'{"resourceType": "Bundle", "total": NaN}'), reasons.UNREADABLE),
    "twice": (Answer(body=b'{"resourceType": "Bundle", "resourceType": "Bundle"}'), reasons.UNREADABLE),
    "latin-1": (Answer(body='{"resourceType": "Bundle", "x": "\xe4"}'.encode("latin-1")), reasons.UNREADABLE),
    "deep": (Answer(body=b'{"resourceType": "Bundle", "x": ' + b"[" * 5000 + b"]" * 5000 + b"}"), reasons.UNREADABLE),
    "packed": (Answer(content=bundle(), headers={"Content-Encoding": "gzip"}), reasons.UNREADABLE),
    "other-type": (Answer(content=patient()), reasons.UNREADABLE),
    "outcome": (Answer(content=outcome("error")), reasons.SERVER_ERROR),
    "huge": (Answer(body=b"x" * 1_000_001), reasons.TOO_LARGE),
    "nothing": (Answer(raw=b"\r\n"), reasons.UNREACHABLE),
}


@pytest.mark.requirement("E2")
@pytest.mark.parametrize("kind", FAILURES)
def test_what_goes_wrong_costs_its_key_and_has_a_reason(server, kind):
    server.answers["Condition"], reason = FAILURES[kind]
    fetched = complete(server, {}, "patient", "conditions")
    assert fetched.failures == {"conditions": reason}
    assert fetched.fetched == ("patient",)
    assert "conditions" not in fetched.prefetch
    assert missing(fetched) == {"conditions": reason}


def test_no_reason_holds_a_value():
    words = [value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)]
    assert len(words) == len(set(words)) >= 15
    assert all(word.replace("'", "").replace(" ", "").isalpha() for word in words)


@pytest.mark.requirement("E11")
@pytest.mark.parametrize("other", [patient(id="p2"), encounter("p1"), {"resourceType": "Patient"}, {}, {"id": "p1"}])
def test_a_read_that_gives_something_else_is_not_taken(server, other):
    server.answers["Patient/p1"] = Answer(content=other)
    assert complete(server, {}, "patient").failures == {"patient": reasons.UNREADABLE}


@pytest.mark.requirement("E11")
def test_another_patients_data_are_fetched_but_not_used(server):
    other = {"reference": "Patient/p2"}
    server.answers["Condition"] = Answer(
        content=bundle(condition(id="c1"), condition("Foreign", id="c2", subject=other))
    )
    server.answers["AllergyIntolerance"] = Answer(content=bundle(patient(id="p2")))
    chart = case(complete(server, {}, "patient", "conditions", "allergies"))
    assert [p.concept.text for p in chart.problems] == ["Made-up disease"]
    assert [r.reason for r in chart.refused] == ["wrong-patient", "wrong-patient"]


def test_a_slow_server_costs_what_it_does_not_answer_in_time(server):
    server.resources += [condition(id="c1")]
    server.answers["AllergyIntolerance"] = Answer(content=bundle(), stall_s=10)
    server.answers["Encounter"] = Answer(body=b" " * 1000, drip_s=0.05)
    start = time.monotonic()
    fetched = complete(server, {}, deadline_s=1.5)
    assert time.monotonic() - start < 5
    assert fetched.failures == dict.fromkeys(("encounter", "allergies"), reasons.TIMEOUT)
    assert set(fetched.fetched) == set(WANTED) - {"encounter", "allergies"}


def test_one_budget_of_bytes_holds_for_all_keys(server):
    for kind in ("Condition", "AllergyIntolerance", "DocumentReference"):
        server.answers[kind] = Answer(body=json.dumps(bundle()).encode() + b" " * 400)
    fetched = complete(server, {}, "conditions", "allergies", "documents", max_bytes=1000)
    assert len(fetched.fetched) == 2
    assert list(fetched.failures.values()) == [reasons.TOO_LARGE]


def test_whatever_breaks_inside_costs_the_keys_and_keeps_what_was_sent(server, monkeypatch, capfd):
    def broken(*_, **__):
        raise RuntimeError(TOKEN)

    monkeypatch.setattr(Outbound, "get", broken)
    sent = {"patient": patient()}
    fetched = complete(server, sent, "patient", "conditions")
    assert (fetched.prefetch, fetched.failures) == (sent, {"conditions": reasons.BROKEN})
    monkeypatch.setattr("cds_service.fhir_client.client.Reader", broken)
    fetched = complete(server, sent, "patient", "conditions")
    assert (fetched.prefetch, fetched.failures) == (sent, {"conditions": reasons.BROKEN})
    said = "".join(capfd.readouterr())
    assert "fetch-failed" in said
    assert TOKEN not in said


# -- scopes and patient ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("E9", "E10")
@pytest.mark.parametrize("scope", ["patient/Patient.read patient/Condition.read", "patient/Patient.r user/Condition.s"])
def test_only_what_the_scopes_cover_is_asked_for(server, scope):
    fetched = complete(server, {}, scope=scope)
    assert set(fetched.fetched) == {"patient", "conditions"}
    assert set(fetched.failures.values()) == {reasons.NOT_COVERED}
    assert sorted(server.asked) == ["Condition?patient=p1", "Patient/p1"]


@pytest.mark.requirement("E9", "E10")
def test_a_granular_scope_narrows_the_query(server):
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    fetched = complete(server, {}, "labs", "observations", scope=f"patient/Observation.rs?category={system}|laboratory")
    assert fetched.failures == {"observations": reasons.NOT_COVERED}
    assert len(server.asked) == 1
    assert f"category={system}%7Claboratory" in server.asked[0]


@pytest.mark.requirement("E10")
def test_nothing_is_asked_for_another_patient(server):
    other = values_for({"userId": "Practitioner/dr-1", "patientId": "p2"})
    wanted = {key: resolve(PATIENT_TRIAGE.prefetch[key], other) for key in ("patient", "conditions")}
    fetched = client().complete({}, wanted, access(server))
    assert fetched.failures == dict.fromkeys(wanted, reasons.OTHER_PATIENT)
    assert server.connections == 0


# -- pages -----------------------------------------------------------------------------------------------------------


def names(fetched) -> list[str]:
    return sorted(p.concept.text for p in case(fetched).problems)


def problems(number: int, start: int = 0) -> list[dict]:
    return [condition(f"Disease {n}", id=f"c{n}") for n in range(start, start + number)]


@pytest.mark.requirement("E8")
def test_all_pages_of_a_fetched_search_are_read(server):
    server.resources += problems(7)
    server.page_size = 2
    fetched = complete(server, {"patient": patient()}, "conditions")
    assert names(fetched) == [f"Disease {n}" for n in range(7)]
    assert len(server.asked) == 4
    assert missing(fetched) == {}


@pytest.mark.requirement("E8")
@pytest.mark.parametrize("spelling", ["absolute", "relative", "rooted", "query"])
def test_the_further_pages_of_a_sent_bundle_are_read(server, spelling):
    server.resources += problems(3)
    url = {
        "absolute": f"{server.base}/Condition?patient=p1&_offset=1",
        "relative": "Condition?patient=p1&_offset=1",
        "rooted": "/fhir/Condition?patient=p1&_offset=1",
        "query": "?patient=p1&_offset=1",
    }[spelling]
    sent = {"patient": patient(), "conditions": bundle(*problems(1), link=[link("Condition", "self"), link(url)])}
    fetched = complete(server, sent)
    assert "Condition?patient=p1&_offset=1" in server.asked
    assert "Condition?patient=p1" not in server.asked
    assert names(fetched) == ["Disease 0", "Disease 1", "Disease 2"]
    assert "conditions" not in missing(fetched)
    assert sent["conditions"]["link"][1]["relation"] == "next"  # what was sent is not changed


@pytest.mark.requirement("E8")
def test_opaque_page_links_are_followed(server):
    server.answers["?_getpages=abc&_offset=1"] = Answer(content=bundle(*problems(1, 1)))
    first = bundle(*problems(1), link=[link(f"{server.base}?_getpages=abc&_offset=1")])
    fetched = complete(server, {"patient": patient(), "conditions": first}, "conditions")
    assert names(fetched) == ["Disease 0", "Disease 1"]


@pytest.mark.requirement("E8")
def test_beyond_the_most_pages_the_data_are_partial(server):
    server.resources += problems(9)
    server.page_size = 1
    fetched = complete(server, {"patient": patient()}, "conditions", max_pages=3)
    assert len(server.asked) == 3
    assert names(fetched) == ["Disease 0", "Disease 1", "Disease 2"]
    assert missing(fetched) == {"conditions": FIRST_PAGE}


@pytest.mark.requirement("E8")
def test_a_page_that_fails_leaves_the_pages_before_it_and_says_partial(server):
    server.resources += problems(3)
    server.page_size = 1
    server.answers["Condition?patient=p1&_offset=2"] = Answer(status=500, content=outcome("error"))
    fetched = complete(server, {"patient": patient()}, "conditions")
    assert names(fetched) == ["Disease 0", "Disease 1"]
    assert missing(fetched) == {"conditions": FIRST_PAGE}


@pytest.mark.requirement("E8")
@pytest.mark.parametrize("pages", [1, 2])
def test_pages_without_entries_that_do_not_end_are_said_to_be_a_part(server, pages):
    server.answers["Condition"] = Answer(content=bundle(link=[link("Condition?page=2")]))
    if pages == 1:
        server.answers["Condition?page=2"] = Answer(status=500, content={})
    assert missing(complete(server, {"patient": patient()}, "conditions")) == {"conditions": reasons.IN_PART}


@pytest.mark.requirement("E8")
def test_a_partial_search_whose_last_page_is_empty_is_said_to_be_a_part(server):
    server.answers["Condition?patient=p1"] = Answer(content=bundle(*problems(1), link=[link("Condition?page=2")]))
    server.answers["Condition?page=2"] = Answer(content=bundle(link=[link("Condition?page=3")]))
    server.answers["Condition?page=3"] = Answer(status=500, content={})
    fetched = complete(server, {"patient": patient()}, "conditions")
    assert names(fetched) == ["Disease 0"]
    assert missing(fetched) == {"conditions": FIRST_PAGE}


@pytest.mark.requirement("E8")
def test_a_link_in_a_circle_is_followed_once(server):
    server.answers["Condition"] = Answer(content=bundle(*problems(1), link=[link("Condition?page=2")]))
    fetched = complete(server, {"patient": patient()}, "conditions", max_pages=50)
    assert server.asked == ["Condition?patient=p1", "Condition?page=2"]
    assert names(fetched) == ["Disease 0"]
    assert missing(fetched)["conditions"] == FIRST_PAGE


def test_of_the_newest_only_one_page_is_read(server):
    server.resources += [observation("8867-4", 80 + n, "/min", ucum="/min", id=f"o{n}") for n in range(150)]
    fetched = complete(server, {"patient": patient()}, "observations")
    assert len(server.asked) == 1
    assert len(fetched.prefetch["observations"]["entry"]) == 100


@pytest.mark.requirement("E8", "E10")
@pytest.mark.parametrize(
    "url",
    ["Patient?patient=p1", "Observation?patient=p1&_offset=1", "Condition?patient=p2", "Condition?subject=Patient/p2",
     "Condition?patient=p1&patient=p2", "Condition?patient:Patient=p2", "Condition?patient.name=x"],
)  # fmt: skip
def test_a_page_link_to_other_data_or_another_patient_is_not_followed(server, url):
    sent = {"patient": patient(), "conditions": bundle(*problems(1), link=[link(f"{server.base}/{url}")])}
    fetched = complete(server, sent, "conditions")
    assert server.connections == 0
    assert missing(fetched) == {"conditions": FIRST_PAGE}


@pytest.mark.requirement("E8", "E10")
def test_a_sent_bundle_is_not_read_on_beyond_the_scopes(server):
    sent = {"patient": patient(), "conditions": bundle(*problems(1), link=[link("Condition?page=2")])}
    fetched = complete(server, sent, "conditions", scope="patient/Observation.rs")
    assert server.connections == 0
    assert fetched.failures == {"conditions": reasons.NOT_COVERED}
    assert names(fetched) == ["Disease 0"]


@pytest.mark.parametrize(
    "links", [{}, "next", [None], [{"relation": "next"}], [{"relation": "next", "url": 7}], [link("")]]
)
def test_a_malformed_link_is_not_followed(server, links):
    sent = {"patient": patient(), "conditions": {**bundle(*problems(1)), "link": links}}
    assert names(complete(server, sent, "conditions")) == ["Disease 0"]
    assert server.connections == 0


# -- linked data -----------------------------------------------------------------------------------------------------


def order(reference: str, **more) -> dict:
    made = medication_request(id="m1", medicationReference={"reference": reference}, **more)
    del made["medicationCodeableConcept"]
    return made


def medicine(name="Inventedol", resource_id="drug") -> dict:
    return {"resourceType": "Medication", "id": resource_id, "code": {"text": name}}


def note(url: str, content_type="text/plain") -> dict:
    content = [{"attachment": {"contentType": content_type, "url": url}}]
    return {**document(""), "id": "d1", "content": content}


def binary(text: str, content_type="text/plain") -> dict:
    data = base64.b64encode(text.encode()).decode()
    return {"resourceType": "Binary", "id": "b1", "contentType": content_type, "data": data}


@pytest.mark.requirement("E2", "E6")
@pytest.mark.parametrize("reference", ["Medication/drug", "{base}/Medication/drug", "Medication/drug/_history/3"])
@pytest.mark.parametrize("sent", [True, False])
def test_the_medicine_that_an_order_points_to_is_fetched(server, reference, sent):
    made = order(reference.format(base=server.base))
    server.resources += [medicine(), made]
    prefetch = {"patient": patient()} | ({"medicationRequests": bundle(made)} if sent else {})
    fetched = complete(server, prefetch, "medicationRequests")
    assert server.asked[-1] == "Medication/drug"
    assert [m.concept.text for m in case(fetched).medications] == ["Inventedol"]


@pytest.mark.parametrize(
    "held",
    [
        bundle(order("Medication/drug"), medicine()),
        [order("Medication/drug"), medicine()],
        bundle(order("#drug", contained=[medicine()])),
    ],
)
def test_a_medicine_that_the_data_hold_is_not_fetched(server, held):
    fetched = complete(server, {"patient": patient(), "medicationRequests": held}, "medicationRequests")
    assert server.connections == 0
    assert case(fetched).medications


def test_a_medicine_held_under_another_key_is_not_fetched(server):
    complete(server, {"medicationRequests": order("Medication/drug"), "other": medicine()}, "medicationRequests")
    assert server.connections == 0


@pytest.mark.requirement("E2", "E6")
@pytest.mark.parametrize("content_type", ["text/plain", "text/html; charset=utf-8", "application/xml"])
@pytest.mark.parametrize("url", ["Binary/b1", "{base}/Binary/b1"])
def test_the_text_that_a_document_points_to_is_fetched(server, url, content_type):
    server.resources += [binary("<p>Feels dizzy.</p>" if "plain" not in content_type else "Feels dizzy.", content_type)]
    made = note(url.format(base=server.base), content_type)
    fetched = complete(server, {"patient": patient(), "documents": bundle(made)}, "documents")
    assert server.asked == ["Binary/b1"]
    assert [d.text for d in case(fetched).documents] == ["Feels dizzy."]


@pytest.mark.parametrize(
    "made",
    [
        note("Binary/b1", "application/pdf"),
        note("Binary/b1", "image/png"),
        note("Patient/p1"),
        note("Binary"),
        note("Binary/b1/x"),
        document("Feels dizzy.", id="d1"),
    ],
)
def test_only_texts_without_data_are_fetched(server, made):
    complete(server, {"patient": patient(), "documents": bundle(made)}, "documents")
    assert server.connections == 0


def test_the_text_of_a_report_is_fetched(server):
    server.resources += [binary("No fracture.")]
    report = {
        "resourceType": "DiagnosticReport", "id": "r1", "status": "final", "subject": ME, "code": {"text": "X-ray"},
        "presentedForm": [{"contentType": "text/plain", "url": "Binary/b1"}],
    }  # fmt: skip
    fetched = complete(server, {"patient": patient(), "reports": bundle(report)}, "reports")
    assert [d.text for d in case(fetched).documents] == ["No fracture."]


@pytest.mark.requirement("E10")
def test_linked_data_beyond_the_scopes_are_not_fetched_and_the_key_stays(server):
    sent = {
        "patient": patient(),
        "medicationRequests": bundle(order("Medication/drug")),
        "documents": note("Binary/b1"),
    }
    fetched = complete(server, sent, *sent, scope="patient/MedicationRequest.rs patient/DocumentReference.rs")
    assert server.connections == 0
    assert fetched.prefetch == sent
    assert fetched.failures == {}
    assert {r.reason for r in case(fetched).refused} == {"no-value", "not-embedded"}


def test_linked_data_that_fail_leave_the_key(server):
    server.answers["Medication/drug"] = Answer(content=medicine(resource_id="another"))
    sent = {"patient": patient(), "medicationRequests": bundle(order("Medication/drug", status="active"))}
    fetched = complete(server, sent, *sent)
    assert server.asked == ["Medication/drug"]
    assert (fetched.prefetch, fetched.failures) == (sent, {})


def test_no_more_linked_data_than_allowed_are_fetched_medicines_first(server):
    orders = [order(f"Medication/drug{n}") | {"id": f"m{n}"} for n in range(30)]
    sent = {"documents": note("Binary/b1"), "medicationRequests": bundle(*orders, *orders)}
    complete(server, sent, *sent, max_linked=7)
    assert sorted(server.asked) == [f"Medication/drug{n}" for n in range(7)]


def test_linked_data_beyond_the_scopes_leave_room_for_the_rest(server):
    server.resources += [binary("Feels dizzy.")]
    orders = [order(f"Medication/drug{n}") for n in range(9)]
    sent = {"patient": patient(), "medicationRequests": bundle(*orders), "documents": note("Binary/b1")}
    fetched = complete(server, sent, *sent, scope="patient/Binary.r", max_linked=2)
    assert [d.text for d in case(fetched).documents] == ["Feels dizzy."]


def test_data_of_any_shape_are_searched_for_links_without_harm(server):
    sent = {
        "patient": [[[[[[[patient()]]]]]]], "conditions": bundle("x", None, 7, [order("Medication/1")]),
        "medicationRequests": {"resourceType": "MedicationRequest", "medicationReference": ["Medication/1"]},
        "documents": {"resourceType": "DocumentReference", "content": [{"attachment": {"url": {}, "contentType": []}}]},
        "reports": {"resourceType": ["x"], "id": {}}, "labs": {"resourceType": "Bundle", "entry": {"resource": {}}},
    }  # fmt: skip
    fetched = complete(server, sent, *sent)
    assert fetched.prefetch == sent
    assert fetched.failures == {}


def test_an_intake_form_is_fetched_like_the_rest(server):
    server.resources += [
        intake({"linkId": "1", "text": "Why do you come?", "answer": [{"valueString": "Cough"}]}, id="q1")
    ]
    assert complete(server, {}, "intake").prefetch["intake"]["entry"][0]["resource"]["id"] == "q1"

"""A conformant service passes every check that applies; each defect is found, and found under its own id."""

import pytest
from flask import Response, jsonify, request

from cds_service.conformance.result import Verdict
from tests.support.cds_server import CdsServer, Refused, serving_cds, slow

FAILED = Verdict.FAILED


def failures(rows):
    return {row.id for row in rows.values() if row.verdict is FAILED}


def test_a_conformant_service_passes(checked):
    with serving_cds(CdsServer()) as base:
        rows = checked(base)
    assert failures(rows) == set()
    for proven in ("A2", "A4", "B1", "B6", "C1", "D3", "E3", "E5", "F4", "F15", "G3", "L1", "FB4", "FB7", "X1", "X7"):
        assert rows[proven].verdict is Verdict.PASSED, rows[proven]
    for absent in ("A1", "F3", "F18", "G4", "J6"):
        assert rows[absent].verdict in (Verdict.NOT_APPLICABLE, Verdict.PASSED), rows[absent]


# -- discovery and templates: the first service of the discovery answer is changed -------------------------------------

SERVICE_DEFECTS = {
    "A2": {"title": "Greeter", "extension": {}},
    "B4": {"hook": None},
    "B5": {"description": 5},
    "B6": {"id": None},
    "B7": {"title": None},
    "B8": {"prefetch": ["Patient/{{context.patientId}}"]},
    "B9": {"usageRequirements": None, "usage-requirements": "None."},
    "B10": {"version": "latest"},
    "B11": {"hookVersion": "3.0"},
}
TEMPLATE_DEFECTS = {
    "C1": "the patient, please",
    "C2": "Patient/{context.patientId}",
    "C3": "Patient/{{context.patient.id}}",
    "C4": "MedicationRequest?patient={{context.patientId}}&_id={{context.medications}}",
    "C5": "Condition?patient={{context.patientId}}&_has:Provenance:target:agent=x",
    "C7": "Observation?encounter={{%later.id}}",
}
ALSO = {"C2": {"C1"}, "C7": {"C3"}}
"""What else is broken by the same template."""


@pytest.mark.parametrize("requirement", SERVICE_DEFECTS)
def test_each_defect_of_a_discovery_entry_is_found(checked, requirement):
    server = CdsServer()
    entry = server.discovery["services"][0] | SERVICE_DEFECTS[requirement]
    server.discovery["services"][0] = {name: value for name, value in entry.items() if value is not None}
    with serving_cds(server) as base:
        assert failures(checked(base)) == {requirement}


@pytest.mark.parametrize("requirement", TEMPLATE_DEFECTS)
def test_each_defect_of_a_template_is_found(checked, requirement):
    server = CdsServer()
    service = server.discovery["services"][0]
    later = {"later": "Encounter?patient={{context.patientId}}"}
    service["prefetch"] = {"odd": TEMPLATE_DEFECTS[requirement]} | service["prefetch"] | later
    with serving_cds(server) as base:
        assert failures(checked(base)) - ALSO.get(requirement, set()) == {requirement}


def test_b6_one_id_twice_on_one_hook(checked):
    server = CdsServer()
    server.discovery["services"] *= 2
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"B6"}


def test_b2_services_is_an_array(checked):
    server = CdsServer()
    server.discovery = {"services": {"greeter": {}}}
    with serving_cds(server) as base:
        assert "B2" in failures(checked(base))


def test_b3_no_services_is_an_empty_array(checked):
    server = CdsServer()
    server.discovery = {"services": []}
    with serving_cds(server) as base:
        rows = checked(base)
    assert rows["B3"].verdict is Verdict.PASSED
    assert failures(rows) == set()
    assert rows["F1"].verdict is Verdict.SKIPPED


@pytest.mark.parametrize("body", ['{"services": [], }', '{"services": [] /* none */}', '{"services": NaN}'])
def test_a3_json_is_strict(checked, body):
    server = CdsServer()
    server.discover = lambda: Response(body, mimetype="application/json")
    with serving_cds(server) as base:
        assert failures(checked(base)) >= {"A3", "B1"}


# -- answers -----------------------------------------------------------------------------------------------------------

CARD_DEFECTS = {
    "A2": ({"detail": ""}, {"A2"}),
    "F4": ({"summary": "x" * 140}, {"F4"}),
    "F5": ({"indicator": "hard-stop"}, {"F5"}),
    "F6": ({"source": {"url": "https://example.org"}}, {"F6"}),
    "F7": ({"source": {"label": "Greeter", "icon": "icon.png"}}, {"F7"}),
    "F8": ({"source": {"label": "Greeter", "topic": {"code": "hello"}}}, {"F8"}),
    "F9": ({"uuid": "11111111-1111-4111-8111-111111111111"}, {"F9"}),
    "F10": ({"detail": {"text": "Hello"}}, {"F10"}),
    "F11": ({"detail": "<b>Hello</b>"}, {"F11"}),
    "F12": ({"selectionBehavior": "all"}, {"F12"}),
    "F15": ({"overrideReasons": [{"code": "no", "system": "urn:r"}]}, {"F15"}),
    "F19": ({"extension": "de"}, {"F19"}),
    "L1": ({"links": [{"label": "More", "url": "/more", "type": "absolute"}]}, {"L1"}),
    "L2": ({"links": [{"label": "M", "url": "https://example.org", "type": "absolute", "appContext": "x"}]}, {"L2"}),
    "L3": ({"links": [{"label": "M", "url": "https://example.org", "type": "smart", "autolaunchable": 1}]}, {"L3"}),
}
TASK = {"resourceType": "Task"}
SUGGESTION_DEFECTS = {
    "F13": [{"label": "a", "isRecommended": True}, {"label": "b", "isRecommended": True}],
    "F14": [{"actions": [{"type": "create", "description": "d", "resource": TASK}]}],
    "F17": [{"label": "a", "actions": {"type": "create"}}],
    "F18": [{"label": "a", "actionSelectionBehavior": "any"}],
    "G1": [{"label": "a", "actions": [{"type": "order", "description": "d"}]}],
    "G2": [{"label": "a", "actions": [{"type": "create", "resource": TASK}]}],
    "G3": [{"label": "a", "actions": [{"type": "create", "description": "d"}]}],
    "G4": [{"label": "a", "actions": [{"type": "update", "description": "d", "resource": TASK}]}],
    "G5": [{"label": "a", "actions": [{"type": "delete", "description": "d", "resource": "Task/1"}]}],
}


def with_card(server, change):
    if "uuid" in change:  # a card that keeps its uuid stands twice in the answer
        answer = server.answer
        server.answer = lambda body: {"cards": answer(body)["cards"] * 2}
    server.card |= change


@pytest.mark.parametrize("requirement", CARD_DEFECTS)
def test_each_defect_of_a_card_is_found(checked, requirement):
    change, expected = CARD_DEFECTS[requirement]
    server = CdsServer()
    with_card(server, change)
    with serving_cds(server) as base:
        assert failures(checked(base)) - {"F14"} == expected


@pytest.mark.parametrize("requirement", SUGGESTION_DEFECTS)
def test_each_defect_of_a_suggestion_is_found(checked, requirement):
    server = CdsServer()
    server.card["suggestions"] = SUGGESTION_DEFECTS[requirement]
    with serving_cds(server) as base:
        assert failures(checked(base)) == {requirement}


def test_a_well_formed_update_and_delete_pass(checked):
    update = {"type": "update", "description": "d", "resource": TASK | {"id": "1"}}
    delete = {"type": "delete", "description": "d", "resourceId": "Task/1"}
    server = CdsServer()
    server.card["suggestions"] = [{"label": "a", "actions": [update, delete]}]
    with serving_cds(server) as base:
        rows = checked(base)
    assert rows["G4"].verdict is rows["G5"].verdict is Verdict.PASSED
    assert failures(rows) == set()


def test_f2_an_empty_answer_is_good_and_s2_system_actions_are_reported(checked):
    server = CdsServer()
    server.answer = lambda body: {"cards": [], "systemActions": [{"type": "create", "resource": TASK}]}
    with serving_cds(server) as base:
        rows = checked(base)
    assert rows["F2"].verdict is rows["F3"].verdict is Verdict.PASSED
    assert failures(rows) == {"S2"}
    assert rows["FB1"].verdict is Verdict.SKIPPED


@pytest.mark.parametrize("status", [201, 202, 500])
def test_f1_success_is_200(checked, status):
    server = CdsServer()
    server.after = lambda response: set_status(response, status) if request.path.endswith("/greeter") else response
    with serving_cds(server) as base:
        rows = checked(base)
    assert rows["F1"].verdict is FAILED
    assert rows["D1"].verdict is Verdict.SKIPPED


def set_status(response, status):
    response.status_code = status
    return response


def test_a4_the_media_type_is_json(checked):
    server = CdsServer()

    def after(response):
        response.headers["Content-Type"] = "text/html"
        return response

    server.after = after
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"A4"}


def test_a4_a_charset_is_tolerated(checked):
    server = CdsServer()
    body = server.body
    server.body = lambda: body() if request.content_type == "application/json" else refuse(415)
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"A4"}


def refuse(status):
    raise Refused(status, "refused")


def test_a5_a_slow_service_is_told_by_its_median(checked):
    server = CdsServer()
    server.after = lambda r: slow(0.52)(r) if len(server.calls) <= 5 and request.path.endswith("/greeter") else r
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"A5"}


# -- requests ----------------------------------------------------------------------------------------------------------


def takes_anything(server):
    server.call = lambda service_id: jsonify(server.answer({}))
    server.report = lambda service_id: ("", 200)


MENDED = {
    "hook": lambda body: {"hook": "patient-view"},
    "hookInstance": lambda body: {"hookInstance": "11111111-1111-4111-8111-111111111111"},
    "context": lambda body: {"context": {"userId": "Practitioner/1", "patientId": "demo-1"}},
    "fhirServer": lambda body: {"fhirServer": "https://example.org"},
    "prefetch": lambda body: {"prefetch": {"patient": {"resourceType": "Patient", "id": body["context"]["patientId"]}}},
}


def lenient(server, without):
    """The service does not make one of its checks."""
    server.check_request = lambda body, service: CdsServer.check_request(server, body | MENDED[without](body), service)


@pytest.mark.parametrize(
    ("without", "requirements"),
    [
        ("hook", {"D1", "D7"}),
        ("hookInstance", {"D2"}),
        ("context", {"D3"}),
        ("fhirServer", {"D4"}),
    ],
)
def test_each_check_that_a_service_does_not_make_is_found(checked, without, requirements):
    server = CdsServer()
    lenient(server, without)
    with serving_cds(server) as base:
        assert failures(checked(base)) == requirements


def test_a_service_that_takes_anything_is_told_everything(checked):
    server = CdsServer()
    takes_anything(server)
    with serving_cds(server) as base:
        found = failures(checked(base))
    assert found == {"D1", "D2", "D3", "D4", "D7", "D8", "D9", "E11"} | {f"FB{n}" for n in (1, 2, 3, 4, 6, 10)}


def test_d6_unknown_extensions_do_no_harm(checked):
    server = CdsServer()
    check = server.check_request
    server.check_request = lambda body, service: refuse(500) if "extension" in body else check(body, service)
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"D6"}


def test_e3_null_and_an_empty_bundle_are_no_missing_data(checked):
    server = CdsServer()
    check = server.check_request

    def strict(body, service):
        if not body.get("prefetch", {}).get("conditions", {"entry": 1}):
            raise Refused(412, "conditions are missing")
        check(body, service)

    server.check_request = strict
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"E3"}


def test_e4_a_failed_query_of_the_client_is_no_crash(checked):
    server = CdsServer()
    check = server.check_request

    def fragile(body, service):
        check(body, service)
        if body["prefetch"].get("conditions") and body["prefetch"]["conditions"]["resourceType"] != "Bundle":
            raise Refused(500, "crash")

    server.check_request = fragile
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"E4"}


def test_e5_required_data_that_is_nowhere_is_412(checked):
    server = CdsServer()
    refuses = server.refuse
    server.refuse = lambda error: refuses(Refused(400, error.why) if error.status == 412 else error)
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"E5"}


def test_k1_a_failure_is_no_empty_card_list(checked):
    server = CdsServer()
    refuses = server.refuse
    server.refuse = lambda error: (jsonify({"cards": []}), 200) if error.status == 412 else refuses(error)
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"E5", "K1"}


def test_e11_another_patient_s_data_is_not_used(checked):
    server = CdsServer()
    check = server.check_request
    server.check_request = lambda body, service: (
        check(body | MENDED["prefetch"](body), service)
        if (body.get("prefetch", {}).get("patient", {}).get("id") == "somebody-else")
        else check(body, service)
    )
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"E11"}


def test_e12_a_full_patient_id_is_understood(checked):
    server = CdsServer()
    check = server.check_request

    def strict(body, service):
        check(body, service)
        if body["context"]["patientId"].startswith("Patient/"):
            raise Refused(400, "bare ids only")

    server.check_request = strict
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"E12"}


def test_d8_d9_the_right_status_is_asked_for(checked):
    server = CdsServer()
    refuses = server.refuse
    server.refuse = lambda error: refuses(Refused(400, error.why) if error.status in (404, 415) else error)
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"D8", "D9"}


TRACES = [
    'Traceback (most recent call last):\n  File "/srv/app.py", line 12, in call',
    "java.lang.NullPointerException\n\tat org.example.Cds.call(Cds.java:42)",
    "TypeError: x is not a function\n    at Object.<anonymous> (/srv/index.js:10:5)",
    "System.Exception: x\n   at Cds.Call(String id) in /src/Cds.cs:line 7",
]


@pytest.mark.parametrize("trace", TRACES)
def test_x7_a7_a_stack_trace_is_found(checked, trace):
    server = CdsServer()
    server.refuse = lambda error: (trace, error.status)
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"A7", "X7"}


# -- feedback ----------------------------------------------------------------------------------------------------------


def test_feedback_is_optional(checked):
    server = CdsServer()
    server.report = lambda service_id: refuse(404)
    with serving_cds(server) as base:
        rows = checked(base)
    assert failures(rows) == set()
    assert all(rows[f"FB{n}"].verdict is Verdict.SKIPPED for n in (1, 2, 3, 4, 6, 7, 9, 10))


@pytest.mark.parametrize(
    ("requirement", "refuses"),
    [
        ("FB6", lambda items, before: "." in items[0].get("outcomeTimestamp", "")),
        ("FB7", lambda items, before: len(items) > 1),
        ("FB9", lambda items, before: items[0] in before),
    ],
)
def test_each_good_report_that_is_refused_is_found(checked, requirement, refuses):
    server = CdsServer()
    check, before = server.check_item, []

    def strict(item):
        check(item)
        if refuses(request.get_json()["feedback"], before):
            raise Refused(409, "no")
        before.append(item)

    server.check_item = strict
    with serving_cds(server) as base:
        assert requirement in failures(checked(base))


# -- other origins -----------------------------------------------------------------------------------------------------


def test_x1_a_preflight_needs_no_token(checked):
    server = CdsServer()
    server.preflight = lambda: ("", 401)
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"X1"}


def test_x1_an_origin_that_is_named_must_be_admitted(checked):
    server = CdsServer()
    with serving_cds(server) as base:
        assert failures(checked(base, origin="https://ehr.example.org")) == {"X1"}
    admitted = CdsServer()

    def after(response):
        response.headers["Access-Control-Allow-Origin"] = "https://ehr.example.org"
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        return response

    admitted.after = after
    with serving_cds(admitted) as base:
        assert failures(checked(base, origin="https://ehr.example.org")) == set()


@pytest.mark.parametrize("origin", ["*", "https://browser.invalid"])
def test_x2_no_origin_of_all_with_credentials(checked, origin):
    server = CdsServer()

    def after(response):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Credentials"] = "true"
        return response

    server.after = after
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"X2"}

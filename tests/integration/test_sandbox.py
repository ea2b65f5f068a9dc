"""`cds-service sandbox` as an integrator uses it: files, FHIR servers, our service and another, answers, errors."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from cds_service.commands.sandbox import sandbox
from cds_service.sample.chart import request_body
from tests.support.apps import app_of
from tests.support.cds_server import CdsServer, Refused, serving_app, serving_cds
from tests.support.certificates import authority, server_context
from tests.support.fhir_server import fhir_server
from tests.support.processes import free_port


def chart_resources():
    values = request_body(datetime.now(UTC))["prefetch"].values()
    return [r for v in values for r in ([e["resource"] for e in v.get("entry", [])] if "entry" in v else [v])]


@pytest.fixture
def chart(tmp_path):
    path = tmp_path / "chart.json"
    path.write_text(json.dumps({"resourceType": "Bundle", "type": "collection",
                                "entry": [{"resource": r} for r in chart_resources()]}))  # fmt: skip
    return str(path)


@pytest.fixture
def play(tmp_path):
    key = tmp_path / "keys" / "key.json"
    return lambda *words: CliRunner(env={"COLUMNS": "200"}).invoke(sandbox, [*words, "--key", str(key)])


def shown(run):
    assert run.exit_code == 0, run.output
    return run.stdout


def test_our_service_shows_its_cards_and_takes_the_answers(app, built, chart, play):
    with serving_app(app) as base:
        run = play(base, "--patient", chart, "--accept", "1.1", "--override", "2=2:Not for this visit")
    out = shown(run)
    assert "patient-triage" in out
    assert "CRITICAL" in out
    assert "▸ 1.1 Critical: review this patient now" in out
    assert "patientId demo-1" in out
    assert "encounterId demo-enc" in out
    assert "Reasons to override card 1" in out
    assert "Not evaluated, as the answer's extension says:" in out
    assert out.count("recorded: True") == 2
    kinds = [f["outcome"] for c in built.recorder.recent(1)[0]["cards"] for f in c["feedback"]]
    assert sorted(kinds) == ["accepted", "overridden"]


def test_the_prefetch_that_an_ehr_would_send_is_sent(play, chart):
    server = CdsServer()
    with serving_cds(server) as base:
        shown(play(f"{base}/cds-services/", "--patient", chart))
    (call,) = server.calls
    assert call["prefetch"]["patient"]["id"] == "demo-1"
    conditions = call["prefetch"]["conditions"]
    assert (conditions["resourceType"], conditions["type"]) == ("Bundle", "searchset")
    assert conditions["total"] == len(conditions["entry"]) > 0
    assert call["context"] == {"userId": "Practitioner/example", "patientId": "demo-1", "encounterId": "demo-enc"}
    assert "fhirServer" not in call


def test_without_a_patient_a_fictional_one_is_used(play):
    server = CdsServer()
    with serving_cds(server) as base:
        shown(play(base))
    assert server.calls[0]["prefetch"]["patient"]["name"][0]["family"] == "Fictiva"


def test_what_cannot_be_filled_is_named(play, chart):
    server = CdsServer()
    server.discovery["services"][0]["prefetch"]["coded"] = "Condition?patient={{context.patientId}}&code:in=urn:vs"
    with serving_cds(server) as base:
        run = play(base, "--patient", chart)
    shown(run)
    assert "prefetch key coded is left out" in run.stderr
    assert "coded" not in server.calls[0]["prefetch"]


def test_a_choice_of_patients_is_put_to_the_person(play, tmp_path):
    patients = [{"resourceType": "Patient", "id": f"p{n}", "name": [{"family": f"Name{n}"}]} for n in range(2)]
    path = tmp_path / "two.json"
    path.write_text(json.dumps(patients))
    with serving_cds(CdsServer()) as base:
        run = play(base, "--patient", str(path))
        assert run.exit_code == 1
        assert "p0  Name0" in run.stderr.replace(" Name", "  Name").replace("   ", "  ")
        assert "p1" in run.stderr
        shown(play(base, "--patient", str(path), "--patient-id", "Patient/p1"))


# -- a FHIR server ---------------------------------------------------------------------------------------------------


@pytest.fixture
def fhir():
    with fhir_server() as server:
        server.resources = chart_resources()
        yield server


def test_templates_are_resolved_by_asking_a_fhir_server(play, fhir, tmp_path):
    token = tmp_path / "token"
    token.write_text("fictional-token\n")
    server = CdsServer()
    with serving_cds(server) as base:
        shown(play(base, "--patient", f"{fhir.base}/Patient/demo-1", "--token-file", str(token)))
    assert server.calls[0]["prefetch"]["conditions"]["total"] > 0
    assert "Condition?patient=demo-1&_sort=-date&_count=5" in fhir.asked
    assert all(seen.headers["Authorization"] == "Bearer fictional-token" for seen in fhir.requests)
    assert "fictional-token" not in json.dumps(server.calls)


def test_without_prefetch_the_service_is_told_where_to_ask(play, fhir, tmp_path):
    token = tmp_path / "token"
    token.write_text("fictional-token")
    server = CdsServer()
    server.check_request = lambda body, service: None
    patient = f"{fhir.base}/Patient/demo-1"
    with serving_cds(server) as base:
        shown(
            play(base, "--patient", patient, "--no-prefetch", "--token-file", str(token), "--scope", "patient/*.read")
        )
        shown(play(base, "--patient", patient, "--no-prefetch"))
    with_token, without = server.calls
    assert with_token["fhirServer"] == without["fhirServer"] == fhir.base
    authorization = with_token["fhirAuthorization"]
    assert (authorization["access_token"], authorization["token_type"]) == ("fictional-token", "Bearer")
    assert (authorization["scope"], authorization["patient"]) == ("patient/*.read", "demo-1")
    assert "prefetch" not in with_token
    assert "fhirAuthorization" not in without


def test_our_service_fetches_what_the_sandbox_does_not_send(built, play, fhir):
    app = app_of(built, fhir_servers=(fhir.base,))
    with serving_app(app) as base:
        out = shown(play(base, "--patient", f"{fhir.base}/Patient/demo-1", "--no-prefetch"))
    assert "CRITICAL" in out


def test_a_fhir_server_that_fails_is_told(play, fhir):
    fhir.resources = fhir.resources[:1]
    with serving_cds(CdsServer()) as base:
        run = play(base, "--patient", f"{fhir.base}/Patient/unknown")
        assert run.exit_code == 1
        assert "no such patient" in run.stderr
        run = play(base, "--patient", "http://ehr.example.org/fhir/Patient/1")
        assert (run.exit_code, "Refusing plain http" in run.stderr) == (1, True)


# -- tokens ----------------------------------------------------------------------------------------------------------


def test_a_service_that_does_not_know_us_tells_how_to_register_and_then_takes_us(built, chart, play, tmp_path):
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with serving_app(app_of(built, signed=True, external_url=base), port=port):
        run = play(base, "--patient", chart)
    assert run.exit_code == 1
    block = run.stderr[run.stderr.index("[[client]]") : run.stderr.index("If it is registered")]
    clients = tmp_path / "clients.toml"
    clients.write_text(block)  # what it says is all there is to do
    with serving_app(app_of(built, signed=True, clients_file=clients, external_url=base), port=port):
        out = shown(play(base, "--patient", chart, "--accept", "1.1"))
    assert "recorded: True" in out


# -- other services, other answers -----------------------------------------------------------------------------------


def test_raw_answers_are_json_lines(play, chart):
    with serving_cds(CdsServer()) as base:
        run = play(base, "--patient", chart, "--json")
    (answer,) = map(json.loads, shown(run).splitlines())
    assert answer["cards"][0]["summary"] == "A greeting"


def test_every_service_on_the_hook_is_called_and_one_that_fails_costs_itself_and_the_exit_code(play, chart):
    server = CdsServer()
    server.discovery["services"].append(server.discovery["services"][0] | {"id": "broken"})
    call = server.call

    def one_is_broken(service_id):
        if service_id == "broken":
            raise Refused(500, "it \x1b[31mbroke")
        return call(service_id)

    server.call = one_is_broken
    with serving_cds(server) as base:
        run = play(base, "--patient", chart)
        only_good = play(base, "--patient", chart, "--service", "greeter")
    assert run.exit_code == 1
    assert "A greeting" in run.stdout
    assert "broken: The service answered 500: it broke" in run.stderr
    assert only_good.exit_code == 0


def test_an_answer_that_breaks_cds_hooks_is_shown_and_said(play, chart):
    server = CdsServer()
    server.card |= {"indicator": "hard-stop", "detail": "<script>alert(1)</script>\x1b[31m"}
    with serving_cds(server) as base:
        run = play(base, "--patient", chart)
    assert "<script>alert(1)</script>" in shown(run)
    assert "\x1b" not in run.output
    assert "(F5)" in run.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"discover": lambda: ("<html>", 200)}, "something else than JSON"),
        ({"discover": lambda: ("", 302, {"Location": "https://elsewhere.example"})}, "redirects are not followed"),
        ({"discover": lambda: ("x" * 6_000_000, 200)}, "larger than"),
        ({"discover": lambda: {"services": "none"}}, "no array 'services'"),
        ({"discover": lambda: {"services": [{"id": "x"}]}}, "offers no such service"),
    ],
)
def test_what_goes_wrong_is_one_clear_line(play, chart, change, said):
    server = CdsServer()
    for name, value in change.items():
        setattr(server, name, value)
    with serving_cds(server) as base:
        run = play(base, "--patient", chart)
    assert run.exit_code == 1
    assert said in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


def test_https_is_verified_by_an_authority_of_one_s_own(play, chart, tmp_path):
    ca = authority(tmp_path)
    with serving_cds(CdsServer(), tls=server_context(ca, "127.0.0.1")) as base:
        strange = play(base, "--patient", chart)
        shown(play(base, "--patient", chart, "--ca-file", str(ca.file)))
    assert strange.exit_code == 1
    assert "certificate cannot be verified" in strange.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("http://127.0.0.1:9", "--patient", "CHART"),
        ("http://cds.example.org", "--patient", "CHART"),
        ("http://127.0.0.1:9", "--patient", "missing.json"),
    ],
)
def test_nothing_there_is_one_clear_line(play, chart, words):
    run = play(*(chart if w == "CHART" else w for w in words))
    assert run.exit_code == 1
    assert len(run.stderr.strip().splitlines()) == 1


def test_an_answer_to_no_card_is_an_error(play, chart):
    with serving_cds(CdsServer()) as base:
        run = play(base, "--patient", chart, "--accept", "7.1")
    assert run.exit_code == 1
    assert "There is no card 7" in run.stderr


def test_feedback_that_is_not_taken_is_an_error(play, chart):
    server = CdsServer()
    server.report = lambda service_id: ("", 404)
    with serving_cds(server) as base:
        run = play(base, "--patient", chart, "--accept", "1.1")
    assert run.exit_code == 1
    assert "404" in run.stderr


def test_answers_are_taken_at_a_terminal(chart, tmp_path):
    """In a real terminal the person is asked, a mistake is told and costs nothing, and Enter ends."""
    server = CdsServer()
    with serving_cds(server) as base:
        ours, theirs = os.openpty()
        command = [
            sys.executable,
            "-m",
            "cds_service",
            "sandbox",
            base,
            "--patient",
            chart,
            "--key",
            str(tmp_path / "k"),
        ]
        child = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        os.write(ours, b"accept 1.7\naccept 1.1\noverride 1 no Seen at triage\n\n")
        out, _ = child.communicate(timeout=60)
        os.close(ours)
        os.close(theirs)
    assert child.returncode == 0, out.decode()
    assert b"has no suggestion 7" in out
    assert [item["outcome"] for item in server.feedback] == ["accepted", "overridden"]
    assert server.feedback[1]["overrideReason"]["userComment"] == "Seen at triage"

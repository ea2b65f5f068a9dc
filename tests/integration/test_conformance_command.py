"""`cds-service conformance` against our own service, open and signed, and against a broken one."""

import json

import pytest
from click.testing import CliRunner

from cds_service.commands.conformance import conformance
from tests.support.apps import app_of
from tests.support.cds_server import CdsServer, serving_app, serving_cds
from tests.support.certificates import authority, server_context
from tests.support.processes import free_port


@pytest.fixture
def command(tmp_path):
    key = tmp_path / "sandbox" / "key.json"
    return lambda *words: CliRunner(env={"COLUMNS": "200"}).invoke(conformance, [*words, "--key", str(key)])


def results(run):
    assert run.exit_code == 0, run.output
    report = json.loads(run.stdout.splitlines()[-1])  # the service in this process logs to the same stream
    return {row["id"]: row for row in report["requirements"]}


@pytest.mark.requirement(
    "A2", "A3", "A4", "B1", "B2", "B4", "B5", "B6", "B7", "B8", "B9", "B10", "C1", "C2", "C3", "C4", "C5",
    "D1", "D2", "D3", "D4", "D6", "D7", "D8", "D9", "E3", "E4", "E5", "E11", "E12",
    "F1", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F12", "F14", "F15", "F16", "F17", "F18", "F19",
    "G1", "G2", "G3", "S2", "K1", "FB1", "FB2", "FB3", "FB4", "FB6", "FB7", "FB9", "FB10", "X1", "X2", "X7",
)  # fmt: skip
def test_our_service_passes_from_outside(app, command, request):
    with serving_app(app) as base:
        found = results(command(base, "--json"))
    assert not_passed(found, request) == {}
    assert all(row["result"] != "failed" for row in found.values() if row["level"] in ("MUST", "MUST-NOT", "COND"))


@pytest.mark.requirement("J1", "J2", "J4", "J5", "J6", "J7", "J9", "J10", "J12")
def test_our_service_with_registered_clients_passes_from_outside(built, command, tmp_path, request):
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    assert command(base).exit_code == 1  # nobody there yet; it makes the key
    clients = tmp_path / "clients.toml"
    clients.write_text(
        '[[client]]\nname = "sandbox"\niss = "https://sandbox.invalid"\njwks_file = "sandbox/key.public.json"'
    )
    app = app_of(built, signed=True, clients_file=clients, external_url=base)
    with serving_app(app, port=port):
        found = results(command(base, "--json"))
    assert not_passed(found, request) == {}
    assert all(row["result"] != "failed" for row in found.values() if row["level"] in ("MUST", "MUST-NOT", "COND"))


def not_passed(found, request):
    """Of the requirements that the test is marked with."""
    marked = request.node.get_closest_marker("requirement").args
    return {i: found[i] for i in marked if found[i]["result"] != "passed"}


def test_a_service_that_does_not_know_us_is_explained(built, command, tmp_path):
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    app = app_of(built, signed=True, external_url=base)
    with serving_app(app, port=port):
        run = command(base)
    assert run.exit_code == 1
    assert '[[client]]\nname = "sandbox"' in run.stderr
    assert str(tmp_path / "sandbox" / "key.public.json") in run.stderr
    assert "Traceback" not in run.output


def test_a_broken_service_fails_with_the_reason_and_the_exit_code(command):
    server = CdsServer()
    server.card["summary"] = "x" * 140
    with serving_cds(server) as base:
        run = command(base)
    assert run.exit_code == 1
    assert "Not conformant: F4" in run.stdout
    assert "cards[0].summary" in run.stdout


def test_a1_https_is_seen(command, tmp_path):
    ca = authority(tmp_path)
    with serving_cds(CdsServer(), tls=server_context(ca, "127.0.0.1")) as base:
        found = results(command(base, "--json", "--ca-file", str(ca.file)))
    assert found["A1"]["result"] == "passed"


def test_a_should_that_fails_leaves_the_exit_code(command):
    server = CdsServer()
    del server.discovery["services"][0]["title"]
    with serving_cds(server) as base:
        run = command(base)
    assert run.exit_code == 0
    assert "No binding requirement failed" in run.stdout


def test_only_the_fictional_patient_is_sent(command):
    server = CdsServer()
    with serving_cds(server) as base:
        command(base)
    patients = {call["prefetch"]["patient"]["name"][0]["family"] for call in server.calls if sends_patient(call)}
    assert patients == {"Fictiva"}


def sends_patient(call):
    return call.get("prefetch", {}).get("patient", {}).get("resourceType") == "Patient"


HOOKS = (
    "order-sign", "order-select", "order-dispatch", "appointment-book", "encounter-start", "encounter-discharge",
    "allergyintolerance-create", "problem-list-item-create", "medication-refill", "medication-verify",
)  # fmt: skip


@pytest.mark.parametrize("hook", HOOKS)
def test_services_on_every_hook_of_the_library_can_be_called(command, hook):
    server = CdsServer()
    server.discovery["services"][0] |= {"hook": hook, "prefetch": {"patient": "Patient/{{context.patientId}}"}}
    del server.discovery["services"][0]["hookVersion"]
    with serving_cds(server) as base:
        run = command(base, "--json")
    contexts = [call["context"] for call in server.calls if isinstance(call.get("context"), dict)]
    assert contexts, run.output
    assert all(value for value in contexts[0].values())


def test_a_hook_of_somebody_s_own_is_skipped_and_said(command):
    server = CdsServer()
    server.discovery["services"][0]["hook"] = "org.example.greet"
    with serving_cds(server) as base:
        run = command(base)
    assert run.exit_code == 0
    assert "not in the CDS Hooks library" in run.stdout
    assert "could not be checked" in run.stdout


def test_an_unknown_service_id_is_told_with_those_that_are(command):
    with serving_cds(CdsServer()) as base:
        run = command(base, "--service", "none")
    assert run.exit_code == 1
    assert "greeter" in run.stderr


def test_a_server_that_is_not_there_is_told_without_a_page_of_skipped_rows(command):
    run = command(f"http://127.0.0.1:{free_port()}")
    assert run.exit_code == 1
    assert "Nobody can be reached" in run.stdout
    assert "│ F4" not in run.stdout
    assert "80 skipped" in run.stdout


@pytest.mark.parametrize("url", ["http://cds.example.org", "ftp://127.0.0.1", "https://user:secret@example.org", "x"])
def test_addresses_that_may_not_be_called_are_refused_with_the_reason(command, url):
    run = command(url)
    assert run.exit_code == 1
    assert run.stderr.startswith("Error: ")
    assert len(run.stderr.splitlines()) == 1

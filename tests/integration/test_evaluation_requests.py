"""Other people's requests and charts: each gets cards or a clean refusal, whatever is wrong with it.

A fixed sample of what `cds-service evaluate wire` posts: every CDS Hooks request, and a part of the FHIR files.
"""

import json
import threading
from contextlib import contextmanager

import pytest
from click.testing import CliRunner
from flask import Flask, redirect
from werkzeug.serving import make_server

from cds_service.commands.evaluate_wire import wire
from cds_service.evaluation import files
from cds_service.evaluation.trials import faults, trials

CALL = "/cds-services/patient-triage"
SAMPLE = {"cds_hooks": 1, "fhir": 4}
"""Of each folder every n-th trial."""
LARGE = 1_000_000
"""Bytes of a body; of the larger ones the first of each folder is enough here."""


def sampled(root):
    """The trials of the sample, in order."""
    large = set()
    for name, step in SAMPLE.items():
        folder = root / name
        found = (trial for path in files.find(folder) for trial in trials(folder, path))
        for number, trial in enumerate(found):
            if len(trial.body) > LARGE:
                if trial.folder not in large:
                    large.add(trial.folder)
                    yield trial
            elif number % step == 0:
                yield trial


@pytest.mark.requirement("A7", "F1", "K1")
def test_every_request_and_chart_gets_a_valid_answer_or_a_clean_refusal(client, shared_data):
    statuses, faulty = {}, []
    for trial in sampled(shared_data):
        response = client.post(CALL, data=trial.body, content_type="application/json")
        statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
        if found := faults(response.status_code, response.mimetype, response.data):
            faulty.append((trial.folder, trial.name, response.status_code, found))
    assert faulty == []
    assert sum(statuses.values()) > 800, "the folders hold less than they should"
    assert statuses[200] > 500
    assert set(statuses) <= {200, 400, 412, 413}


# -- the command ---------------------------------------------------------------------------------------------------


@contextmanager
def served(app):
    """`app` on a port of loopback."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "patient.json").write_text(json.dumps({"resourceType": "Patient", "id": "p1"}))
    (tmp_path / "broken.json").write_text("{")
    return tmp_path


def test_the_command_counts_answers_and_succeeds(app, folder):
    with served(app) as url:
        done = CliRunner().invoke(wire, [str(folder), "--url", url])
    assert done.exit_code == 0, done.output
    assert f"| {folder.name} | 1 | 0 | 400: 1 | 0 | 0 | 0 | 0 |" in done.output
    assert f"| {folder.name}/charts | 1 | 1 | 0 | 0 | 0 | 0 | 0 |" in done.output


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (lambda: ({"resourceType": "OperationOutcome"}, 500), "server error"),
        (lambda: {"cards": [{}]}, "summary"),
        (lambda: redirect("https://evil.example"), "redirect"),
        (lambda: ("<p>bad request</p>", 400), "no JSON"),
    ],
)
def test_the_command_names_what_may_not_happen_and_fails(folder, answer, fault):
    broken = Flask("broken")
    broken.add_url_rule("/cds-services/<name>", view_func=lambda name: answer(), methods=["POST"])
    with served(broken) as url:
        done = CliRunner().invoke(wire, [str(folder / "charts"), "--url", url])
    assert done.exit_code == 1
    assert "patient.json #1 Patient in patient-view" in done.output
    assert fault in done.output


@pytest.mark.parametrize("url", ["https://ehr.example.org", "http://127.0.0.1.evil.example"])
def test_the_command_floods_no_other_machine(folder, url):
    done = CliRunner().invoke(wire, [str(folder), "--url", url])
    assert done.exit_code == 1
    assert "this machine" in done.output

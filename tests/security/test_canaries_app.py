"""Charts full of canaries in the whole application: what people write of them reaches the vault alone.

A few charts of `cds-service evaluate canaries`, and on each everything that people and EHRs write afterwards.
"""

import json
from itertools import islice

import pytest
from sqlalchemy import select

from cds_service.accounts.roles import Role
from cds_service.evaluation.canaries.search import Canary, leaks
from cds_service.fhir_access import FhirOffer
from cds_service.ledger.tables import audit_event, feedback, metadata
from cds_service.monitoring import metrics
from cds_service.training.canaries.chart import canary_charts
from hooks.feedback import parse_feedback
from hooks.services import PATIENT_TRIAGE, HookCall
from hooks.wire import parse_request
from tests.support.review_scene import Scene
from tests.support.site import a_member, csrf_of

CHARTS = 5
SEED = 4711
EHR = "fictional-ehr"
OFFICER = ("/monitoring", "/exports", "/roll-out", "/review")


@pytest.fixture(scope="module")
def charts():
    return list(islice(canary_charts(SEED), CHARTS))


@pytest.fixture(scope="module")
def told(tmp_path_factory, built, charts):
    """All charts on one application, and what came of each: a text for each place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDS_GATE_TIMEOUT_MS", "60000")  # a busy machine refuses no chart here
        scene = Scene(tmp_path_factory.mktemp("canaries"), built, now=charts[0].at)
    doctor, officer = scene.physician, a_member(scene.clinic, Role.COMPLIANCE, shown="Cora Lind")
    told = [everything(scene, chart, doctor) for chart in charts]
    told[-1] |= {path: scene.client(officer).get(path, follow_redirects=True).text for path in OFFICER}
    told[-1]["database outside the vault"] = rows(scene)
    told[-1]["metrics"] = metrics.exposition().decode()
    return scene, told


def answered(scene, chart):
    """The answer to the chart, and the one case that waits for a decision after it."""
    scene.at = chart.at
    scene.worker_lives()
    request = parse_request(chart.body)
    call = HookCall(
        service=PATIENT_TRIAGE, request=request, context=PATIENT_TRIAGE.context(request.context), client=EHR
    )
    before = {case.id for case in scene.cases("all")}
    answer = scene.service.pipeline.answer(call, FhirOffer(access=None, otherwise="not sent")).body
    return answer, [case for case in scene.cases("all") if case.id not in before]


def everything(scene, chart, doctor):
    answer, cases = answered(scene, chart)
    words = " ".join(mark.text for mark in chart.marks)
    item = {
        "card": answer["cards"][0]["uuid"], "outcome": "overridden", "outcomeTimestamp": chart.at.isoformat(),
        "overrideReason": {"userComment": words},
    }  # fmt: skip
    lost = item | {"card": words[:60]}
    said = scene.service.pipeline.feedback(
        PATIENT_TRIAGE.id, parse_feedback({"feedback": [item, lost | {"outcome": words}]}), client=EHR
    )
    assert [entry["status"] for entry in said] == ["recorded", "malformed"]
    told = {"feedback's answer": json.dumps(said[1:]), "extension": json.dumps(answer["extension"])}
    for case in cases:
        browser, page = scene.client(doctor), f"/review/cases/{case.id}"
        form = {"csrf_token": csrf_of(browser, page), "verdict": "dismiss", "reason": "data-wrong", "note": words,
                "signature": doctor.name, "seen": scene.clinic.reviews.get(case.id).version}  # fmt: skip
        assert browser.post(f"{page}/decision", data=form).status_code == 303
        again = browser.post(f"{page}/decision", data=form | {"csrf_token": words})
        told[f"refusal {case.id}"] = f"{again.status_code} {again.headers}"
    broken = parse_feedback({"feedback": [lost]})
    told["errors"] = repr(broken)
    return told


def rows(scene):
    with scene.recorder.database.transaction(write=False) as tx:
        return "\n".join(
            json.dumps([str(v) for v in row], ensure_ascii=False)
            for table in metadata.sorted_tables
            for row in tx.execute(select(table))
        )


def test_nothing_that_people_or_ehrs_write_of_a_chart_leaves_the_vault(told, charts):
    scene, places = told
    every = [Canary(label=m.label, text=m.text, known=m.known) for chart in charts for m in chart.marks if m.known]
    found = []
    for chart, places_of_one in zip(charts, places, strict=True):
        found += leaks(chart.number, places_of_one, every)
    assert [(leak.chart, leak.place, leak.canary.label) for leak in found] == []
    assert len(every) > 20 * CHARTS
    with scene.recorder.database.transaction(write=False) as tx:
        assert len(tx.execute(select(feedback)).all()) == CHARTS
        kinds = {row.kind for row in tx.execute(select(audit_event.c.kind))}
    assert kinds >= {"hook-call", "gate-decision", "feedback", "review"}, (
        "each must have happened for this to mean anything"
    )


def test_a_request_that_is_refused_repeats_nothing(client, charts, capfd):
    for chart in charts:
        words = " ".join(mark.text for mark in chart.marks)
        broken = [
            chart.body | {"hook": words},
            chart.body | {"context": {"patientId": words, "userId": words}},
            chart.body | {"prefetch": {"patient": words}},
            chart.body | {"fhirServer": words, "hookInstance": words},
        ]
        answers = [client.post("/cds-services/patient-triage", json=body) for body in broken]
        answers.append(client.post("/cds-services/patient-triage/feedback", json={"feedback": words}))
        assert {answer.status_code for answer in answers} <= {400, 412}
        printed = capfd.readouterr()
        places = {"errors": "".join(a.text for a in answers), "log": printed.out + printed.err}
        assert leaks(chart.number, places, [Canary(label=m.label, text=m.text, known=True) for m in chart.marks]) == []

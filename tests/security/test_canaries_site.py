"""A seeded patient on every page and in every message: markup stays text, and nothing goes where it must not."""

import html
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import url_for
from sqlalchemy import select

from cds_service.accounts.roles import Role
from cds_service.ledger.tables import account, metadata
from cds_service.monitoring import metrics
from cds_service.notify.deliveries import Deliveries
from cds_service.notify.mail import compose
from fhir_mappers.intake_form import SIGNS
from tests.security.test_canaries_road import CANARIES, holds
from tests.support.review_scene import Scene, body_of
from tests.support.site import a_member, csrf_of

SCRIPT = "<script>alert({})</script>"
SAID = {
    "complaint": f"chest pressure for two hours {SCRIPT.format('complaint')}",
    "draft": f"Zephyrine pain is concerning for pneumonia {SCRIPT.format('draft')}",
    "intake": f"Mauve thunder {SCRIPT.format('intake')}",
    "note": f"Ochre answer {SCRIPT.format('note')}",
}
WORDS = [*CANARIES, "Zephyrine", "Mauve", "Ochre", "alert("]
DEIDENTIFIED = {"Zephyrine", "alert("}
"""What the model was given and has written, without identifiers: it stands in the jobs."""

CHANNELS = """
[[channel]]
kind = "email"
name = "duty"
host = "127.0.0.1"
security = "plain"
sender = "cds@clinic.example"
to = ["duty@clinic.example"]
"""
ADDRESS = re.compile(r'\b(?:href|action|src|hx-[a-z]+|data-[a-z-]+|content)="([^"]*)"')


@pytest.fixture(scope="module")
def scene(tmp_path_factory, built):
    folder = tmp_path_factory.mktemp("canaries")
    (folder / "notify.toml").write_text(CHANNELS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDS_NOTIFY_FILE", str(folder / "notify.toml"))
        patch.setenv("CDS_NOTIFY_TITLES", "true")
        patch.setenv("CDS_GATE_TIMEOUT_MS", "60000")  # a busy machine refuses no chart here
        made = Scene(folder, built, now=datetime.now(UTC))
    made.worker_lives()
    made.hook(body_of(made.at, complaint=SAID["complaint"], name=("Fictiva<i>", "Rosalind")))
    made.finish_jobs(assessment=SAID["draft"])
    made.admin = a_member(made.clinic, Role.ADMINISTRATOR, shown="Ivo Perch")
    made.officer = a_member(made.clinic, Role.COMPLIANCE, shown="Cora Lind")
    return made


@pytest.fixture(scope="module")
def case(scene):
    (case,) = scene.cases()
    return case


@pytest.fixture(scope="module")
def form(scene, case):
    """An intake form that was filled in, and its path."""
    desk = scene.client(scene.nurse)

    def post(path, page, **fields):
        return desk.post(path, data={"csrf_token": csrf_of(desk, page), **fields}).location

    path = post("/intake/start", "/intake", patient=case.answer)
    post(f"{path}/fill", f"{path}/fill", **{q.link_id: "no" for q in SIGNS.questions} | {"chest-pain": "yes"})
    assert post(f"{path}/fill/visit", f"{path}/fill/visit", **{"chief-complaint": SAID["intake"]}) == path
    return path.rsplit("/", 1)[1]


def pages(scene, case, form, member):
    """Every page as `member` sees it, by endpoint."""
    known = {"case_id": case.id, "form_id": form, "code": "23456789AB", "filename": "site.css",
             "erasure_id": "erase-none", "order_id": "exp-none", "name": "card.md"}  # fmt: skip
    site = scene.app.extensions["site"]
    with scene.app.test_request_context():
        addresses = {
            rule.endpoint: url_for(rule.endpoint, **{name: known[name] for name in rule.arguments})
            for rule in scene.app.url_map.iter_rules()
            if "GET" in rule.methods and rule.endpoint.split(".")[0] in site - {"layout"}
        }
    browser = scene.client(member)
    return {endpoint: browser.get(address) for endpoint, address in addresses.items()}


def found(text):
    return [word for word in WORDS if holds(text, word)]


def test_markup_of_chart_draft_and_patient_stays_text_on_every_page(scene, case, form):
    shown = pages(scene, case, form, scene.physician)
    for endpoint, answer in shown.items():
        if answer.mimetype == "text/html":
            assert "<script>alert" not in answer.text, endpoint
            assert "Fictiva<i>" not in answer.text, endpoint
    for endpoint, words in (("review.case", ("complaint", "draft")), ("intake.form", ("intake",))):
        for word in words:
            assert html.escape(SCRIPT.format(word)) in shown[endpoint].text, "the page must hold it to mean anything"


def test_no_title_and_no_address_holds_a_word_of_the_patient(scene, case, form):
    wrong = []
    for endpoint, answer in pages(scene, case, form, scene.physician).items():
        places = [answer.location or "", *re.findall(r"<title>.*?</title>", answer.text, re.S)]
        if answer.mimetype == "text/html":
            places += ADDRESS.findall(answer.text)
        wrong += [(endpoint, place) for place in places if found(place)]
    assert wrong == []


def test_who_sees_no_charts_sees_no_word_of_one(scene, case, form):
    for member in (scene.admin, scene.officer):
        shown = {endpoint: answer.text for endpoint, answer in pages(scene, case, form, member).items()}
        # who did it is of the clinic, not of a chart
        shown["audit.page"] = shown.get("audit.page", "").replace("Nora Quill", "")
        told = {endpoint: found(text) for endpoint, text in shown.items()}
        assert {endpoint: words for endpoint, words in told.items() if words} == {}


def test_no_page_tells_log_database_or_metrics_a_word(scene, case, form, capfd):
    pages(scene, case, form, scene.nurse)
    doctor = scene.client(scene.physician)
    page = f"/review/cases/{case.id}"
    refused = doctor.post(f"{page}/decision", data={"csrf_token": csrf_of(doctor, page), "notes": SAID["note"]})
    assert refused.status_code >= 400
    assert "<script>alert" not in refused.text
    printed = capfd.readouterr()
    with scene.recorder.database.transaction(write=False) as tx:
        stored = [
            json.dumps([str(v) for v in row])
            for table in metadata.sorted_tables
            if table is not account  # names of staff, of whom one is called as the chart's physician
            for row in tx.execute(select(table))
        ]
    assert found(printed.out + printed.err) == []
    assert found(metrics.exposition().decode()) == []
    kept = [(row[:80], set(found(row)) - DEIDENTIFIED) for row in stored]
    assert [(row, words) for row, words in kept if words] == []


def test_no_message_to_a_physician_holds_a_word(scene, case):
    deliveries = Deliveries(
        actor="test", lease_s=20, attempts=3, give_up=timedelta(minutes=30), link=lambda id_: f"https://cds/{id_}"
    )
    with scene.recorder.database.transaction() as tx:
        held = deliveries.claim(tx, "duty", scene.at + timedelta(seconds=1))
    assert held.message.case == case.id
    assert held.message.topics, "the findings' titles are sent in this clinic"
    (channel,) = scene.recorder.outbox.channels
    assert found(repr(held.message) + compose(held.message, channel).as_string()) == []

"""Charts full of canaries, decided in words that name everybody and exported: no file of an export holds one.

`cds-service evaluate canaries --exports` tries more on the same code (docs/reference/canary-evaluation.md).
"""

import json
from itertools import islice

import pytest

from cds_service.bootstrap import open_similarity
from cds_service.evaluation.canaries.exports import Exports
from cds_service.evaluation.canaries.search import Canary, haystacks, leaks_in
from cds_service.training.canaries.chart import canary_charts
from tests.support.review_scene import Scene

CHARTS = 3
SEED = 77
STAFF = ("Kvauzzimmald Drendrask", "Zwaubbochonk Plyvrimmurk")
EHR = "fictional-ehr"


@pytest.fixture(scope="module")
def exported(tmp_path_factory, built):
    """The charts, the clinic, and what stands in every place after both profiles were written."""
    charts = list(islice(canary_charts(SEED), CHARTS))
    folder = tmp_path_factory.mktemp("canaries")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDS_GATE_TIMEOUT_MS", "60000")  # a busy machine refuses no chart here
        scene = Scene(folder, built, now=charts[0].at)
    clinic = Exports(
        scene.recorder, scene.clinic.settings, built.retriever, open_similarity(), folder=folder, staff=STAFF,
        now=charts[0].at,
    )  # fmt: skip
    decided = []
    for chart in charts:
        scene.at = chart.at
        cards = [card["uuid"] for card in scene.hook(chart.body)["cards"]]
        if clinic.decide(chart.said, cards, client=EHR, at=chart.at):
            decided.append(chart)
    return decided, clinic, clinic.write()


def test_no_file_of_an_export_holds_an_identifier_of_a_field_or_a_name_of_staff(exported):
    charts, _, places = exported
    every = [m for chart in charts for m in (*chart.marks, *chart.said_marks) if m.known]
    canaries = [Canary(label=m.label, text=m.text, known=True) for m in every]
    canaries += [Canary(label="STAFF", text=word, known=True) for name in STAFF for word in name.split()]
    found = leaks_in(0, haystacks(places), canaries)
    assert [(leak.place, leak.canary.label) for leak in found] == []
    assert len(canaries) > 20 * len(charts)


def test_each_place_was_written_and_held_what_was_said(exported):
    charts, clinic, places = exported
    assert len(charts) >= 2
    assert clinic.exported.rows["safe-harbor"] >= 1
    rows = [json.loads(line) for line in places["train.jsonl (safe-harbor)"].splitlines()]
    told = {written["field"]: written["text"] for row in rows for written in row["written"]}
    assert {"history", "note", "comment"} <= set(told)
    assert "took the call" in told["history"]
    names = {place.partition(" (")[0] for place in places}
    assert names >= {
        "preview", "work folder: cases.jsonl", "train.jsonl", "train.parquet", "manifest.json", "risk.json", "risk.md",
        "check-sheet.csv", "card.md", "AuditEvents",
    }  # fmt: skip
    assert '"resourceType": "AuditEvent"' in places["AuditEvents"]
    assert "expert-determination" in {*clinic.exported.rows, *clinic.exported.refused}


def test_every_sentence_that_a_clinician_writes_names_somebody_or_something(exported):
    charts, _, _ = exported
    for chart in charts:
        said = haystacks({"said": " ".join(chart.said)})
        canaries = [Canary(label=m.label, text=m.text, known=True) for m in chart.said_marks]
        assert len(chart.said) == 5
        assert len(leaks_in(0, said, canaries)) >= 3, "what is looked for must have been written"

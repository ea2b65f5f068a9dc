"""Seeded names, numbers and dates of a chart reach no table outside the vault, no log, no metric, no error."""

import json
from datetime import UTC, datetime

from sqlalchemy import select

from cds_service.ledger.tables import metadata
from cds_service.monitoring import metrics
from cds_service.sample.chart import request_body

CANARIES = [
    "Rosalind", "Fictiva", "Quill", "Ottilie", "Inventa", "Benedikt", "00471193", "010-0142", "010-0199",
    "ottilie.fictiva", "Imaginary Lane", "Exampleton", "02999", "1954-03-14", "03/14/1954", "demo-1", "demo-enc",
    "demo-vit-", "demo-cond-", "Example Hill",
]  # fmt: skip


def test_no_canary_leaves_the_vault(client, built, capfd):
    response = client.post("/cds-services/patient-triage", json=request_body(datetime.now(UTC)))
    assert response.status_code == 200
    stored = []
    with built.recorder.database.transaction(write=False) as tx:
        for table in metadata.sorted_tables:
            stored += [json.dumps([str(v) for v in row]) for row in tx.execute(select(table))]
    assert any("news2" in row for row in stored), "the ledger must hold the answer for this test to mean anything"
    printed = capfd.readouterr()
    haystacks = {
        "database": "\n".join(stored),
        "log": printed.out + printed.err,
        "metrics": metrics.exposition().decode(),
        "extension": json.dumps(response.json["extension"]),
    }
    found = [
        (where, canary) for where, text in haystacks.items() for canary in CANARIES if canary.lower() in text.lower()
    ]
    assert found == []

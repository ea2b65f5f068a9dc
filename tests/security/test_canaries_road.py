"""Seeded names, numbers and dates of a chart reach no table outside the vault, no log, no metric, no error."""

import json
import re
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


def rows(built):
    """Everything stored, a text for each row."""
    with built.recorder.database.transaction(write=False) as tx:
        return {
            json.dumps([str(v) for v in row]) for table in metadata.sorted_tables for row in tx.execute(select(table))
        }


def holds(text, canary):
    """Whether a text holds a canary; one of digits alone as a word of its own, since ids and hashes hold any digits."""
    if canary.isdigit():
        return re.search(rf"(?<![0-9A-Za-z]){canary}(?![0-9A-Za-z])", text) is not None
    return canary.lower() in text.lower()


def test_a_canary_of_digits_is_found():
    assert holds('["ZIP 02999, MA"]', "02999")
    assert not holds('["5e02999a7c"]', "02999")


def test_no_canary_leaves_the_vault(client, built, capfd):
    before = rows(built)
    response = client.post("/cds-services/patient-triage", json=request_body(datetime.now(UTC)))
    assert response.status_code == 200
    stored = rows(built) - before
    assert any("news2" in row for row in stored), "the ledger must hold the answer for this test to mean anything"
    printed = capfd.readouterr()
    haystacks = {
        "database": "\n".join(sorted(stored)),
        "log": printed.out + printed.err,
        "metrics": metrics.exposition().decode(),
        "extension": json.dumps(response.json["extension"]),
    }
    assert [(where, canary) for where, text in haystacks.items() for canary in CANARIES if holds(text, canary)] == []

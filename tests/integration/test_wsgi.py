"""``gunicorn wsgi:app``: the application built from the environment alone. It always authenticates."""

import runpy
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cds_service.sample.chart import request_body
from tests.support.tokens import BASE, CALL, ISS, EhrClient, clients_file, key_set, private_key, public_jwk

ROOT = Path(__file__).parents[2]


@pytest.mark.requirement("J1", "J2")
def test_wsgi_builds_the_application_from_the_environment_and_asks_who_calls(built, monkeypatch, tmp_path):
    ehr = EhrClient(private_key())
    clients = clients_file(tmp_path, {"name": "ehr", "iss": ISS, "jwks": key_set(public_jwk(ehr.key))})
    monkeypatch.setenv("CDS_DATA_DIR", str(built.settings.data_dir))
    monkeypatch.setenv("CDS_KEYS_FILE", str(built.settings.keys))
    monkeypatch.setenv("CDS_MODEL", "none")
    monkeypatch.setenv("CDS_EXTERNAL_URL", BASE)
    monkeypatch.setenv("CDS_CLIENTS_FILE", str(clients))
    web = runpy.run_path(str(ROOT / "wsgi.py"))["app"].test_client()
    assert web.get("/readyz").json == {"status": "ready"}
    body = request_body(datetime.now(UTC))
    assert web.post(CALL, json=body).status_code == 401  # also from this machine
    elsewhere = {"REMOTE_ADDR": "10.1.2.3"}
    answer = web.post(CALL, json=body, headers=ehr.authorization(), environ_overrides=elsewhere)
    assert answer.status_code == 200

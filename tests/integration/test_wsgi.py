"""``gunicorn wsgi:app``: the application built from the environment alone."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_wsgi_builds_the_application_from_the_environment(built, monkeypatch):
    monkeypatch.setenv("CDS_DATA_DIR", str(built.settings.data_dir))
    monkeypatch.setenv("CDS_KEYS_FILE", str(built.settings.keys))
    monkeypatch.setenv("CDS_MODEL", "none")
    app = runpy.run_path(str(ROOT / "wsgi.py"))["app"]
    assert app.test_client().get("/readyz").json == {"status": "ready"}
    refused = app.test_client().get("/cds-services", environ_overrides={"REMOTE_ADDR": "10.1.2.3"})
    assert refused.status_code == 403

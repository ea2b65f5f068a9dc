"""Every test runs offline: the libraries' switches are set first, and a socket beyond loopback is refused."""

import os
import sys
from pathlib import Path

import pytest
import structlog

sys.path.insert(0, str(Path(__file__).parent / "support" / "netguard"))
import sitecustomize  # noqa: F401 - installs the guard in this process

from cds_service.offline import go_offline

go_offline()
os.environ.setdefault("GOMP_SPINCOUNT", "2000")  # as cds_service.cli sets it, before anything loads OpenMP

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("CDS_SHARED_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(autouse=True)
def _own_log():
    """A test that configures the log does so for itself alone."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def shared_data():
    """The folder of evaluation data, which is not part of the project."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the evaluation data: set CDS_SHARED_DATA (looked in {SHARED})")
    return SHARED


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A whole service without a model, on real parts: SQLite, Chroma, MiniLM, Presidio."""
    from cds_service.bootstrap import build_service
    from cds_service.prepare import prepare
    from cds_service.settings import Settings

    home = tmp_path_factory.mktemp("service")
    settings = Settings(data_dir=home / "state", keys_file=home / "keys.json", model="none", unreviewed_guidelines=True)
    prepare(settings, lambda step, share: None)
    return build_service(settings)


@pytest.fixture(scope="session")
def app(built):
    """The Flask application over it."""
    from tests.support.apps import app_of

    return app_of(built)


@pytest.fixture
def client(app):
    """A client on this machine."""
    return app.test_client()

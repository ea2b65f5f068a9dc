"""Every test runs offline: the libraries' switches are set first, and a socket beyond loopback is refused."""

import os
import shutil
import sqlite3
import sys
from pathlib import Path

import hypothesis
import pytest
import structlog
from sqlalchemy import event
from sqlalchemy.pool import Pool

sys.path.insert(0, str(Path(__file__).parent / "support" / "netguard"))
import sitecustomize  # noqa: F401 - installs the guard in this process

from cds_service.offline import go_offline

go_offline()
os.environ.setdefault("GOMP_SPINCOUNT", "2000")  # as cds_service.cli sets it, before anything loads OpenMP
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the workers share the cores: more threads would wait for each other

# How long an example takes by the clock tells what else the machine does; a test that minds measures for itself.
hypothesis.settings.register_profile("busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("busy")


@event.listens_for(Pool, "checkout")
def _no_wait_for_the_disk(connection, _record, _proxy):
    """A commit outlives a killed process without it, and no test cuts the power."""
    if isinstance(connection, sqlite3.Connection) and "CDS_TEST_WAIT_FOR_DISK" not in os.environ:
        connection.execute("PRAGMA synchronous=OFF")


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


@pytest.fixture(scope="session", autouse=True)
def models_folder(tmp_path_factory, worker_id):
    """Where every service of a test finds the default model: preparing it takes a quarter of a minute, once for all."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "models"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDS_MODELS_DIR", str(folder))
        yield folder


@pytest.fixture(scope="session")
def packaged_index(tmp_path_factory, worker_id):
    """The index of the packaged guidelines, to copy: embedding takes ten seconds and is done once, by one worker."""
    from cds_service.retrieval.build import build_index
    from cds_service.retrieval.embedder import MiniLmEmbedder
    from cds_service.retrieval.source import PACKAGED

    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "packaged-index"
    build_index(folder, [PACKAGED], MiniLmEmbedder(threads=1))
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory, packaged_index):
    """A whole service without a model, on real parts: SQLite, Chroma, MiniLM, Presidio."""
    from cds_service.bootstrap import build_service
    from cds_service.prepare import prepare
    from cds_service.settings import Settings

    home = tmp_path_factory.mktemp("service")
    settings = Settings(data_dir=home / "state", keys_file=home / "keys.json", model="none", unreviewed_guidelines=True)
    shutil.copytree(packaged_index, settings.index_dir)
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

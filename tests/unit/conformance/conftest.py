"""A client of the checker's own, and a whole run against a server."""

from datetime import UTC, datetime

import pytest

from cds_service.conformance.probe import Probe
from cds_service.conformance.report import rows
from cds_service.conformance.run import run
from cds_service.sandbox.client import CdsClient
from cds_service.sandbox.identity import open_identity
from cds_service.sandbox.transport import Transport


@pytest.fixture(scope="session")
def identity(tmp_path_factory):
    return open_identity(tmp_path_factory.mktemp("keys") / "key.json", issuer="https://sandbox.invalid")


@pytest.fixture
def outcome_of(identity):
    """The whole outcome of the checks against a base URL."""

    def run_against(base, *, origin=None, service=None, timeout_s=5, max_bytes=200_000):
        transport = Transport(timeout_s=timeout_s, max_bytes=max_bytes)
        client = CdsClient(base=base, transport=transport, identity=identity, now=lambda: datetime.now(UTC))
        probe = Probe(client=client, sleep=lambda _: None)
        return run(client, service=service, origin=origin, probe=probe, progress=lambda _: None)

    return run_against


@pytest.fixture
def checked(outcome_of):
    """The rows by requirement id."""
    return lambda base, **how: {row.id: row for row in rows(outcome_of(base, **how).results)}

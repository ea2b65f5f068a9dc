"""The same outbox, deliveries and escalation on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_service.accounts.roles import Role
from cds_service.domain import Priority
from cds_service.ledger.database import open_database
from cds_service.ledger.migrate import migrate
from cds_service.notify.values import NotSent
from tests.support.ledger_values import later
from tests.support.notify_values import HOOK, Ward
from tests.support.postgres import MISSING, server_programs, throwaway_cluster
from tests.support.review_values import settings_in


@pytest.mark.postgres
def test_a_case_is_told_tried_given_up_escalated_and_acknowledged_on_postgresql(tmp_path: Path) -> None:
    programs = server_programs()
    if programs is None:
        pytest.skip(MISSING)
    (tmp_path / "notify.toml").write_text(HOOK)
    with throwaway_cluster(programs) as cluster:
        url = cluster.url(cluster.new_database())
        migrate(url)
        database = open_database(url)
        settings = settings_in(tmp_path, notify_file=tmp_path / "notify.toml", database_url=url)
        ward = Ward(database=database, settings=settings)
        case = ward.told(Priority.CRITICAL)
        with database.transaction() as tx:
            held = ward.deliveries.claim(tx, "pager", later(1))
            assert held is not None
            assert ward.deliveries.claim(tx, "pager", later(1)) is None
            assert ward.deliveries.failed(tx, held, later(2), NotSent("http-410", final=True))
        assert ward.escalation.look(later(3)) == 1
        assert ward.states(case) == [("app", 1, "posted"), ("pager", 1, "gave-up"), ("app", 2, "posted")]
        assert [n.level for n in ward.bell(Role.NURSE)] == [2]
        ward.outbox.refresh_metrics(later(4))
        ward.acknowledge(case, later(5))
        assert ward.bell() == ()
        assert ward.escalation.look(later(1000)) == 1
        assert ward.escalation.look(later(1001)) == 0
        assert ward.chain_is_whole()
        database.close()

"""What the review must do on every database behind it. The same claims run on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from cds_service.accounts.roles import Role
from cds_service.domain import AssessmentStatus, Priority
from cds_service.ledger.chain import verify
from cds_service.ledger.database import open_database
from cds_service.ledger.migrate import migrate
from cds_service.ledger.records import CardKind
from cds_service.ledger.tables import review_record
from cds_service.review.errors import Stale
from cds_service.review.history import Answered
from cds_service.review.states import Informing, Reviewing
from cds_service.review.values import Verdict
from tests.support.ledger_values import NOW, later
from tests.support.postgres import MISSING, server_programs, throwaway_cluster
from tests.support.review_values import WORDS, Clinic, decision, finding, settings_in

LOW, MEDIUM, HIGH, CRITICAL = sorted(Priority)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def clinic(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """One clinic for all claims of this file: each has patients of its own."""
    folder = tmp_path_factory.mktemp("review")
    if request.param == "sqlite":
        yield from _over(f"sqlite:///{folder / 'cds.sqlite3'}", folder)
        return
    programs = server_programs()
    if programs is None:
        pytest.skip(MISSING)
    with throwaway_cluster(programs) as cluster:
        yield from _over(cluster.url(cluster.new_database()), folder)


def _over(url, folder):
    migrate(url)
    database = open_database(url)
    yield Clinic(database=database, settings=settings_in(folder))
    database.close()


def test_a_case_goes_from_the_hook_to_a_signed_decision(clinic):
    subject, nurse, physician = clinic.patient(), clinic.member(), clinic.member(Role.PHYSICIAN, "Petra Vole")
    job = clinic.wanted_draft()
    case = clinic.answered(subject, finding(), status=AssessmentStatus.PENDING, job=job)
    clinic.drafted(job, AssessmentStatus.READY)
    clinic.informs(case, Informing.NOTIFIED)
    risen = clinic.answered(subject, finding(CRITICAL, score=9), now=later(40), data_at=later(35))
    assert (risen.id, risen.priority, risen.informing) == (case.id, CRITICAL, Informing.DUE)
    clinic.reviews.look(case.id, nurse, later(41))
    sight = clinic.reviews.look(case.id, physician, later(45))
    assert [person.name for person in sight.people] == ["Nora Quill"]
    with pytest.raises(Stale):
        clinic.reviews.decide(case.id, decision(case), nurse, later(50))
    after = clinic.reviews.decide(case.id, decision(risen), nurse, later(60))
    acknowledged = clinic.reviews.acknowledged(case.id, physician, later(70))
    assert (after.reviewing, acknowledged.informing) == (Reviewing.CONFIRMED, Informing.ACKNOWLEDGED)
    assert clinic.reviews.get(case.id) == acknowledged
    signed = clinic.reviews.signed(acknowledged, physician, later(80))
    assert (signed.notes, signed.at) == (WORDS, later(60))
    with clinic.database.transaction(write=False) as tx:
        row = tx.execute(select(review_record).where(review_record.c.case == case.id)).mappings().one()
        assert verify(tx).valid
    assert (row["review_s"], row["turn_round_s"], row["edited"]) == (19.0, 60.0, False)
    floors = [h for h in clinic.reviews.card_history(acknowledged) if h.kind is CardKind.FLOOR]
    assert [h.outcome for h in floors] == [Answered.ACCEPTED, Answered.UNANSWERED]
    assert clinic.reviews.get_by_answer(case.answer).id == case.id


def test_of_two_who_decide_at_the_same_time_one_decides(clinic):
    case, together = clinic.opened(), threading.Barrier(2)
    members = [clinic.member(), clinic.member(Role.PHYSICIAN)]

    def decide(member):
        given = decision(case, Verdict.CHANGE, priority=CRITICAL) if member.role is Role.PHYSICIAN else decision(case)
        together.wait()
        try:
            return clinic.reviews.decide(case.id, given, member, later(60)).reviewing
        except Stale:
            return None

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(decide, members))
    assert outcomes.count(None) == 1
    assert clinic.as_it_stands(case).reviewing in outcomes
    decided = [e for e in clinic.reviews.history(case.id) if e.before == Reviewing.AWAITING.value]
    assert len(decided) == 1


def test_answers_of_one_patient_at_the_same_time_open_one_case(clinic):
    subject, together = clinic.patient(), threading.Barrier(3)

    def answered(n):
        together.wait()
        return clinic.answered(subject, finding(score=n), now=later(n)).id

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(answered, range(3)))) == 1


def test_the_queue_is_in_order_and_whole(clinic):
    before = clinic.reviews.queue(NOW, role=Role.NURSE).total
    for n, priority in enumerate([MEDIUM, CRITICAL, HIGH, HIGH]):
        clinic.opened(finding(priority), data_at=later(-60 * n), now=later(n))
    page = clinic.reviews.queue(NOW, per_page=200, role=Role.NURSE)
    assert page.total == before + 4 == len(page.cases) == sum(page.counts.values())
    grades = [(-case.priority, case.data_at) for case in page.cases]
    assert grades == sorted(grades)
    assert all(case.reviewing.decided for case in clinic.reviews.queue(NOW, show="decided", role=Role.NURSE).cases)

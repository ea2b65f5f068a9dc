"""Cases whose draft will not come any more."""

import pytest

from cds_service.domain import AssessmentStatus, Priority
from cds_service.review.states import Assessing, Reviewing
from cds_service.review.stranded import PATIENCE, settle
from tests.support.ledger_values import NOW, later
from tests.support.review_values import finding

SOON = NOW + PATIENCE / 2


def waiting_for(clinic, job, priority=Priority.HIGH):
    return clinic.opened(finding(priority), status=AssessmentStatus.PENDING, job=job)


def test_while_a_draft_may_come_nothing_is_said(clinic):
    case = waiting_for(clinic, clinic.wanted_draft())
    assert settle(clinic.database, SOON) == 0
    assert clinic.as_it_stands(case) == case


@pytest.mark.parametrize("ending", ["shed", "purged", "late"])
def test_a_draft_that_will_not_come_is_told_and_a_routine_case_lapses(clinic, ending):
    job = clinic.wanted_draft() if ending == "late" else "job-gone"
    if ending == "shed":
        job = clinic.shed_draft()
    urgent, routine = waiting_for(clinic, job), waiting_for(clinic, job, Priority.LOW)
    assert settle(clinic.database, later(2 * 3600) if ending == "late" else SOON) == 2
    assert clinic.as_it_stands(urgent).assessing is Assessing.UNAVAILABLE
    assert clinic.as_it_stands(urgent).reviewing is Reviewing.AWAITING
    assert clinic.as_it_stands(routine).reviewing is Reviewing.LAPSED
    assert settle(clinic.database, later(3 * 3600)) == 0


def test_a_draft_that_comes_late_is_taken_all_the_same(clinic):
    job = clinic.wanted_draft()
    case = waiting_for(clinic, job)
    settle(clinic.database, NOW + 2 * PATIENCE)
    clinic.drafted(job, AssessmentStatus.READY)
    assert clinic.as_it_stands(case).assessing is Assessing.READY

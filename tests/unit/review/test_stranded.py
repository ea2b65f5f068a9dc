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


@pytest.mark.parametrize("ending", ["shed", "purged"])
def test_a_draft_that_will_not_come_is_told_and_a_routine_case_lapses(clinic, ending):
    job = clinic.shed_draft() if ending == "shed" else "job-gone"
    urgent, routine = waiting_for(clinic, job), waiting_for(clinic, job, Priority.LOW)
    assert settle(clinic.database, SOON) == 2
    assert clinic.as_it_stands(urgent).assessing is Assessing.UNAVAILABLE
    assert clinic.as_it_stands(urgent).reviewing is Reviewing.AWAITING
    assert clinic.as_it_stands(routine).reviewing is Reviewing.LAPSED
    assert settle(clinic.database, later(3 * 3600)) == 0


@pytest.mark.parametrize("priority", [Priority.HIGH, Priority.LOW])
def test_a_draft_that_comes_late_is_taken_all_the_same(clinic, priority):
    job = clinic.wanted_draft()
    case = waiting_for(clinic, job, priority)
    settle(clinic.database, NOW + 2 * PATIENCE)
    clinic.drafted(job, AssessmentStatus.READY)
    after = clinic.as_it_stands(case)
    assert (after.assessing, after.reviewing) == (Assessing.READY, Reviewing.AWAITING)
    assert after.priority is Priority.HIGH


def test_a_case_that_somebody_sees_says_after_a_while_that_no_draft_is_there(clinic):
    case = waiting_for(clinic, clinic.wanted_draft())
    assert settle(clinic.database, NOW + 2 * PATIENCE) == 1
    assert clinic.as_it_stands(case).assessing is Assessing.UNAVAILABLE

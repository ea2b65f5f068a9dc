"""The queue: the gravest first, of those the oldest data first; and nobody is missing."""

from __future__ import annotations

from cds_service.accounts.roles import Role
from cds_service.domain import AssessmentStatus, Priority
from tests.support.ledger_values import later
from tests.support.review_values import decision, finding

LOW, MEDIUM, HIGH, CRITICAL = sorted(Priority)


def listed(clinic, show="waiting", **asked):
    return [case.id for case in clinic.reviews.queue(later(900), show=show, role=Role.NURSE, **asked).cases]


def test_the_gravest_come_first_and_of_those_the_oldest_data(clinic):
    opened = {
        (priority, age): clinic.opened(finding(priority), data_at=later(-age), now=later(n)).id
        for n, (priority, age) in enumerate([(MEDIUM, 9000), (HIGH, 60), (CRITICAL, 5), (HIGH, 600)])
    }
    no_time = clinic.opened(finding(HIGH), data_at=None, now=later(10)).id
    wanted = [opened[CRITICAL, 5], opened[HIGH, 600], opened[HIGH, 60], no_time, opened[MEDIUM, 9000]]
    assert listed(clinic) == wanted


def test_newer_data_do_not_send_a_patient_back_in_the_queue(clinic):
    subject = clinic.patient()
    first = clinic.answered(subject, finding(), data_at=later(-600)).id
    second = clinic.opened(data_at=later(-60)).id
    clinic.answered(subject, finding(score=7), data_at=later(30), now=later(40))
    assert listed(clinic) == [first, second]


def test_every_case_is_on_exactly_one_page_and_the_counts_are_of_the_whole_list(clinic):
    for n in range(7):
        clinic.opened(finding(HIGH if n % 2 else MEDIUM), now=later(n))
    pages = [clinic.reviews.queue(later(9), page=n, per_page=3, role=Role.PHYSICIAN) for n in (1, 2, 3, 4)]
    assert [len(page.cases) for page in pages] == [3, 3, 1, 0]
    assert len({case.id for page in pages for case in page.cases}) == 7
    assert [page.more for page in pages] == [True, True, False, False]
    assert pages[3].total == 7
    assert dict(pages[0].counts) == {CRITICAL: 0, HIGH: 3, MEDIUM: 4, LOW: 0}


def test_senseless_pages_are_put_right(clinic):
    case = clinic.opened()
    assert listed(clinic, page=-3, per_page=0) == [case.id]
    assert clinic.reviews.queue(later(9), per_page=10**9, role=Role.NURSE).per_page == 200
    assert listed(clinic, page=10**6) == []


def test_decided_cases_are_a_list_of_their_own_the_newest_decision_first(clinic):
    cases = [clinic.opened(now=later(n)) for n in range(3)]
    nurse = clinic.member()
    for at, case in enumerate((cases[1], cases[0]), start=60):
        clinic.reviews.decide(case.id, decision(case), nurse, later(at))
    assert listed(clinic) == [cases[2].id]
    assert listed(clinic, "decided") == [cases[0].id, cases[1].id]
    assert listed(clinic, "all") == [case.id for case in reversed(cases)]


def test_what_asks_for_nobody_is_in_no_list(clinic):
    job = clinic.wanted_draft()
    clinic.opened(finding(LOW), status=AssessmentStatus.PENDING, job=job)
    assert listed(clinic) == listed(clinic, "all") == []
    clinic.drafted(job, AssessmentStatus.WITHHELD)
    assert listed(clinic) == listed(clinic, "all") == []

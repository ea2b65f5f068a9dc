"""When a case opens, joins, rises, lapses and stays quiet."""

from __future__ import annotations

import pytest

from cds_service.accounts.roles import Role
from cds_service.domain import AssessmentStatus, FindingKind, Priority
from cds_service.review.errors import NoSuchCase
from cds_service.review.opening import UNNAMED
from cds_service.review.states import Assessing, Informing, Reviewing
from cds_service.review.values import SHADOW, Verdict
from tests.support.ledger_values import NOW, later
from tests.support.review_values import decision, finding

OTHER = finding(Priority.HIGH, "red-flag-chest-pain", terms="chest pain")
LOW = finding(Priority.LOW, "bmi")
MEDIUM = finding(Priority.MEDIUM, "acute-kidney")
EVERY_STATUS = list(AssessmentStatus)


@pytest.mark.parametrize("status", EVERY_STATUS)
@pytest.mark.parametrize("priority", [Priority.HIGH, Priority.CRITICAL])
@pytest.mark.parametrize("least", ["low", "medium", "high"])
def test_what_is_urgent_opens_a_case_and_calls_a_physician_whatever_the_model_does(
    make_clinic, status, priority, least
):
    case = make_clinic(review_from=least).opened(finding(priority), status=status)
    assert case.reviewing is Reviewing.AWAITING
    assert case.informing is Informing.DUE
    assert case.assessing is Assessing(status.value)
    assert case.topics == ("Title of news2",)


@pytest.mark.parametrize(("least", "opens"), [("low", True), ("medium", True), ("high", False)])
def test_what_is_medium_opens_one_as_the_clinic_sets_it_and_calls_nobody(make_clinic, least, opens):
    clinic = make_clinic(review_from=least)
    case = clinic.answered(clinic.patient(), MEDIUM)
    assert (case is not None) is opens
    assert case is None or case.informing is Informing.NOT_NEEDED


def test_routine_findings_and_care_gaps_alone_open_none(clinic):
    assert clinic.answered(clinic.patient(), LOW) is None
    assert clinic.cases() == 0


def test_a_finished_assessment_asks_for_a_nurse_whatever_the_priority(clinic):
    case = clinic.opened(LOW, status=AssessmentStatus.READY)
    assert (case.reviewing, case.priority, case.model_priority) == (Reviewing.AWAITING, Priority.LOW, Priority.LOW)


def test_a_draft_under_way_opens_a_case_that_asks_for_nobody_until_it_is_there(clinic):
    case = clinic.opened(LOW, status=AssessmentStatus.PENDING)
    assert case.reviewing is Reviewing.OPENED
    assert clinic.track(case, "reviewing") == ["opened"]


def test_an_accepted_assessment_above_the_floor_raises_the_case_and_calls_a_physician(clinic):
    case = clinic.opened(MEDIUM, status=AssessmentStatus.READY, says=Priority.HIGH)
    assert (case.floor, case.priority, case.informing) == (Priority.MEDIUM, Priority.HIGH, Informing.DUE)


def test_an_urgent_floor_on_labelled_data_opens_a_case_that_does_not_name_it(clinic):
    case = clinic.answered(clinic.patient(), MEDIUM, hidden=Priority.CRITICAL)
    assert case.topics == (UNNAMED, MEDIUM.title)
    assert (case.priority, case.informing) == (Priority.CRITICAL, Informing.DUE)


# -- joining -----------------------------------------------------------------------------------------------------------


def test_a_chart_opened_again_changes_nothing_so_that_no_decision_becomes_stale(clinic):
    subject = clinic.patient()
    case = clinic.answered(subject, finding())
    audited = clinic.audited()
    again = clinic.answered(subject, finding(), now=later(60))
    assert again == case
    assert clinic.audited() == audited
    assert clinic.cases() == 1


def test_new_data_join_the_open_case_and_make_what_was_looked_at_stale(clinic):
    subject = clinic.patient()
    case = clinic.answered(subject, finding())
    joined = clinic.answered(subject, finding(score=7), now=later(60), data_at=later(50))
    assert joined.id == case.id
    assert joined.version > case.version
    assert (joined.answer, joined.snapshot) != (case.answer, case.snapshot)
    assert joined.data_at == later(50)


def test_a_lower_floor_never_lowers_an_open_case(clinic):
    subject = clinic.patient()
    clinic.answered(subject, finding(Priority.CRITICAL))
    joined = clinic.answered(subject, MEDIUM, now=later(60))
    assert (joined.floor, joined.priority) == (Priority.CRITICAL, Priority.CRITICAL)
    assert joined.topics == ("Title of news2",)


def test_a_higher_floor_raises_the_open_case_and_calls_the_physician_again(clinic):
    subject = clinic.patient()
    case = clinic.answered(subject, finding(Priority.HIGH))
    clinic.informs(case, Informing.NOTIFIED)
    joined = clinic.answered(subject, finding(Priority.CRITICAL, score=9), now=later(60))
    assert joined.priority is Priority.CRITICAL
    assert joined.informing is Informing.DUE
    assert clinic.track(case, "floor") == ["Critical"]


def test_another_urgent_rule_calls_the_physician_again_and_other_values_of_the_same_do_not(clinic):
    subject = clinic.patient()
    case = clinic.answered(subject, finding(score=5))
    clinic.informs(case, Informing.NOTIFIED)
    same_rule = clinic.answered(subject, finding(score=6), now=later(60), data_at=later(55))
    assert same_rule.informing is Informing.NOTIFIED
    other_rule = clinic.answered(subject, finding(score=6), OTHER, now=later(120), data_at=later(110))
    assert other_rule.informing is Informing.DUE


def test_an_open_case_without_urgency_that_rises_calls_the_physician(clinic):
    subject = clinic.patient()
    clinic.answered(subject, LOW, status=AssessmentStatus.PENDING, job="job-1")
    joined = clinic.answered(subject, finding(), status=AssessmentStatus.PENDING, job="job-2", now=later(5))
    assert (joined.reviewing, joined.informing) == (Reviewing.AWAITING, Informing.DUE)


def test_a_worker_that_stopped_takes_no_assessment_away(clinic):
    subject = clinic.patient()
    case = clinic.answered(subject, finding(), status=AssessmentStatus.READY, job="job-1")
    again = clinic.answered(subject, finding(), status=AssessmentStatus.UNAVAILABLE, now=later(60))
    assert again == case


def test_two_patients_have_two_cases(clinic):
    assert clinic.opened().id != clinic.opened().id


# -- after a decision --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("findings", "after_h", "opens"),
    [
        ((finding(),), 1, False),
        ((finding(), finding(Priority.LOW, "bmi")), 1, False),
        ((finding(), finding(Priority.MEDIUM, "gap", FindingKind.CARE_GAP)), 1, False),
        ((MEDIUM,), 1, True),
        ((finding(score=7),), 1, True),
        ((finding(), OTHER), 1, True),
        ((finding(Priority.CRITICAL),), 1, True),
        ((finding(),), 13, True),
    ],
    ids=["same", "routine besides", "care gap besides", "new", "other values", "new urgent", "higher", "another day"],
)
def test_after_a_decision_the_same_findings_stay_quiet_and_new_ones_do_not(clinic, findings, after_h, opens):
    subject, nurse = clinic.patient(), clinic.member()
    case = clinic.answered(subject, finding())
    clinic.reviews.decide(case.id, decision(case), nurse, later(60))
    again = clinic.answered(subject, *findings, now=later(after_h * 3600))
    assert (again is not None) is opens
    assert again is None or again.id != case.id


def test_findings_that_went_away_are_nothing_new(clinic):
    subject, nurse = clinic.patient(), clinic.member()
    case = clinic.answered(subject, finding(), OTHER)
    clinic.reviews.decide(case.id, decision(case), nurse, later(60))
    assert clinic.answered(subject, OTHER, now=later(120)) is None


def test_without_quiet_hours_every_chart_opens_its_case(make_clinic):
    clinic = make_clinic(review_quiet_hours=0)
    subject, nurse = clinic.patient(), clinic.member()
    case = clinic.answered(subject, finding())
    clinic.reviews.decide(case.id, decision(case), nurse, later(60))
    assert clinic.answered(subject, finding(), now=later(120)) is not None


@pytest.mark.parametrize("told", [(), (finding(Priority.CRITICAL),)], ids=["alone", "beside one that is named"])
def test_another_urgent_finding_on_labelled_data_is_new_though_no_case_names_it(clinic, told):
    subject, physician = clinic.patient(), clinic.member(Role.PHYSICIAN)
    hidden = {"hidden": Priority.CRITICAL, "sealed": ("sealed-a:4:1",)}
    case = clinic.answered(subject, *told, **hidden)
    clinic.reviews.acknowledged(case.id, physician, later(10))
    assert clinic.answered(subject, *told, now=later(20), **hidden).informing is Informing.ACKNOWLEDGED
    other = hidden | {"sealed": ("sealed-b:4:1",)}
    joined = clinic.answered(subject, *told, now=later(30), **other)
    assert joined.informing is Informing.DUE
    clinic.reviews.decide(case.id, decision(joined), physician, later(60))
    assert clinic.answered(subject, *told, now=later(90), **other) is None
    third = clinic.answered(subject, *told, now=later(120), **hidden | {"sealed": ("sealed-c:4:1",)})
    assert third.informing is Informing.DUE


# -- the worker --------------------------------------------------------------------------------------------------------


def test_a_ready_draft_brings_the_case_to_the_nurse_and_makes_a_decision_stale(clinic):
    job = clinic.wanted_draft()
    case = clinic.opened(LOW, status=AssessmentStatus.PENDING, job=job)
    after = clinic.drafted(job, AssessmentStatus.READY)
    assert (after.reviewing, after.assessing) == (Reviewing.AWAITING, Assessing.READY)
    assert after.model_priority is Priority.HIGH
    assert after.version > case.version


@pytest.mark.parametrize("status", [AssessmentStatus.WITHHELD, AssessmentStatus.UNAVAILABLE])
def test_without_a_draft_a_routine_case_lapses_and_an_urgent_one_keeps_its_place(clinic, status):
    job = clinic.wanted_draft()
    routine = clinic.opened(LOW, status=AssessmentStatus.PENDING, job=job)
    urgent = clinic.opened(finding(), status=AssessmentStatus.PENDING, job=job)
    clinic.drafted(job, status)
    assert clinic.as_it_stands(routine).reviewing is Reviewing.LAPSED
    after = clinic.as_it_stands(urgent)
    assert (after.reviewing, after.assessing) == (Reviewing.AWAITING, Assessing(status.value))
    assert after.version == urgent.version


def test_a_draft_above_the_floor_raises_the_case_and_calls_a_physician(clinic):
    job = clinic.wanted_draft()
    clinic.opened(MEDIUM, status=AssessmentStatus.PENDING, job=job)
    after = clinic.drafted(job, AssessmentStatus.READY)
    assert (after.floor, after.priority, after.informing) == (Priority.MEDIUM, Priority.HIGH, Informing.DUE)


def test_a_draft_for_a_case_that_is_decided_changes_nothing(clinic):
    job = clinic.wanted_draft()
    case = clinic.opened(finding(), status=AssessmentStatus.PENDING, job=job)
    decided = clinic.reviews.decide(case.id, decision(case), clinic.member(), later(60))
    with clinic.database.transaction() as tx:
        assert clinic.reviews.assessed_in(tx, job, AssessmentStatus.WITHHELD, later(90)) == ()
    assert clinic.as_it_stands(case) == decided


@pytest.mark.parametrize("decided", [Verdict.CONFIRM, Verdict.DISMISS])
def test_a_draft_graver_than_a_decision_that_came_first_opens_a_case_of_its_own(clinic, decided):
    job, nurse = clinic.wanted_draft(), clinic.member()
    case = clinic.opened(MEDIUM, status=AssessmentStatus.PENDING, job=job)
    before = clinic.reviews.decide(case.id, decision(case, decided, reason="data-wrong"), nurse, later(20))
    anew = clinic.drafted(job, AssessmentStatus.READY)
    assert (anew.reviewing, anew.informing, anew.priority) == (Reviewing.AWAITING, Informing.DUE, Priority.HIGH)
    assert (anew.decided_at, anew.snapshot, anew.floor) == (None, case.snapshot, Priority.MEDIUM)
    assert clinic.as_it_stands(case) == before
    assert clinic.reviews.decide(anew.id, decision(anew), nurse, later(90)).reviewing is Reviewing.CONFIRMED


def test_a_draft_no_graver_than_the_decision_that_came_first_opens_none(clinic):
    job = clinic.wanted_draft()
    case = clinic.opened(MEDIUM, status=AssessmentStatus.PENDING, job=job)
    raised = decision(case, Verdict.CHANGE, priority=Priority.CRITICAL)
    clinic.reviews.decide(case.id, raised, clinic.member(), later(20))
    assert clinic.drafted(job, AssessmentStatus.READY) is None
    assert clinic.cases() == 1


# -- shadow ------------------------------------------------------------------------------------------------------------


def test_a_shadow_case_is_counted_and_neither_shown_nor_told(clinic):
    case = clinic.opened(finding(Priority.CRITICAL), stage=SHADOW)
    assert case.informing is Informing.NOT_NEEDED
    assert clinic.reviews.queue(NOW, role=clinic.member().role).total == 0
    with pytest.raises(NoSuchCase):
        clinic.reviews.get(case.id)


def test_a_patient_whose_case_began_in_shadow_is_seen_once_the_service_is_rolled_out(clinic):
    subject = clinic.patient()
    shadow = clinic.answered(subject, finding(), stage=SHADOW)
    case = clinic.answered(subject, finding(), now=later(60))
    assert (case.id, case.stage, case.informing) == (shadow.id, "full", Informing.DUE)


def test_the_time_that_a_case_spent_in_shadow_is_no_time_that_anybody_let_it_wait(clinic):
    subject = clinic.patient()
    clinic.answered(subject, finding(), stage=SHADOW)
    assert clinic.answered(subject, finding(), now=later(86400)).opened_at == later(86400)


def test_a_case_that_people_see_calls_a_physician_wherever_its_patient_is_seen_next(clinic):
    subject = clinic.patient()
    clinic.answered(subject, MEDIUM, stage="pilot")
    joined = clinic.answered(subject, finding(Priority.CRITICAL), stage=SHADOW, now=later(60))
    assert (joined.stage, joined.priority, joined.informing) == ("pilot", Priority.CRITICAL, Informing.DUE)

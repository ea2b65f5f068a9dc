"""One history a card: the EHR's feedback and the page's decision meet, and silence is no answer."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from cds_service.domain import AssessmentStatus, Priority
from cds_service.ledger.audit import AuditEvent, EventKind
from cds_service.ledger.ledger import Ledger
from cds_service.ledger.records import CardKind, FeedbackItem, FeedbackOutcome
from cds_service.ledger.tables import answer, card
from cds_service.review.errors import NoSuchCase
from cds_service.review.history import Answered, Source
from cds_service.review.values import Verdict
from tests.support.ledger_values import CLIENT, SERVICE, later
from tests.support.review_values import HOUR, decision, finding

FROM_EHR = AuditEvent(kind=EventKind.FEEDBACK, actor=CLIENT)


def from_ehr(clinic, case, outcome, at, kind=CardKind.FLOOR):
    with clinic.database.transaction() as tx:
        shown = tx.execute(select(card).where(card.c.answer == case.answer, card.c.kind == kind.value)).mappings().one()
        accepted = tuple(shown["suggestions"][:1]) if outcome is FeedbackOutcome.ACCEPTED else ()
        item = FeedbackItem(card=shown["uuid"], outcome=outcome, outcome_at=later(at), suggestions=accepted)
        ledger = Ledger(clinic.vault, retention=HOUR)
        (result,) = ledger.record_feedback(
            tx, service=SERVICE, client=CLIENT, items=[item], now=later(at), audit=FROM_EHR
        )
        assert result.status.accepted


def told(clinic, case):
    return {h.kind: h for h in clinic.reviews.card_history(clinic.as_it_stands(case))}


def test_a_card_that_nobody_answered_is_unanswered_and_not_dismissed(clinic):
    history = told(clinic, clinic.opened())
    assert set(history) == {CardKind.FLOOR, CardKind.GUIDELINE}
    assert [h.outcome for h in history.values()] == [Answered.UNANSWERED, Answered.UNANSWERED]
    assert [h.responses for h in history.values()] == [(), ()]


def test_feedback_and_decision_meet_in_order_of_time_and_the_last_word_counts(clinic):
    case, nurse = clinic.opened(), clinic.member()
    from_ehr(clinic, case, FeedbackOutcome.OVERRIDDEN, 30)
    clinic.reviews.decide(case.id, decision(case), nurse, later(60))
    from_ehr(clinic, case, FeedbackOutcome.OVERRIDDEN, 90)
    floor = told(clinic, case)[CardKind.FLOOR]
    assert [(r.source, r.outcome, r.at, r.account) for r in floor.responses] == [
        (Source.EHR, Answered.OVERRIDDEN, later(30), None),
        (Source.PAGE, Answered.ACCEPTED, later(60), nurse.account),
        (Source.EHR, Answered.OVERRIDDEN, later(90), None),
    ]
    assert floor.outcome is Answered.OVERRIDDEN


@pytest.mark.parametrize(
    ("verdict", "priority", "reason", "outcome"),
    [
        (Verdict.CONFIRM, None, None, Answered.ACCEPTED),
        (Verdict.CHANGE, Priority.LOW, None, Answered.OVERRIDDEN),
        (Verdict.DISMISS, None, "data-wrong", Answered.OVERRIDDEN),
    ],
)
def test_a_decision_speaks_of_the_floors_card_and_of_no_guideline(clinic, verdict, priority, reason, outcome):
    case = clinic.opened(finding(Priority.MEDIUM))
    clinic.reviews.decide(
        case.id, decision(case, verdict, priority=priority, reason=reason), clinic.member(), later(60)
    )
    history = told(clinic, case)
    (response,) = history[CardKind.FLOOR].responses
    assert (history[CardKind.FLOOR].outcome, response.reason_code) == (outcome, reason)
    assert (response.reason_system is None) is (reason is None)
    assert history[CardKind.GUIDELINE].outcome is Answered.UNANSWERED


def test_who_rewords_the_assessment_and_keeps_the_priority_overrides_the_models_card_alone(clinic):
    case = clinic.opened(status=AssessmentStatus.READY)
    reworded = decision(case, Verdict.CHANGE, priority=case.priority, edited=True)
    clinic.reviews.decide(case.id, reworded, clinic.member(), later(60))
    outcomes = {kind: history.outcome for kind, history in told(clinic, case).items()}
    assert (outcomes[CardKind.FLOOR], outcomes[CardKind.AI]) == (Answered.ACCEPTED, Answered.OVERRIDDEN)


def test_the_history_of_a_case_has_the_cards_of_every_answer_that_joined_it_and_of_no_other(clinic):
    subject = clinic.patient()
    before = clinic.answered(subject, now=later(-60))
    case = clinic.answered(subject, finding())
    clinic.answered(subject, finding(), now=later(30))
    clinic.opened(now=later(30))
    clinic.reviews.decide(case.id, decision(case), clinic.member(), later(60))
    clinic.answered(subject, finding(), now=later(90))
    history = clinic.reviews.card_history(clinic.as_it_stands(case))
    assert before is None
    assert [h.shown_at for h in history] == [later(30), later(30), later(0), later(0)]
    assert [h.outcome for h in history if h.kind is CardKind.FLOOR] == [Answered.UNANSWERED, Answered.ACCEPTED]


def test_a_card_leads_to_the_case_of_its_answer_also_when_that_was_decided_shortly_before(clinic):
    subject = clinic.patient()
    case = clinic.answered(subject, finding())
    clinic.answered(subject, finding(), now=later(30))
    clinic.reviews.decide(case.id, decision(case), clinic.member(), later(60))
    clinic.answered(subject, finding(), now=later(90))
    clinic.answered(subject, now=later(13 * 3600))
    *near, late = answers_of(clinic, subject)
    assert [clinic.reviews.get_by_answer(answer).id for answer in near] == [case.id] * 3
    with pytest.raises(NoSuchCase):
        clinic.reviews.get_by_answer(late)


def test_the_history_of_an_answer_is_that_of_its_cards(clinic):
    case = clinic.opened()
    assert {h.answer for h in clinic.reviews.answer_history(case.answer)} == {case.answer}
    assert clinic.reviews.answer_history("ans-unknown") == ()


def answers_of(clinic, subject):
    with clinic.database.transaction(write=False) as tx:
        found = select(answer.c.id).where(answer.c.subject == subject).order_by(answer.c.created_at)
        return list(tx.execute(found).scalars())

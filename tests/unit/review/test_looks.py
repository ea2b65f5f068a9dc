"""Who else has a case open, and how long somebody looked at it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from cds_service.accounts.roles import Role
from cds_service.ledger.tables import review_record
from tests.support.ledger_values import later
from tests.support.review_values import decision


def names(clinic, case, member, at):
    return [person.name for person in clinic.reviews.look(case.id, member, later(at)).people]


def test_the_second_person_sees_the_first_and_the_first_the_second(clinic):
    case, nurse, physician = clinic.opened(), clinic.member(), clinic.member(Role.PHYSICIAN, "Petra Vole")
    assert names(clinic, case, nurse, 0) == []
    assert names(clinic, case, physician, 20) == ["Nora Quill"]
    assert names(clinic, case, nurse, 30) == ["Petra Vole"]


def test_who_gave_no_sign_for_a_minute_is_gone_and_comes_back_anew(clinic):
    case, nurse, physician = clinic.opened(), clinic.member(), clinic.member(Role.PHYSICIAN)
    clinic.reviews.look(case.id, nurse, later(0))
    assert names(clinic, case, physician, 61) == []
    clinic.reviews.look(case.id, nurse, later(100))
    (person,) = clinic.reviews.look(case.id, physician, later(110)).people
    assert (person.since, person.seen_at) == (later(100), later(100))


def test_who_has_another_case_open_is_not_there(clinic):
    case, other = clinic.opened(), clinic.opened()
    clinic.reviews.look(other.id, clinic.member(), later(0))
    assert names(clinic, case, clinic.member(Role.PHYSICIAN), 5) == []


def test_coming_is_audited_once_and_staying_is_not(clinic):
    case, nurse = clinic.opened(), clinic.member()
    before = clinic.audited()
    for at in range(0, 120, 5):
        clinic.reviews.look(case.id, nurse, later(at))
    assert clinic.audited() == before + 1
    clinic.reviews.look(case.id, nurse, later(2000))
    assert clinic.audited() == before + 2


@pytest.mark.parametrize(
    ("looks", "decided", "seconds"),
    [
        ((10,), 40, 30.0),
        ((10, 500, 1000), 1010, 1000.0),
        ((), 40, None),
        ((10,), 10 + 901, None),
        ((10, 2000), 2010, None),
    ],
    ids=["one look", "page kept open", "never looked", "left and decided", "left and came back"],
)
def test_the_time_of_a_review_runs_from_the_first_look_unless_the_case_was_left(clinic, looks, decided, seconds):
    case, nurse = clinic.opened(), clinic.member()
    for at in looks:
        clinic.reviews.look(case.id, nurse, later(at))
    clinic.reviews.look(case.id, clinic.member(Role.PHYSICIAN), later(1))
    clinic.reviews.decide(case.id, decision(case), nurse, later(decided))
    with clinic.database.transaction(write=False) as tx:
        assert tx.execute(select(review_record.c.review_s)).scalar() == seconds

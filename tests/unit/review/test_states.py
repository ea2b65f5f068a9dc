"""The dicts of states: whole, and the only way to change a case."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from sqlalchemy import update

from cds_service.domain import Priority
from cds_service.ledger.tables import review_case
from cds_service.review.diagram import diagram
from cds_service.review.errors import Stale
from cds_service.review.moves import By, Move, apply
from cds_service.review.states import (
    NEXT_ASSESSING,
    NEXT_INFORMING,
    NEXT_REVIEWING,
    Assessing,
    Informing,
    Reviewing,
)
from tests.support.ledger_values import later

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "review.md"
TABLES = ((Assessing, NEXT_ASSESSING), (Reviewing, NEXT_REVIEWING), (Informing, NEXT_INFORMING))
STEPS = [(a, b, b in following[a]) for kind, following in TABLES for a, b in itertools.product(kind, kind)]


@pytest.mark.parametrize(("kind", "following"), TABLES)
def test_every_state_says_what_may_follow_and_can_be_reached(kind, following):
    assert set(following) == set(kind)
    first = {Reviewing.OPENED, Informing.NOT_NEEDED, *Assessing}
    assert {after for states in following.values() for after in states} | (first & set(kind)) == set(kind)


def test_a_case_changes_only_as_the_dicts_say(clinic):
    case, by = clinic.opened(), By(actor="tester")
    for before, after, allowed in STEPS:
        track = type(before).__name__.lower()
        stands = _put(clinic, case, track, before)
        with clinic.database.transaction() as tx:
            if allowed:
                moved = apply(tx, stands, [Move(to=after, why="test")], by=by, now=later(1))
                assert getattr(moved, track) is after
            else:
                with pytest.raises(Stale):
                    apply(tx, stands, [Move(to=after, why="test")], by=by, now=later(1))


@pytest.mark.parametrize("to", [Priority.LOW, Priority.HIGH])
def test_a_priority_never_sinks(clinic, to):
    case = clinic.opened()
    with clinic.database.transaction() as tx, pytest.raises(Stale):
        apply(tx, case, [Move(to=to, why="test")], by=By(actor="tester"), now=later(1))


def test_what_changed_in_between_is_not_overwritten(clinic):
    case = clinic.opened()
    move, by = Move(to=Informing.NOTIFIED, why="test"), By(actor="tester")
    with clinic.database.transaction() as tx:
        apply(tx, case, [move], by=by, now=later(1))
    with clinic.database.transaction() as tx, pytest.raises(Stale):
        apply(tx, case, [move], by=by, now=later(2))
    assert clinic.track(case, "informing") == ["due", "notified"]


def test_the_page_shows_the_diagram_of_the_dicts():
    assert diagram() in PAGE.read_text(encoding="utf-8")


def test_the_diagram_names_every_step():
    drawn = diagram()
    assert drawn.count(" --> ") == sum(allowed for *_, allowed in STEPS) + len(Assessing) + 2


def _put(clinic, case, track, state):
    """`case` in a state, put there past the dicts."""
    with clinic.database.transaction() as tx:
        tx.execute(update(review_case).values({track: state.value}))
    return clinic.as_it_stands(case)

"""The roll-out in the database: every change audited, and a reading that costs no card."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from cds_service.accounts.roles import Member, Role
from cds_service.errors import NotAllowed, StoreError
from cds_service.ledger.chain import verify
from cds_service.ledger.database import open_database
from cds_service.ledger.migrate import migrate
from cds_service.ledger.tables import roll_out as table
from cds_service.ledger.vault import Vault
from cds_service.rollout.change import Change, NewPlace
from cds_service.rollout.errors import RollOutRefused, Stale
from cds_service.rollout.permissions import check_may_change, may_change
from cds_service.rollout.stages import MODEL, SERVICE, Stage, rule_part
from cds_service.rollout.store import FRESH, RollOut
from tests.support.ledger_values import new_keys
from tests.unit.rollout.test_stages import call, stay

NOW = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)
RULES = {"news2": True, "hba1c": False}
WARD = NewPlace(reference="Location/ward-7", label="ward")
NURSE = NewPlace(reference="Practitioner/one", label="nurse-1")
WHY = "the board of the clinic decided on the shadow week's figures"


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A migrated database, to copy."""
    path = tmp_path_factory.mktemp("empty") / "cds.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def database(tmp_path, empty):
    opened = open_database(f"sqlite:///{shutil.copy(empty, tmp_path / 'cds.sqlite3')}")
    yield opened
    opened.close()


@pytest.fixture
def stored(database):
    return RollOut(database, Vault(new_keys()), rules=RULES)


def change(stored, part=SERVICE, stage=Stage.SHADOW, *, now=NOW, actor="user:acct-1", **fields):
    return stored.change(Change(part=part, stage=stage, **{"why": WHY, **fields}), actor=actor, now=now)


def test_a_change_holds_and_says_who_when_and_why(stored, database):
    change(stored, part=MODEL)
    assert stored.read().stage(MODEL) is Stage.SHADOW
    assert stored.read().stage(SERVICE) is Stage.FULL
    (past,) = stored.history()
    assert (past.actor, past.part, past.before, past.after, past.why) == ("user:acct-1", MODEL, "full", "shadow", WHY)
    assert datetime.fromisoformat(past.at) == NOW
    with database.transaction(write=False) as tx:
        assert verify(tx).valid


def test_the_newest_change_of_a_part_counts(stored):
    for stage in (Stage.SHADOW, Stage.FULL, Stage.SHADOW, Stage.FULL):
        change(stored, stage=stage)
    assert stored.read().stage(SERVICE) is Stage.FULL
    assert [past.after for past in stored.history(limit=2)] == ["full", "shadow"]


def test_a_pilot_reaches_calls_from_its_ward_and_its_nurse(stored):
    change(stored, stage=Stage.PILOT, add=[WARD, NURSE])
    ward = {"location": [stay("https://ehr.example/fhir/Location/ward-7")]}
    assert stored.reach(call(ward, "Practitioner/two"), NOW).stage is Stage.PILOT
    assert stored.reach(call(None, "Practitioner/one"), NOW).stage is Stage.PILOT
    assert not stored.reach(call({"location": [stay("Location/ward-8")]}, "Practitioner/two"), NOW).shown


def test_a_pilot_grows_and_shrinks_by_its_labels(stored):
    change(stored, stage=Stage.PILOT, add=[WARD])
    change(stored, stage=Stage.PILOT, add=[NURSE])
    assert [p.label for p in stored.read().parts[SERVICE].places] == ["nurse-1", "ward"]
    change(stored, stage=Stage.PILOT, drop=["ward"])
    assert [p.label for p in stored.read().parts[SERVICE].places] == ["nurse-1"]
    assert stored.history()[0].labels == "nurse-1"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"part": "everything"}, "Only the service, the model and the rules"),
        ({"part": rule_part("no-such")}, "no such rule"),
        ({"part": rule_part("news2")}, "Confirm"),
        ({"part": rule_part("news2"), "stage": Stage.PILOT, "add": [WARD]}, "Confirm"),
        ({"stage": Stage.PILOT}, "at least one"),
        ({"stage": Stage.PILOT, "drop": ["ward"]}, "look at its labels"),
        ({"add": [WARD]}, "Only a pilot has places"),
        ({"stage": Stage.PILOT, "add": [WARD, NewPlace(reference="Location/b", label="ward")]}, "same label"),
        ({"why": "  "}, "1 to 200"),
        ({"why": "x" * 201}, "1 to 200"),
        ({"why": "because of Patient/123"}, "names no patient"),
    ],
)
def test_a_change_that_may_not_be_made_is_refused_and_changes_nothing(stored, fields, says):
    with pytest.raises(RollOutRefused, match=says):
        change(stored, **fields)
    assert stored.read().parts == {}
    assert stored.history() == ()


def test_an_urgent_rule_falls_silent_only_when_it_is_confirmed(stored):
    change(stored, part=rule_part("news2"), confirmed=True)
    change(stored, part=rule_part("hba1c"))
    assert stored.reach(call(None), NOW).shadow_rules == {"news2", "hba1c"}
    change(stored, part=rule_part("news2"), stage=Stage.FULL)
    assert stored.reach(call(None), NOW).shadow_rules == {"hba1c"}


def test_a_form_that_is_older_than_the_newest_change_is_refused(stored):
    change(stored, seen=0)
    with pytest.raises(Stale):
        change(stored, stage=Stage.FULL, seen=0)
    assert stored.read().stage(SERVICE) is Stage.SHADOW


@pytest.mark.parametrize("text", ["Location/12", "Location/12=", "Patient/1=a", "Location/12=East Wing", "=a", "x"])
def test_a_place_needs_a_reference_and_a_label(text):
    with pytest.raises(RollOutRefused) as refused:
        NewPlace.parse(text)
    assert text not in str(refused.value).replace("Location/12 = east-wing", "").replace("Location/12,", "")


def test_a_place_is_read_as_it_is_written():
    assert NewPlace.parse(" https://ehr.example/r4/Location/12 = east-wing ") == NewPlace(
        reference="Location/12", label="east-wing"
    )


def test_no_reference_is_stored(stored, database):
    change(stored, stage=Stage.PILOT, add=[WARD, NURSE])
    with database.transaction(write=False) as tx:
        rows = str(tx.execute(select(table)).all())
    assert "ward-7" not in rows
    assert "Practitioner" not in rows
    assert "nurse-1" in rows


# -- the hook path ---------------------------------------------------------------------------------------------------


def test_another_process_knows_a_change_after_a_few_seconds(stored, database):
    other = RollOut(database, stored._vault, rules=RULES)
    assert other.at(NOW).stage(SERVICE) is Stage.FULL
    change(stored)
    assert other.at(NOW + FRESH - timedelta(seconds=1)).stage(SERVICE) is Stage.FULL
    assert other.at(NOW + FRESH).stage(SERVICE) is Stage.SHADOW


def test_a_clock_that_was_set_back_reads_anew(stored, database):
    other = RollOut(database, stored._vault, rules=RULES)
    other.at(NOW + timedelta(hours=1))
    change(stored)
    assert other.at(NOW).stage(SERVICE) is Stage.SHADOW


def test_without_a_database_the_last_that_was_known_holds(stored, monkeypatch):
    change(stored)
    asked = []

    def gone():
        asked.append(1)
        raise StoreError("gone")

    monkeypatch.setattr(stored, "read", gone)
    later = NOW + timedelta(minutes=1)
    assert not stored.reach(call(None), later).shown
    assert not stored.reach(call(None), later).shown
    assert len(asked) == 1, "a database that is gone is waited for once in a few seconds, not at every call"


def test_before_anything_was_known_everything_is_shown(tmp_path):
    empty = open_database(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    reach = RollOut(empty, Vault(new_keys()), rules=RULES).reach(call(None), NOW)
    empty.close()
    assert reach.shown
    assert reach.model_shown


@pytest.mark.parametrize("row", [{"stage": "half", "places": []}, {"stage": "pilot", "places": [{"no": "key"}]}])
def test_a_row_that_is_not_understood_hides_no_card(stored, database, row):
    with database.transaction() as tx:
        tx.execute(insert(table), {"seq": 1, "part": SERVICE, "changed_at": NOW, **row})
    assert stored.reach(call(None), NOW).shown


@pytest.mark.parametrize("role", list(Role))
def test_only_an_administrator_may_change_it(role):
    member = Member(account="acct-1", name="A Name", role=role)
    assert may_change(member) is (role is Role.ADMINISTRATOR)
    if not may_change(member):
        with pytest.raises(NotAllowed):
            check_may_change(member)

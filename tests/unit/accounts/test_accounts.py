"""Accounts and sessions: who is let in, for how long, and what is written about it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from cds_service.accounts.errors import AccountError, SignInRefused, WeakPassword
from cds_service.accounts.roles import Role
from cds_service.accounts.store import LONGEST_LOCK
from cds_service.ledger.chain import verify
from cds_service.ledger.tables import account, audit_event, session
from tests.support.site import PASSWORD, a_clinic

NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
OTHER = "seven quiet otters in a lane"


def later(**span):
    return NOW + timedelta(**span)


@pytest.fixture
def clinic(tmp_path):
    return a_clinic(tmp_path, now=lambda: NOW)


@pytest.fixture
def accounts(clinic):
    return clinic.accounts


@pytest.fixture
def nora(accounts):
    return accounts.add("nora", role=Role.NURSE, shown="Nora Quill", password=PASSWORD, must_change=False, now=NOW)


def events(clinic, kind=None):
    with clinic.recorder.database.transaction(write=False) as tx:
        assert verify(tx).valid
        found = tx.execute(select(audit_event).order_by(audit_event.c.seq)).mappings().all()
    return [(e["actor"], e["outcome"], json.loads(e["detail"])) for e in found if kind in (None, e["kind"])]


def fail(accounts, times, *, now=NOW):
    for _ in range(times):
        with pytest.raises(SignInRefused):
            accounts.sign_in("nora", OTHER, now=now)


# -- sign-in -------------------------------------------------------------------------------------------------------


def test_who_knows_name_and_password_is_let_in(accounts, nora):
    entry = accounts.sign_in(" Nora ", PASSWORD, now=NOW)
    found = accounts.session(entry.token, now=NOW, active=True)
    assert found.member == entry.member == nora.member
    assert not entry.must_change


def test_every_refusal_says_the_same(accounts, nora):
    accounts.add("ines", role=Role.NURSE, shown="Ines Roe", password=PASSWORD, now=NOW)
    accounts.disable(accounts.find("ines").id, now=NOW)
    said = []
    for name, password in (("nora", OTHER), ("nobody", OTHER), ("ines", PASSWORD), ("", ""), ("nora", "x" * 5000)):
        with pytest.raises(SignInRefused) as refused:
            accounts.sign_in(name, password, now=NOW)
        said.append((str(refused.value), refused.value.reason))
    assert len({message for message, _ in said}) == 1
    assert [reason for _, reason in said] == ["password", "unknown", "disabled", "unknown", "password"]


def test_a_failed_sign_in_is_audited_without_what_was_typed(clinic, accounts, nora):
    for name in ("hunter-as-a-name", "nora"):
        with pytest.raises(SignInRefused):
            accounts.sign_in(name, "hunter-as-a-password", now=NOW)
    found = events(clinic, "sign-in")
    assert found == [
        ("anyone", "refused", {"act": "sign-in", "reason": "unknown"}),
        (f"user:{nora.id}", "refused", {"act": "sign-in", "reason": "password"}),
    ]


def test_failures_in_a_row_lock_the_account_and_the_right_password_does_not_help(accounts, nora):
    fail(accounts, 5)
    with pytest.raises(SignInRefused) as refused:
        accounts.sign_in("nora", PASSWORD, now=later(minutes=14))
    assert refused.value.reason == "locked"
    assert accounts.sign_in("nora", PASSWORD, now=later(minutes=16))


def test_a_success_forgets_the_failures_before_it(accounts, nora):
    fail(accounts, 4)
    accounts.sign_in("nora", PASSWORD, now=NOW)
    fail(accounts, 4)
    assert accounts.sign_in("nora", PASSWORD, now=NOW)


def test_locks_grow_and_have_an_end(accounts, nora):
    fail(accounts, 5)
    lengths = []
    now = NOW
    for _ in range(6):
        now = accounts.find("nora").locked_until
        fail(accounts, 1, now=now)
        lengths.append((accounts.find("nora").locked_until - now) // timedelta(minutes=1))
    assert lengths == [30, 60, 120, 120, 120, 120]
    assert accounts.sign_in("nora", PASSWORD, now=accounts.find("nora").locked_until)


def test_tries_while_it_is_locked_do_not_make_the_lock_longer(accounts, nora):
    fail(accounts, 5)
    until = accounts.find("nora").locked_until
    fail(accounts, 20, now=later(minutes=1))
    assert accounts.find("nora").locked_until == until


def test_a_lock_of_a_clock_that_ran_ahead_locks_nobody_out_for_years(clinic, accounts, nora):
    fail(accounts, 5, now=later(days=3000))
    assert accounts.sign_in("nora", PASSWORD, now=NOW)
    assert LONGEST_LOCK * clinic.settings.lock_minutes == 120


def test_an_administrator_ends_a_lock(accounts, nora):
    fail(accounts, 5)
    accounts.enable(nora.id, now=NOW)
    assert accounts.sign_in("nora", PASSWORD, now=NOW)


def test_a_password_kept_with_old_parameters_is_hashed_anew_at_sign_in(clinic, accounts, nora):
    from cds_service.accounts.store import Accounts

    Accounts(clinic.recorder.database, settings=clinic.settings).sign_in("nora", PASSWORD, now=NOW)
    with clinic.recorder.database.transaction(write=False) as tx:
        assert tx.execute(select(account.c.password)).scalar_one().startswith("$argon2id$v=19$m=65536,t=3,p=4$")


# -- sessions ------------------------------------------------------------------------------------------------------


def test_a_session_is_kept_as_a_hash(clinic, accounts, nora):
    token = accounts.sign_in("nora", PASSWORD, now=NOW).token
    assert len(token) >= 43
    with clinic.recorder.database.transaction(write=False) as tx:
        stored = tx.execute(select(session.c.id)).scalar_one()
    assert token not in stored
    assert accounts.session(stored, now=NOW, active=True) is None


def test_an_idle_session_ends_and_an_active_one_goes_on_to_its_age(accounts, nora):
    token = accounts.sign_in("nora", PASSWORD, now=NOW).token
    for minutes in range(10, 12 * 60, 10):
        assert accounts.session(token, now=later(minutes=minutes), active=True)
    assert accounts.session(token, now=later(hours=12), active=True) is None
    idle = accounts.sign_in("nora", PASSWORD, now=NOW).token
    assert accounts.session(idle, now=later(minutes=14), active=False)
    assert accounts.session(idle, now=later(minutes=15), active=True) is None


def test_a_page_that_refreshes_itself_keeps_no_session_alive(accounts, nora):
    token = accounts.sign_in("nora", PASSWORD, now=NOW).token
    alive = [bool(accounts.session(token, now=later(minutes=m), active=False)) for m in range(1, 20)]
    assert alive == [True] * 14 + [False] * 5


@pytest.mark.parametrize("back", [timedelta(minutes=3), timedelta(days=400)])
def test_a_clock_that_goes_back_ends_sessions_instead_of_making_them_longer(accounts, nora, back):
    token = accounts.sign_in("nora", PASSWORD, now=NOW).token
    assert accounts.session(token, now=NOW - back, active=True) is None
    assert accounts.session(token, now=NOW - timedelta(minutes=1), active=True)


@pytest.mark.parametrize(
    "act",
    [
        lambda a, who: a.disable(who.id, now=NOW),
        lambda a, who: a.set_role(who.id, Role.PHYSICIAN, now=NOW),
        lambda a, who: a.set_password(who, OTHER, now=NOW),
        lambda a, who: a.end_sessions(who.id, now=NOW),
    ],
    ids=["disabled", "another role", "another password", "reset"],
)
def test_what_an_administrator_does_ends_live_sessions_at_once(clinic, accounts, nora, act):
    tokens = [accounts.sign_in("nora", PASSWORD, now=NOW).token for _ in range(2)]
    act(accounts, nora)
    assert [accounts.session(token, now=NOW, active=True) for token in tokens] == [None, None]
    assert events(clinic, "account")[-1][2]["sessions_ended"] == 2


def test_a_session_of_an_account_that_is_gone_is_none(clinic, accounts, nora):
    token = accounts.sign_in("nora", PASSWORD, now=NOW).token
    with clinic.recorder.database.transaction() as tx:
        tx.execute(delete(session))
        tx.execute(delete(account))
    assert accounts.session(token, now=NOW, active=True) is None


def test_a_session_of_an_account_disabled_behind_our_back_is_none(clinic, accounts, nora):
    token = accounts.sign_in("nora", PASSWORD, now=NOW).token
    with clinic.recorder.database.transaction() as tx:
        tx.execute(update(account).values(disabled_at=NOW))
    assert accounts.session(token, now=NOW, active=True) is None


def test_a_new_sign_in_ends_the_session_that_the_browser_had(accounts, nora):
    former = accounts.sign_in("nora", PASSWORD, now=NOW).token
    entry = accounts.sign_in("nora", PASSWORD, now=NOW, former=former)
    assert entry.token != former
    assert accounts.session(former, now=NOW, active=True) is None


def test_sign_out_ends_one_session(accounts, nora):
    one, other = (accounts.sign_in("nora", PASSWORD, now=NOW).token for _ in range(2))
    accounts.sign_out(one, nora.member, now=NOW)
    assert accounts.session(one, now=NOW, active=True) is None
    assert accounts.session(other, now=NOW, active=True)


def test_old_sessions_are_cleared_away(clinic, accounts, nora):
    for hours in range(3):
        accounts.sign_in("nora", PASSWORD, now=later(hours=hours))
    with clinic.recorder.database.transaction(write=False) as tx:
        assert len(tx.execute(select(session.c.id)).all()) == 1


# -- accounts ------------------------------------------------------------------------------------------------------


def test_a_password_that_somebody_else_set_must_be_changed(accounts, nora):
    accounts.set_password(nora, OTHER, now=NOW)
    entry = accounts.sign_in("nora", OTHER, now=NOW)
    assert entry.must_change
    changed = accounts.change_password(entry.member, OTHER, PASSWORD, now=NOW)
    assert not changed.must_change
    assert accounts.session(entry.token, now=NOW, active=True) is None
    assert accounts.session(changed.token, now=NOW, active=True)
    with pytest.raises(SignInRefused):
        accounts.sign_in("nora", OTHER, now=NOW)


def test_an_own_new_password_needs_the_present_one_and_the_rules(accounts, nora):
    with pytest.raises(SignInRefused):
        accounts.change_password(nora.member, OTHER, "nine more words of no use", now=NOW)
    with pytest.raises(WeakPassword):
        accounts.change_password(nora.member, PASSWORD, "short", now=NOW)
    with pytest.raises(AccountError, match="old one"):
        accounts.change_password(nora.member, PASSWORD, PASSWORD, now=NOW)
    assert accounts.sign_in("nora", PASSWORD, now=NOW)


def test_a_password_that_an_administrator_sets_meanwhile_is_not_overwritten_by_who_knew_the_old_one(
    accounts, nora, monkeypatch
):
    plain = accounts._passwords.matches

    def meanwhile(kept, password):
        monkeypatch.setattr(accounts._passwords, "matches", plain)
        accounts.set_password(nora, OTHER, now=NOW)
        return plain(kept, password)

    monkeypatch.setattr(accounts._passwords, "matches", meanwhile)
    with pytest.raises(SignInRefused):
        accounts.change_password(nora.member, PASSWORD, "nine more words of no use", now=NOW)
    assert accounts.sign_in("nora", OTHER, now=NOW)


def test_guesses_at_the_present_password_lock_too(accounts, nora):
    for _ in range(5):
        with pytest.raises(SignInRefused):
            accounts.change_password(nora.member, OTHER, "nine more words of no use", now=NOW)
    with pytest.raises(SignInRefused):
        accounts.change_password(nora.member, PASSWORD, "nine more words of no use", now=NOW)


@pytest.mark.parametrize("name", ["", "a", "Nora", "no ra", "-nora", "n" * 65, "nora\n", "nörä", "nora/../x"])
def test_names_are_plain(accounts, name):
    with pytest.raises(AccountError):
        accounts.add(name, role=Role.NURSE, shown="Nora", password=PASSWORD, now=NOW)


def test_a_name_is_taken_once(accounts, nora):
    with pytest.raises(AccountError):
        accounts.add("nora", role=Role.PHYSICIAN, shown="Another", password=OTHER, now=NOW)
    assert [a.role for a in accounts.all()] == [Role.NURSE]


@pytest.mark.parametrize("shown", ["", "  ", "x" * 101, "a\x07b", "a\u202eb"])
def test_shown_names_are_printable(accounts, shown):
    with pytest.raises(AccountError):
        accounts.add("nora", role=Role.NURSE, shown=shown, password=PASSWORD, now=NOW)


def test_the_audit_knows_accounts_by_id_alone(clinic, accounts, nora):
    accounts.sign_in("nora", PASSWORD, now=NOW)
    accounts.set_role(nora.id, Role.ADMINISTRATOR, now=NOW)
    written = str(events(clinic))
    assert nora.id in written
    for word in ("nora", "Nora", "Quill", PASSWORD, "argon2"):
        assert word not in written

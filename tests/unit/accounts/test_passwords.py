"""Which passwords are taken, and how they are kept."""

import time

import pytest
from argon2 import PasswordHasher

from cds_service.accounts.errors import WeakPassword
from cds_service.accounts.passwords import MAX_CHARS, MIN_CHARS, Passwords, check_password
from tests.support.site import CHEAP, PASSWORD


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "x7#Kq!m2Zp9$Lw4",
        "größere Möwen über dem Watt",
        "чайка над мокрым песком",
        "雨の日に古い橋を渡る人は三人だけ",
        "a tin of 4 blue snails " * 10,
    ],
)
def test_long_passwords_of_any_signs_are_taken(password):
    check_password(password, name="nurse", shown="Nora Quill")


@pytest.mark.parametrize(
    "password",
    [
        "",
        "x7#Kq!m2Zp9$L4",  # 14
        "a" * 15,
        "abababababababab",
        "passwordpassword",
        "Password1234567!",
        "ClinicHospital2031",
        "123456789012345678",
        "qwertyuiop123456",
        "NoraQuillNoraQuill",
        "nora.quill.2031!!",
        "nquillnquillnquill99",
        "WelcomeNurse2031!!",
        "x" * (MAX_CHARS + 1),
        "a tin of snails\x00 and more",
    ],
)
def test_short_passwords_and_those_anybody_would_try_are_not_taken(password):
    with pytest.raises(WeakPassword):
        check_password(password, name="nquill", shown="Nora Quill")


def test_the_rules_say_how_long():
    assert MIN_CHARS == 15


def test_what_is_kept_is_argon2id_with_its_own_salt():
    passwords = Passwords()
    one, other = passwords.hash(PASSWORD), passwords.hash(PASSWORD)
    assert one != other
    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_only_the_password_itself_matches():
    passwords = Passwords(CHEAP)
    kept = passwords.hash("Å" + PASSWORD)
    assert passwords.matches(kept, "A\u030a" + PASSWORD)  # the same letter, written with a combining ring
    assert not passwords.matches(kept, PASSWORD)
    assert not passwords.matches(None, PASSWORD)
    assert not passwords.matches("not a hash", PASSWORD)
    long = passwords.hash("y" * MAX_CHARS)
    assert not passwords.matches(long, "y" * (MAX_CHARS + 1))


def test_a_password_kept_with_other_parameters_is_to_be_hashed_anew():
    assert Passwords(PasswordHasher(time_cost=2, memory_cost=64, parallelism=1)).outdated(CHEAP.hash(PASSWORD))


def test_nobody_s_password_takes_as_much_work_as_somebody_s():
    passwords = Passwords(PasswordHasher(time_cost=2, memory_cost=8_192, parallelism=1))
    kept = passwords.hash(PASSWORD)

    def work(known):
        before = time.process_time()
        for _ in range(3):
            passwords.matches(known, "another password, a wrong one")
        return time.process_time() - before

    theirs, nobodys = min(work(kept) for _ in range(2)), min(work(None) for _ in range(2))
    assert 0.5 < nobodys / theirs < 2

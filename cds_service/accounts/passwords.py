"""Passwords: which are accepted, and how they are kept.

The rules are those of NIST SP 800-63B-4 (2025), 3.1.1.2, for a password that is the only factor: at least 15
characters, at least 64 possible, every printable character allowed, no rules of composition, no expiry, and a list of
passwords that anybody would try first. Kept as argon2id with the parameters of RFC 9106 that argon2-cffi recommends.
"""

from __future__ import annotations

import base64
import re
import secrets
import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cds_service.accounts.errors import WeakPassword
from cds_service.errors import Busy

MIN_CHARS = 15
MAX_CHARS = 256
AT_ONCE = 2
"""Passwords that one process checks at the same time: each takes 64 MiB and some tens of milliseconds of a core."""

WAIT_S = 5.0
"""Seconds a sign-in waits for its turn before it is told to come back."""

MIN_LEFT = 8
"""Characters that must remain of a password when the words that anybody would try are taken away."""

MIN_DIFFERENT = 5

_EXPECTED = (
    "password", "passwort", "passphrase", "letmein", "welcome", "changeme", "secret", "login", "admin", "administrator",
    "qwertyuiop", "qwerty", "asdfghjkl", "asdf", "zxcvbnm", "1q2w3e4r", "iloveyou", "monkey", "dragon", "football",
    "hospital", "clinic", "doctor", "nurse", "physician", "compliance", "patient", "health", "medical", "decision",
    "support", "service", "review", "spring", "summer", "autumn", "winter",
)  # fmt: skip
"""Words that common passwords and passwords of this trade are put together from."""

_RUN = re.compile(r"(.)\1{2,}|0123456789|123456789|12345678|1234567|123456|12345|1234|987654321|abcdefgh|abcdef|abcd")
_YEAR = re.compile(r"(?:19|20)\d\d")


class Passwords:
    """Hashes and checks, a few at a time. Safe for threads."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._nobodys = _unmatched(self._hasher)

    def hash(self, password: str) -> str:
        """How `password` is kept."""
        with self._turns:
            return self._hasher.hash(normal(password))

    def matches(self, kept: str | None, password: str) -> bool:
        """Whether `password` is the one that was kept. None: nobody's, which takes as long. Raises Busy."""
        if not self._turns.acquire(timeout=WAIT_S):
            raise Busy("Many people are signing in; try again in a minute.", retry_after=60)
        try:
            known = kept if len(password) <= MAX_CHARS else None
            return self._hasher.verify(known or self._nobodys, normal(password)) and known is not None
        except (VerificationError, InvalidHashError):
            return False
        finally:
            self._turns.release()

    def outdated(self, kept: str) -> bool:
        """Whether a password should be hashed anew, with today's parameters."""
        return self._hasher.check_needs_rehash(kept)


def normal(password: str) -> str:
    """One spelling for what looks the same (NIST SP 800-63B-4: normalized before it is hashed), and a bound on work."""
    return unicodedata.normalize("NFKC", password[:MAX_CHARS])


def check_password(password: str, *, name: str, shown: str) -> None:
    """Raises WeakPassword that says what to do. `name`, `shown`: the account's, which its password must not rest on."""
    if len(unicodedata.normalize("NFKC", password)) < MIN_CHARS:
        raise WeakPassword(f"A password has at least {MIN_CHARS} characters: several words make a good one.")
    if len(password) > MAX_CHARS:
        raise WeakPassword(f"A password has at most {MAX_CHARS} characters.")
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in password):
        raise WeakPassword("A password has printable characters only.")
    left = normal(password).casefold()
    for word in sorted({*_EXPECTED, *_words(name), *_words(shown)}, key=len, reverse=True):
        left = left.replace(word, "")
    left = re.sub(r"[\W_]", "", _RUN.sub("", _YEAR.sub("", left)))
    if len(left) < MIN_LEFT or len(set(left)) < MIN_DIFFERENT:
        raise WeakPassword(
            "This password rests on what anybody would try: names, common words, years, runs or repeats. "
            "Take several words that do not belong together."
        )


def _words(name: str) -> set[str]:
    folded = name.casefold()
    return {word for word in (folded, *re.split(r"[\W_]+", folded)) if len(word) >= 3}


def _unmatched(hasher: PasswordHasher) -> str:
    """A hash of the right form and cost that no password matches: what a sign-in of nobody is checked against."""
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    salt, digest = (
        base64.b64encode(secrets.token_bytes(n)).rstrip(b"=").decode() for n in (hasher.salt_len, hasher.hash_len)
    )
    return f"$argon2id$v=19${cost}${salt}${digest}"

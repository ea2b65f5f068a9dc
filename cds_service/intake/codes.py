"""The codes that open a form on a tablet: short enough to type, long enough not to be guessed."""

from __future__ import annotations

import re
import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Of signs that look alike (0 O, 1 I L, U V) at most one."""

LENGTH = 10
"""49 bits: whoever tries a thousand a second needs thousands of years, and a code is good for minutes."""

_WRITTEN = re.compile(rf"[{ALPHABET}]{{{LENGTH}}}")


def new_code() -> str:
    """A random code."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def spaced(code: str) -> str:
    """`code` as people read it aloud: in two halves."""
    return f"{code[: LENGTH // 2]} {code[LENGTH // 2 :]}"


def written(text: str) -> str | None:
    """The code that somebody typed, whatever the case and the spaces; None when it is none."""
    code = re.sub(r"[\s-]", "", text[:40]).upper()
    return code if _WRITTEN.fullmatch(code) else None

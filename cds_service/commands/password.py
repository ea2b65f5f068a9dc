"""A password for a command: from a file, or typed where nobody sees it."""

from __future__ import annotations

import warnings
from getpass import GetPassWarning
from pathlib import Path

import click


def read_password(path: Path | None, *, twice: bool = False) -> str:
    """The first line of the file `path`, or what is typed; `twice` for a new one. Raises ClickException."""
    if path is None:
        return _typed(twice)
    try:
        return (path.read_text(encoding="utf-8").splitlines() or [""])[0]
    except (OSError, UnicodeDecodeError):
        raise click.ClickException("The password file cannot be read.") from None


def _typed(twice: bool) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)  # it would be shown as it is typed
        try:
            return str(click.prompt("Password", hide_input=True, confirmation_prompt="Once more" if twice else False))
        except GetPassWarning:
            raise click.UsageError("There is no terminal to type a password on: give --password-file.") from None

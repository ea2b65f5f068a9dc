"""What the pages of the intake share."""

from __future__ import annotations

from typing import cast

from flask import Response, redirect


def go(to: str) -> Response:
    """The next page, by GET: a reload sends nothing again."""
    return cast("Response", redirect(to, code=303))

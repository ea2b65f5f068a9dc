"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def whole_file(target: Path, *, encoding: str = "utf-8") -> Iterator[TextIO]:
    """A text file, readable by its owner alone, that becomes `target` when the block ends well.

    When it does not, `target` is as it was and nothing is left beside it. Raises OSError.
    """
    aside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with open(aside, "x", encoding=encoding, newline="\n", opener=_private) as out:  # Path.open takes no opener
            yield out
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

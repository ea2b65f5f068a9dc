"""What the commands that write data share: a disk that refuses is one clear line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def writing() -> Iterator[None]:
    """Turn an OSError of the block into one line on standard error and exit code 1."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(
            f"A file could not be written: {error.strerror}. Check the disk for space and rights; nothing half-written "
            "counts."
        ) from None

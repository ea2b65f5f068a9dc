"""The settings for a command, or one clear message that names what is wrong and quotes no value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cds_service.settings import Settings


def read_settings() -> Settings:
    """The settings of the environment. Raises ClickException."""
    from pydantic import ValidationError

    from cds_service.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        lines = [f"CDS_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors(include_input=False)]
        raise click.ClickException("Settings are wrong.\n  " + "\n  ".join(lines)) from None

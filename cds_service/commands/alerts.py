"""``cds-service alerts``."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.read_settings import read_settings


@click.command("alerts")
@clear_errors
def alerts() -> None:
    """Hold the newest figures against their limits, raise and clear alerts, and list those that stand.

    `serve` does it every hour.
    """
    from cds_service.bootstrap import open_oversight, open_recorder
    from cds_service.errors import ConfigurationError
    from cds_service.ledger.migrate import is_current

    settings = read_settings()
    recorder = open_recorder(settings)
    if not is_current(recorder.database):
        raise ConfigurationError("The database is not that of this version. Run `cds-service prepare` first.")
    oversight = open_oversight(recorder, settings)
    done = oversight.check(datetime.now(UTC))
    for name in done.raised:
        click.echo(f"raised: {name}")
    for name in done.cleared:
        click.echo(f"cleared: {name}")
    standing = oversight.alerts()
    for alert in standing:
        click.echo(f"since {alert.since:%Y-%m-%d %H:%M} UTC: {alert.words}")
    if not standing:
        click.echo("No alert stands.")

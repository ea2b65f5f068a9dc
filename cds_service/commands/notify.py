"""`cds-service notify`: the process that tells physicians, and a test of a channel."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.read_settings import read_settings


@click.group(invoke_without_command=True)
@click.pass_context
@clear_errors
def notify(context: click.Context) -> None:
    """Tell physicians of urgent cases until stopped (`serve` starts one such process by itself)."""
    if context.invoked_subcommand is not None:
        return
    from cds_service import logs
    from cds_service.notify.process import run

    settings = read_settings()
    logs.configure(settings.log_level)
    run(settings)


@notify.command("test")
@click.option("--channel", required=True, help="Name of a channel in CDS_NOTIFY_FILE.")
@clear_errors
def notify_test(channel: str) -> None:
    """Send a message that says it is a test through one channel, and say what became of it."""
    from cds_service.ledger.database import open_database
    from cds_service.notify.trial import try_channel

    settings = read_settings()
    trial = try_channel(open_database(settings.database), settings, channel, datetime.now(UTC))
    if not trial.sent:
        raise click.ClickException(f"{channel}: not sent ({trial.problem})")
    click.echo(f"{channel}: sent" + (f", but {trial.problem}" if trial.problem else ""))

"""``cds-service opt-out`` and ``cds-service hold``: whose data are not used, and whose are not deleted."""

from __future__ import annotations

from pathlib import Path

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.open_rights import OPERATOR, client_option, day, now, open_rights, patient_options

_OPT_OUT_REASONS = click.Choice(["patient-request", "representative-request", "clinic-decision"])
_HOLD_REASONS = click.Choice(["litigation", "investigation", "audit", "complaint"])
_words = click.option("--words", default="", help="In your words; sealed in the vault.")


@click.group("opt-out")
def opt_out() -> None:
    """Patients whose data go into no training set (docs/how-to/patient-rights.md)."""


@opt_out.command("add")
@patient_options
@click.option("--reason", required=True, type=_OPT_OUT_REASONS, help="Why.")
@_words
@clear_errors
def add(client: str, patient: str, reason: str, words: str) -> None:
    """Put a patient on the clinic's own list, seen before or not."""
    with open_rights() as rights:
        made = rights.opt_out(client, patient, reason=reason, words=words, actor=OPERATOR, now=now())
    click.echo(f"{made.id}  {made.subject}  opted out since {day(made.said_at)}")


@opt_out.command("withdraw")
@click.argument("entry")
@clear_errors
def withdraw(entry: str) -> None:
    """Take an entry of the list back, or resolve a Consent that could not be read (ENTRY: its id)."""
    with open_rights() as rights:
        closed = rights.withdraw(entry, actor=OPERATOR, now=now())
    click.echo(f"{closed.id}  {'withdrawn' if closed.source.value == 'local' else 'resolved'}")


@opt_out.command("list")
@click.option("--closed", is_flag=True, help="Those too that were withdrawn or replaced.")
@clear_errors
def list_entries(closed: bool) -> None:
    """The newest entries: ids, codes and days; who the patients are only the vault says."""
    with open_rights() as rights:
        for e in rights.entries(closed=closed):
            ends = f"  until {day(e.ends_at)}" if e.ends_at else ""
            shut = f"  closed {day(e.closed_at)}" if e.closed_at else ""
            said = f"{e.source.value:10} {e.verdict.value:6} {e.reason:22} {day(e.said_at)}"
            click.echo(f"{e.id}  {e.subject}  {said}{ends}{shut}")


@opt_out.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@client_option
@clear_errors
def import_consents(files: tuple[Path, ...], client: str) -> None:
    """Read FHIR Consents (R4) from NDJSON files or Bundles. Importing again changes nothing.

    A Consent that cannot be read is named with file and line; its patient, where it can be told, is opted out until you
    resolve it. The exit code is 1 when there is one.
    """
    from cds_service.rights.files import read_file

    unread = 0
    with open_rights() as rights:
        for file in files:
            report = rights.consents(read_file(file), client, actor=OPERATOR, now=now())
            told = ", ".join(f"{name.replace('-', ' ')} {count}" for name, count in sorted(report.counts.items()))
            click.echo(f"{file.name}: {told or 'no consents'}")
            for problem in report.problems:
                then = (
                    "its patient is opted out until it is resolved" if problem.counts else "nobody is opted out by it"
                )
                click.echo(f"{problem.place}: {problem.why}: {then}")
            unread += len(report.problems)
    if unread:
        raise click.ClickException(f"{unread} consents could not be read: look at the lines above.")


@click.group("hold")
def hold() -> None:
    """Legal holds: nothing of a held patient is deleted (docs/how-to/patient-rights.md)."""


@hold.command("add")
@patient_options
@click.option("--reason", required=True, type=_HOLD_REASONS, help="Why.")
@_words
@clear_errors
def place(client: str, patient: str, reason: str, words: str) -> None:
    """Put a patient under a hold."""
    with open_rights() as rights:
        made = rights.hold(client, patient, reason=reason, words=words, actor=OPERATOR, now=now())
    click.echo(f"{made.id}  {made.subject}  held since {day(made.placed_at)}")


@hold.command("release")
@click.argument("hold_id", metavar="HOLD")
@clear_errors
def release(hold_id: str) -> None:
    """End a hold (HOLD: its id). What was past its time goes at the next purge."""
    with open_rights() as rights:
        released = rights.release(hold_id, actor=OPERATOR, now=now())
    click.echo(f"{released.id}  released")


@hold.command("list")
@click.option("--released", is_flag=True, help="Those too that were released.")
@clear_errors
def list_holds(released: bool) -> None:
    """The holds, the newest first."""
    with open_rights() as rights:
        for h in rights.holds(released=released):
            end = f"  released {day(h.released_at)}" if h.released_at else ""
            click.echo(f"{h.id}  {h.subject}  {h.reason:14} {day(h.placed_at)}{end}")

"""``cds-service vault``: find a patient, say what is kept, erase a patient and prove it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.open_rights import OPERATOR, day, now, open_rights, patient_options

if TYPE_CHECKING:
    from cds_service.rights.values import Kept

_LOOK_REASONS = click.Choice(
    ["patient-request", "representative-request", "legal-request", "complaint", "compliance-review"]
)
_ERASURE_REASONS = click.Choice(["patient-request", "representative-request", "court-order", "recorded-in-error"])


@click.group("vault")
def vault() -> None:
    """Who is who, how long it is kept, and erasure (docs/how-to/patient-rights.md)."""


@vault.command("find")
@patient_options
@click.option("--reason", required=True, type=_LOOK_REASONS, help="Why you look; it is audited.")
@clear_errors
def find(client: str, patient: str, reason: str) -> None:
    """The random id under which a patient stands in ledger and audit trail, and how the patient stands."""
    with open_rights() as rights:
        standing = rights.look(client, patient, reason=reason, actor=OPERATOR, now=now())
    if standing.subject is None:
        raise click.ClickException("The vault knows no such patient of this EHR. That you looked is audited.")
    click.echo(standing.subject)
    click.echo(f"opted out: {'yes' if standing.opted_out else 'no'}")
    for entry in standing.entries:
        click.echo(f"  {entry.id}  {entry.source.value} {entry.verdict.value}: {entry.reason}")
    click.echo(f"held: {'yes' if standing.held else 'no'}")
    for hold in standing.holds:
        click.echo(f"  {hold.id}  {hold.reason}")
    if standing.asked:
        click.echo(f"erasure asked for: {standing.asked.id}")
    _print_kept(standing.kept)


@vault.command("report")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@clear_errors
def report(as_json: bool) -> None:
    """What is kept, by kind: how many, how old, what expires when. Counts only."""
    with open_rights() as rights:
        kept, held = rights.kept(), {hold.subject for hold in rights.holds()}
    _print_kept(kept, as_json=as_json)
    if not as_json:
        click.echo(f"held patients: {len(held)}")


@vault.command("shred")
@patient_options
@click.option("--reason", required=True, type=_ERASURE_REASONS, help="Why; it is audited.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@clear_errors
def shred(client: str, patient: str, reason: str, as_json: bool) -> None:
    """Erase one patient of one EHR, then look everywhere for what is left, and say so.

    You type the patient id a second time. Whoever may run this command may read the key file, so one person is enough
    here; on the page /rights it takes two. The database is written anew: do it at a quiet hour.
    """
    from cds_service.rights.shred_report import lines

    typed = click.prompt("This cannot be undone. Type the patient id again to erase", err=True)
    if typed != patient:
        raise click.ClickException("The two patient ids differ: nothing was erased.")
    with open_rights() as rights:
        made = rights.shred(client, patient, reason=reason, actor=OPERATOR, now=now())
    if as_json:
        click.echo(json.dumps({"erasure": made.erasure, "subject": made.subject, **made.as_json()}))
    else:
        click.echo(f"{made.erasure}  {made.subject}")
        for line in lines(made.as_json()):
            click.echo(line)
    if not made.clean:
        raise click.ClickException("Something that leads back to the patient was found.")


@vault.command("search")
@patient_options
@click.option("--reason", required=True, type=_LOOK_REASONS, help="Why you look; it is audited.")
@clear_errors
def search(client: str, patient: str, reason: str) -> None:
    """Search all tables and files for a patient id and its blind index, as an erasure does, and name the places.

    Of a patient whom the vault knows it finds the blind index in the database alone. The exit code is 1 for a find.
    """
    with open_rights() as rights:
        looks = rights.search(client, patient, reason=reason, actor=OPERATOR, now=now())
    places = [look.place for look in looks if look.found]
    for place in places:
        click.echo(f"FOUND in {place}")
    if places:
        raise click.ClickException(f"Found in {len(places)} of {len(looks)} places.")
    click.echo(f"Found in none of {len(looks)} places.")


@vault.command("clean")
@clear_errors
def clean() -> None:
    """Write the database anew, so that no deleted byte is left in its files. Writers wait: do it at a quiet hour."""
    with open_rights() as rights:
        done = rights.clean()
    if not done:
        raise click.ClickException("The database is in use: try again at a quiet hour.")
    click.echo("The database was written anew.")


def _print_kept(kept: tuple[Kept, ...], *, as_json: bool = False) -> None:
    for one in kept:
        days = {"oldest": one.oldest, "newest": one.newest, "first": one.first_expires, "last": one.last_expires}
        if as_json:
            told = {name: None if moment is None else moment.isoformat() for name, moment in days.items()}
            click.echo(json.dumps({"kind": one.kind, "count": one.count, **told}))
            continue
        expires = f"  expires {day(one.first_expires)} to {day(one.last_expires)}" if one.first_expires else ""
        click.echo(f"{one.kind:18} {one.count:8}  from {day(one.oldest)} to {day(one.newest)}{expires}")

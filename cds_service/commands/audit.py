"""``cds-service audit``: verify, seal and export the audit trail."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.open_trail import OPERATOR, open_trail
from cds_service.commands.writing import writing

if TYPE_CHECKING:
    from cds_service.commands.open_trail import OpenTrail
    from cds_service.ledger.seals import SealStatus
    from cds_service.ledger.trail import Wanted
    from cds_service.ledger.trail_forms import Form
    from cds_service.ledger.verification import Verification

_DAY = click.DateTime(["%Y-%m-%d"])
_FILE = click.Path(path_type=Path, dir_okay=False)


class CannotTell(click.ClickException):
    """The trail could not be read, so nobody knows whether it is whole."""

    exit_code = 3


@click.group("audit")
def audit() -> None:
    """The append-only audit trail: verify, seal, export (docs/how-to/audit.md)."""


@audit.command("verify")
@click.option("--json", "as_json", is_flag=True, help="The whole finding as one JSON object.")
def verify(as_json: bool) -> None:
    """Check the whole chain and every seal; name each record that was changed, removed, moved or inserted.

    Exit code 0: whole. 1: something was touched. 3: it cannot be told, because database, key file or seals file cannot
    be read.
    """
    from cds_service.errors import CdsError
    from cds_service.ledger.verification import note_verified, verify_trail

    try:
        with open_trail() as trail:
            found = verify_trail(trail.database, trail.seals)
            if found.valid:
                note_verified(trail.database, found, now=_now(), actor=OPERATOR)
    except CdsError as error:
        raise CannotTell(f"The audit trail cannot be verified: {error}") from None
    click.echo(json.dumps(found.as_json(), indent=2) if as_json else "\n".join(_told(found)))
    if not found.valid:
        raise click.ClickException("The audit trail is broken: keep database, seals file and backups as they are.")


@audit.command("seal")
@clear_errors
def seal() -> None:
    """Sign what came since the last seal (`serve` does it by itself). Exit code 1 when the last seal does not hold."""
    with open_trail() as trail:
        trail.seals.reach()
        with trail.database.transaction() as tx:
            problem = trail.seals.status(tx).problem
            made = trail.seals.seal(tx, now=_now(), actor=OPERATOR)
    click.echo(f"seal {made.number}: events {made.first} to {made.last}" if made else "nothing new to seal")
    if problem is not None:
        raise click.ClickException(f"{problem}. Run `cds-service audit verify`.")


@audit.command("public-keys")
@clear_errors
def public_keys() -> None:
    """The public keys that verify every seal and every manifest, as JSON: raw Ed25519 in hex by key id."""
    with open_trail() as trail:
        known = trail.seals.public_keys()
    click.echo(json.dumps({name: key.hex() for name, key in sorted(known.items())}, indent=2))


@audit.command("export")
@click.option("--subject", help="One patient, by the id that the vault minted (`subj-…`).")
@click.option("--client", help="One patient, by EHR as the service knows it and `--patient`.")
@click.option("--patient", help="Id in that EHR.  [default: asked for, so that no shell remembers it]")
@click.option(
    "--reason", help="Why the patient is looked up: `patient-request`, `complaint`, and others that it names."
)
@click.option("--since", type=_DAY, help="First day, in the time zone of the clinic.")
@click.option("--until", type=_DAY, help="Last day.")
@click.option(
    "--format", "form", type=click.Choice(["fhir", "csv", "json"]), default="fhir", show_default=True,
    help="FHIR R4 AuditEvents or JSON, one a line, or CSV.",
)  # fmt: skip
@click.option("--out", type=_FILE, help="File to write.  [default: standard output]")
@clear_errors
def export(
    subject: str | None,
    client: str | None,
    patient: str | None,
    reason: str | None,
    since: datetime | None,
    until: datetime | None,
    form: str,
    out: Path | None,
) -> None:
    """Export a patient's access history, a period, or the whole trail. The export is itself audited."""
    from cds_service.ledger.encoding import SUBJECT
    from cds_service.ledger.trail import Wanted, span
    from cds_service.ledger.trail_forms import Form

    if subject is not None and client is not None:
        raise click.UsageError("Name the patient by --subject or by --client and --patient, not both.")
    if subject is not None and not SUBJECT.fullmatch(subject):
        raise click.UsageError("--subject is an id of the vault: subj- and 32 digits or letters, as in the trail.")
    if since is not None and until is not None and until < since:
        raise click.UsageError("--until is before --since.")
    if client is None and (patient is not None or reason is not None):
        raise click.UsageError("--patient and --reason go with --client.")
    with open_trail() as trail:
        if client is not None:
            subject = _looked_up(trail, client, patient, reason)
        zone = ZoneInfo(trail.settings.clinic_timezone)
        begin, end = span(since.date() if since else None, until.date() if until else None, zone)
        count = _write(trail, Wanted(since=begin, until=end, subject=subject), Form(form), out)
    click.echo(f"{count} events", err=True)


def _looked_up(trail: OpenTrail, client: str, patient: str | None, reason: str | None) -> str:
    """The subject of a patient, asked of the vault with a reason. Raises ClickException when there is none."""
    from cds_service.rights.rights import Rights
    from cds_service.rights.values import LOOK_REASONS

    if reason is None or reason not in LOOK_REASONS:
        raise click.UsageError(f"--reason says why the patient is looked up: {', '.join(LOOK_REASONS)}.")
    patient = patient or click.prompt("Patient id in that EHR")
    rights = Rights(trail.database, trail.vault, trail.settings)
    found = rights.look(client, patient, reason=reason, actor=OPERATOR, now=_now()).subject
    if found is None:
        raise click.ClickException("The vault knows no such patient of this EHR.")
    return found


def _write(trail: OpenTrail, wanted: Wanted, form: Form, out: Path | None) -> int:
    """Write the events that there are now; returns how many."""
    from cds_service.ledger.trail import note_reading, records
    from cds_service.ledger.trail_forms import Form, lines
    from cds_service.whole_file import whole_file
    from fhir_mappers.audit_event import audit_event

    with trail.database.transaction() as tx:
        bounded = note_reading(tx, wanted, act="export", actor=OPERATOR, now=_now(), how=form.value)
    as_fhir = partial(audit_event, base=trail.settings.external_url, check=False)
    count = 0
    with writing(), whole_file(out) if out else nullcontext() as file, trail.database.transaction(write=False) as tx:
        write: Callable[[str], object] = partial(click.echo, nl=False) if file is None else file.write
        for line in lines(records(tx, bounded), form, as_fhir):
            write(line)
            count += 1
    return count - 1 if form is Form.CSV else count


def _told(found: Verification) -> list[str]:
    """The finding for people."""
    lines = [*found.problems, *(f"note: {step}" for step in found.chain.clock_back)]
    if found.status.interrupted:
        lines.append("note: a seal was interrupted; the next one takes it over")
    whole = "chain whole" if found.chain.valid else "chain broken"
    return [*lines, f"{found.chain.events} events, {whole}, head {found.chain.head[:16]}", _sealed(found.status)]


def _sealed(status: SealStatus) -> str:
    if status.newest is None:
        return f"never sealed: {status.newer} events, of which a cut would not show"
    newest = status.newest
    return f"sealed up to event {newest.last} (seal {newest.number}, {newest.time}); {status.newer} events are newer"


def _now() -> datetime:
    return datetime.now(UTC)

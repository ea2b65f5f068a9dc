"""``cds-service roll-out``: how far the service, the model and each rule are rolled out, and changing it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.read_settings import read_settings

if TYPE_CHECKING:
    from cds_service.rollout.stages import Stages
    from cds_service.rollout.store import RollOut

_OPERATOR = "operator"
_STAGES = click.Choice(["shadow", "pilot", "full"])


@click.group("roll-out")
def roll_out() -> None:
    """How far the service, the model and each rule are rolled out (docs/how-to/go-live.md)."""


@roll_out.command("show")
@click.option("--history", default=10, show_default=True, type=click.IntRange(0, 1000), help="Changes to list.")
@clear_errors
def show(history: int) -> None:
    """The stages now, and the newest changes with who made them and why."""
    with _open() as stored:
        _print(stored.read())
        for past in stored.history(limit=history) if history else ():
            places = f" ({past.labels})" if past.labels else ""
            click.echo(f"{past.at}  {past.actor}  {past.part}: {past.before} to {past.after}{places}  {past.why}")


@roll_out.command("set")
@click.argument("what", nargs=-1, required=True, metavar="service|model|rule ID")
@click.argument("stage", type=_STAGES)
@click.option("--why", required=True, help="For the audit chain: who decided it, on what figures.")
@click.option("--location", "locations", multiple=True, help="Place to add to a pilot: Location/12=east-wing.")
@click.option("--practitioner", "people", multiple=True, help="Person to add to a pilot: Practitioner/34=nurse-1.")
@click.option("--drop", "drop", multiple=True, help="Label of a place to leave out of a pilot.")
@click.option("--confirm", is_flag=True, help="Let an urgent rule fall silent for some or all clinicians.")
@clear_errors
def change(
    what: tuple[str, ...], stage: str, why: str, locations: tuple[str, ...], people: tuple[str, ...],
    drop: tuple[str, ...], confirm: bool,
) -> None:  # fmt: skip
    """Roll out the service, the model or one rule as far as STAGE: shadow, pilot or full.

    A pilot runs on where it runs already, and in the places that are added.
    """
    from cds_service.rollout.change import Change, NewPlace
    from cds_service.rollout.stages import Stage

    with _open() as stored:
        made = stored.change(
            Change(
                part=_part(what),
                stage=Stage(stage),
                why=why,
                add=[NewPlace.parse(place) for place in (*locations, *people)],
                drop=drop,
                confirmed=confirm,
            ),
            actor=_OPERATOR,
            now=datetime.now(UTC),
        )
        _print(made)


def _part(what: tuple[str, ...]) -> str:
    from cds_service.rollout.stages import MODEL, SERVICE, rule_part

    if what in ((SERVICE,), (MODEL,)):
        return what[0]
    if len(what) == 2 and what[0] == "rule":
        return rule_part(what[1])
    raise click.UsageError("Say what: `service`, `model`, or `rule` and the id of a rule.")


def _print(stages: Stages) -> None:
    from cds_service.rollout.stages import MODEL, SERVICE

    for part in (SERVICE, MODEL, *(p for p in stages.parts if p not in (SERVICE, MODEL))):
        setting = stages.parts.get(part)
        places = f"  in {', '.join(place.label for place in setting.places)}" if setting and setting.places else ""
        click.echo(f"{part:30} {stages.stage(part).value}{places}")
    click.echo("Every other rule is in full use. A change reaches every process within five seconds.")


@contextmanager
def _open() -> Iterator[RollOut]:
    from cds_service.clinical import URGENT
    from cds_service.ledger.database import open_database
    from cds_service.ledger.keys import open_keys
    from cds_service.ledger.migrate import migrate
    from cds_service.ledger.vault import Vault
    from cds_service.rollout.store import RollOut

    settings = read_settings()
    migrate(settings.database)
    with closing(open_database(settings.database)) as database:
        keys = open_keys(settings)
        yield RollOut(database, Vault(keys), rules=URGENT)

"""``cds-service export``: order, preview, approve, write, check and withdraw de-identified training sets."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.export_parts import Opened, now, open_exports, public_keys, show_preview, tell
from cds_service.commands.read_settings import read_settings

if TYPE_CHECKING:
    from cds_service.export.ordered import Ordered
    from cds_service.export.states import State

LAST = 19
"""The niceness of the export process: hooks go first."""

POLL_S = 3.0
"""Seconds between two looks for work."""

_PROFILES = ("safe-harbor", "expert-determination")
_PURPOSES = ("model-training", "model-evaluation", "quality-improvement", "research")
_CARDS = ("floor", "medication-safety", "care-gap", "guideline", "ai", "notice")
_day = click.DateTime(formats=["%Y-%m-%d"])
_id = click.argument("order_id", metavar="ID")
_as = click.option("--as", "name", required=True, metavar="NAME", help="Account of the compliance officer who acts.")
_password = click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File whose first line is that account's password.  [default: it is asked for]",
)


@click.group("export")
def export() -> None:
    """De-identified training sets: one compliance officer orders, another approves.

    See docs/how-to/export-training-data.md.
    """


@export.command("order")
@click.option("--since", type=_day, required=True, help="First day, in the clinic's zone.")
@click.option("--until", type=_day, required=True, help="Last day; it must be over.")
@click.option("--cards", multiple=True, type=click.Choice(_CARDS), help="Only cases that showed such a card.")
@click.option("--outcome", multiple=True, type=click.Choice(["accepted", "overridden"]), help="Of a card, in the EHR.")
@click.option("--priority", multiple=True, type=click.Choice(["low", "medium", "high", "critical"]))
@click.option("--verdict", multiple=True, type=click.Choice(["confirm", "change", "dismiss"]))
@click.option("--profile", type=click.Choice(_PROFILES), default=_PROFILES[0], show_default=True)
@click.option("--purpose", type=click.Choice(_PURPOSES), required=True)
@click.option("--words", required=True, help="The purpose in your words. They go with the export.")
@click.option("--recipient", required=True, help="The department or organization that gets it.")
@_as
@_password
@clear_errors
def order(since: datetime, until: datetime, cards: tuple[str, ...], outcome: tuple[str, ...], priority: tuple[str, ...],
          verdict: tuple[str, ...], profile: str, purpose: str, words: str, recipient: str, name: str,
          password_file: Path | None) -> None:  # fmt: skip
    """Order an export; its preview comes next. Options that narrow may be given several times."""
    from cds_service.domain import Priority
    from cds_service.export.ordered import Asked, Purpose
    from cds_service.export.required import days
    from cds_service.export.values import Profile, Scope
    from cds_service.ledger.records import CardKind, FeedbackOutcome
    from cds_service.review.values import Verdict

    with open_exports() as opened:
        if until < since:
            raise click.UsageError("--until is before --since.")
        begin, end = days(since.date(), until.date(), ZoneInfo(opened.settings.clinic_timezone))
        scope = Scope(
            since=begin,
            until=end,
            cards=frozenset(map(CardKind, cards)),
            outcomes=frozenset(map(FeedbackOutcome, outcome)),
            verdicts=frozenset(map(Verdict, verdict)),
            priorities=frozenset(map(Priority.parse, priority)),
        )
        asked = Asked(scope=scope, profile=Profile(profile), purpose=Purpose(purpose), words=words, recipient=recipient)
        with opened.member(name, password_file) as member:
            made = opened.orders.order(asked, member, now())
    click.echo(f"ordered {made.id}; next: cds-service export preview {made.id}")


@export.command("preview")
@_id
@clear_errors
def preview(order_id: str) -> None:
    """Make the preview now, unless it is made. `serve` does it by itself. Sample rows: on the page, or by `approve`."""
    from cds_service.export.states import State

    with open_exports() as opened:
        if opened.orders.get(order_id).state is State.PREVIEWING:
            _work(opened, order_id)
        tell(opened.orders.get(order_id))
        _ended(opened.orders.get(order_id), State.AWAITING)


@export.command("approve")
@_id
@_as
@_password
@click.option("--refuse", type=click.Choice(["purpose", "recipient", "risk", "identifier", "scope", "other"]),
              help="Refuse it, for this reason.")  # fmt: skip
@clear_errors
def approve(order_id: str, name: str, password_file: Path | None, refuse: str | None) -> None:
    """Look at the preview as the second officer, declare, sign and approve; or refuse."""
    from cds_service.export.ordered import ATTESTATIONS, ATTESTED, Approving
    from cds_service.export.permissions import check_may_judge

    with open_exports() as opened, opened.member(name, password_file) as member:
        ordered = opened.orders.get(order_id)
        check_may_judge(ordered, member)
        words, shown = opened.orders.look(ordered, member, now())
        if shown is None or ordered.digest is None:
            raise click.ClickException("There is no preview to decide about: cds-service export show says why.")
        click.echo(f"{ordered.purpose.label}: {words.purpose}\nRecipient: {words.recipient}")
        tell(ordered)
        show_preview(shown)
        if refuse is not None:
            opened.orders.refuse(order_id, ordered.digest, refuse, member, now())
            click.echo("refused")
            return
        attested = frozenset(a for a in ATTESTATIONS[ordered.profile] if click.confirm(ATTESTED[a]))
        signature = click.prompt("Sign with your name, as it stands in your account")
        approving = Approving(seen=ordered.digest, attested=attested, signature=signature)
        opened.orders.approve(order_id, approving, member, now())
    click.echo(f"approved; next: cds-service export run {order_id} (`serve` does it by itself)")


@export.command("run")
@_id
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder to write it in.  [default: "
              "CDS_EXPORT_DIR]")  # fmt: skip
@clear_errors
def run(order_id: str, out: Path | None) -> None:
    """Write an approved export here and now. Ctrl-C stops it; the same command goes on where it was."""
    from cds_service.export.states import State

    with open_exports() as opened:
        ordered = opened.orders.get(order_id)
        _ended(ordered, State.APPROVED)
        folder = (out / order_id).absolute() if out else None
        if folder and ordered.folder and folder != Path(ordered.folder):
            raise click.ClickException("It was begun in another folder: run it without --out, and it goes on there.")
        _work(opened, order_id, folder)
        ordered = opened.orders.get(order_id)
        tell(ordered)
        if ordered.state is State.APPROVED:
            raise click.ClickException("Stopped. The same command goes on where it was.")
        _ended(ordered, State.DONE)


@export.command("work")
@clear_errors
def work() -> None:
    """Wait for an order that has work, do it, and end (`serve` starts this again and again)."""
    from cds_service import logs
    from cds_service.errors import StoreError
    from cds_service.export.runner import Runner

    with suppress(OSError):
        os.nice(LAST)
    settings = read_settings()
    logs.configure(settings.log_level)
    stop = _stopping()
    with open_exports(settings) as opened:
        runner = Runner(opened.orders, opened.writer, now=now)
        while not stop.is_set():
            try:
                if runner.once(stop):
                    return  # gate and embedder go with the process
            except StoreError:
                stop.wait(POLL_S)
            stop.wait(POLL_S)


@export.command("list")
@clear_errors
def list_all() -> None:
    """Every export, newest first."""
    with open_exports() as opened:
        for it in opened.orders.all():
            click.echo(f"{it.id}  {it.state.value:17}  {it.scope.since:%Y-%m-%d} {it.profile.value}  {it.reason or ''}")


@export.command("show")
@_id
@clear_errors
def show(order_id: str) -> None:
    """Where an export is, its counts, and every step."""
    with open_exports() as opened:
        tell(opened.orders.get(order_id))
        for step in opened.orders.history(order_id):
            click.echo(f"{step.at:%Y-%m-%d %H:%M:%S} UTC  {step.actor}  {step.before} to {step.after}  {step.why}")


@export.command("act")
@_id
@click.argument("what", type=click.Choice(["stop", "go-on", "preview-again"]))
@_as
@_password
@clear_errors
def act(order_id: str, what: str, name: str, password_file: Path | None) -> None:
    """Stop an export for now, let a stopped one go on, or have its preview made again."""
    with open_exports() as opened, opened.member(name, password_file) as member:
        orders = opened.orders
        step = {"stop": orders.stop, "go-on": orders.go_on, "preview-again": orders.preview_again}[what]
        click.echo(step(order_id, member, now()).state.value)


@export.command("withdraw")
@_id
@_as
@_password
@click.option("--keep-folder", is_flag=True, help="Leave its folder on this machine.")
@clear_errors
def withdraw(order_id: str, name: str, password_file: Path | None, keep_folder: bool) -> None:
    """Close an export for good: its codes cannot be led back any more, and its folder here is deleted."""
    with open_exports() as opened, opened.member(name, password_file) as member:
        opened.orders.withdraw(order_id, member, now(), remove=not keep_folder)
    click.echo("withdrawn. Copies that a recipient has are not reached: ask for them.")


@export.command("check")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--public-keys",
    "keys_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSON file of the clinic's public keys, for who has no key file of it (`export keys` prints one).",
)
@clear_errors
def check(folder: Path, keys_file: Path | None) -> None:
    """Check a finished export, or a copy of one: signature, hashes, counts. Names what is not as it was written."""
    from cds_service.export.check import check_export

    problems = check_export(folder, public_keys(keys_file))
    for problem in problems:
        click.echo(str(problem))
    if problems:
        raise click.ClickException("The folder is not as it was written.")
    click.echo("The folder is as it was written: signature, hashes and counts hold.")


@export.command("keys")
@clear_errors
def public() -> None:
    """Print the public keys by which a recipient checks an export; send them by another way than the data."""
    import json

    click.echo(json.dumps({name: key.hex() for name, key in public_keys(None).items()}, indent=1))


def _work(opened: Opened, order_id: str, folder: Path | None = None) -> None:
    """Take the order up in this process, with a progress bar."""
    from cds_service.export.runner import Runner
    from cds_service.terminal import progress

    runner = Runner(opened.orders, opened.writer, now=now)
    held = opened.orders.take(worker=runner.id, now=now(), order_id=order_id, folder=folder)
    if held is None:
        if any(order.busy(now()) for order in opened.orders.all()):
            raise click.ClickException("An export is being worked on already. Wait for it, or stop it.")
        return
    with progress() as bars:
        runner.work(held, _stopping(), show=bars)


def _stopping() -> threading.Event:
    """Set by SIGTERM and SIGINT from here on."""
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, ask_to_stop)
    return stop


def _ended(it: Ordered, wanted: State) -> None:
    if it.state is not wanted:
        raise click.ClickException(f"The export is {it.state.value}" + (f": {it.reason}." if it.reason else "."))

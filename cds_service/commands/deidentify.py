"""`cds-service deidentify`: a chart, a text or a file of records past the gate."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.engine_options import engine_options, open_engine

if TYPE_CHECKING:
    from cds_service.deid_view import View

FILE = click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True)
LONGEST_S = 3600


@click.group(invoke_without_command=True)
@click.option("--bundle", type=FILE, help="FHIR R4 Bundle (JSON) of one patient.")
@click.option("--text", "text_file", type=FILE, help="Text file; - reads standard input.")
@click.option(
    "--diff", is_flag=True, help="Mark every change in the texts {before => after}: shows true words, to you only."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--replace", "way", type=click.Choice(["placeholders", "surrogates"]), default="placeholders", show_default=True,
    help="What stands for identifiers: [PATIENT_1] as in prompts, or realistic false words as in exports.",
)  # fmt: skip
@click.option(
    "--timeout", default=60.0, show_default=True, type=click.FloatRange(0.1, LONGEST_S), help="Seconds for each part."
)
@click.pass_context
@clear_errors
def deidentify(
    context: click.Context,
    bundle: Path | None,
    text_file: Path | None,
    diff: bool,
    as_json: bool,
    way: str,
    timeout: float,
) -> None:
    """Show a patient's chart, a text, or both, as a model would see them: past the de-identification gate.

    Give the Bundle together with the text where you can: names that stand in the chart are found in any writing. Exit
    code 1 when the gate withholds anything.
    """
    if context.invoked_subcommand is not None:
        return
    if bundle is None and text_file is None:
        raise click.UsageError("Give --bundle FILE, --text FILE, or both.")
    if diff and as_json:
        raise click.UsageError("--json never holds true words, so it cannot go with --diff.")
    now = datetime.now(UTC)
    record: dict[str, object] = {}
    if bundle is not None:
        record["bundle"] = _json(bundle)
    if text_file is not None:
        record["text"] = _read(text_file)
    seen = _seen(record, way=way, notes=diff, timeout_s=timeout, now=now)
    if as_json:
        click.echo(seen.to_json())
    else:
        _show(seen, diff=diff)


@deidentify.command()
@click.argument("source", metavar="IN.jsonl", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("target", metavar="OUT.jsonl", type=click.Path(path_type=Path, dir_okay=False))
@engine_options
@click.option(
    "--timeout", default=60.0, show_default=True, type=click.FloatRange(0.1, LONGEST_S), help="Seconds for each line."
)
@clear_errors
def batch(source: Path, target: Path, engine: str, workers: int, timeout: float) -> None:
    """De-identify a file of records, one JSON object a line, in step.

    {"bundle": optional FHIR Bundle, "text": "…"} becomes {"text": "…", "spans": [[start, end, label], …]} with spans in
    characters of the input text, or {"error": "word"} where the line is withheld. Exit code 1 when every line is.
    """
    from cds_service.batch import deidentify_file
    from cds_service.deidentification import explain
    from cds_service.terminal import progress

    with progress() as show:
        done = deidentify_file(
            source, target, engine=open_engine(engine, workers), timeout_s=timeout, now=datetime.now(UTC),
            show=lambda share: show("De-identifying", share),
        )  # fmt: skip
    withheld = sum(done.withheld.values())
    speed = done.chars / done.seconds if done.seconds else 0.0
    click.echo(f"{done.lines} lines, {done.blank} blank, {withheld} withheld")
    for reason, count in sorted(done.withheld.items()):
        click.echo(f"  {count} {reason}: {explain(reason)}")
    if withheld and withheld == done.lines - done.blank:
        raise click.ClickException("every line is withheld, so the output holds no text.")
    click.echo(f"{done.chars} characters in {done.seconds:.1f} s with loading, {speed:.0f} characters/s")


def _seen(record: dict[str, object], *, way: str, notes: bool, timeout_s: float, now: datetime) -> View:
    """The record past the gate, or one clear line about why not."""
    from rich.console import Console

    from anonymization.errors import GateRefused
    from anonymization.gate import Gate
    from cds_service.deid_view import Way, view
    from cds_service.deidentification import explain
    from fhir_mappers.errors import MappingError

    gate = Gate()
    try:
        with Console(stderr=True).status("Loading the gate …"):
            gate.warm()
        return view(gate, record, way=Way(way), notes=notes, timeout_s=timeout_s, now=now)
    except GateRefused as refused:
        raise click.ClickException(f"withheld: {refused.reason}. {explain(refused.reason)}") from None
    except MappingError:
        raise click.ClickException("The bundle holds no usable R4 Patient, so there is no chart to show.") from None


def _show(seen: View, *, diff: bool) -> None:
    from rich.console import Console

    from cds_service import terminal_deid as terminal

    console = Console()
    if seen.chart is not None:
        terminal.show_chart(console, seen.chart)
    for part in (p for p in seen.notes if p.after.spans):
        terminal.show_changes(console, part.title, part.before, part.after)
    if seen.text is not None and diff:
        terminal.show_changes(console, seen.text.title, seen.text.before, seen.text.after)
    elif seen.text is not None:
        terminal.show_text(console, seen.text.title, seen.text.after.text)
    terminal.show_summary(console, seen.removed(), policy=seen.policy, seconds=seen.seconds)


def _read(path: Path) -> str:
    try:
        with click.open_file(str(path), encoding="utf-8-sig") as file:
            return str(file.read())
    except UnicodeDecodeError:
        raise click.ClickException("The text is not UTF-8.") from None


def _json(path: Path) -> Any:
    try:
        return json.loads(_read(path))
    except (ValueError, RecursionError):
        raise click.ClickException("The bundle is not JSON.") from None

"""`cds-service data notes`: synthetic clinical notes with gold spans of identifiers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.writing import writing


@click.command("notes")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--family", type=click.Choice(["train", "held-out"]), default="held-out", show_default=True,
              help="Templates and names that the name model is trained on, or never saw.")  # fmt: skip
@click.option("--kind", type=click.Choice(["note", "query", "phi-free", "mixed"]), default="mixed", show_default=True)
@click.option("--count", default=1000, show_default=True, type=click.IntRange(1, 1_000_000), help="How many.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same file.")
@clear_errors
def notes(out: Path, family: Any, kind: Any, count: int, seed: int) -> None:
    """Write made-up clinical notes and clinician queries to OUT, one JSON object a line, with their identifiers marked.

    Half of the held-out notes carry the FHIR bundle of their patient; there, labels end in .k for what stands in it.
    """
    from cds_service.terminal import progress
    from cds_service.training.write_notes import write_notes

    with writing(), progress() as show:
        write_notes(out, family=family, kind=kind, count=count, seed=seed, show=show)
    click.echo(f"{count} texts in {out}")

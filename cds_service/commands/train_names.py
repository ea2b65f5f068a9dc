"""`cds-service train names`: the project's own name model, trained on notes that the project generates."""

from __future__ import annotations

import os
from pathlib import Path

import click

from cds_service.commands.client import clear_errors


@click.command("names")
@click.option(
    "--notes", default=36_000, show_default=True, type=click.IntRange(20), help="Generated notes to learn from."
)
@click.option("--seed", default=7, show_default=True, help="Seed of notes, weights and order.")
@click.option("--epochs", default=3, show_default=True, type=click.IntRange(1), help="Times each note is seen.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="New or empty folder.")
@clear_errors
def names(notes: int, seed: int, epochs: int, out: Path) -> None:
    """Train the model that finds names, places and facilities, offline and on one core, and measure it.

    metrics.json beside the model holds what was measured. Another model than the packaged one counts only after
    `cds-service evaluate deid`.
    """
    from cds_service.terminal import progress

    if out.exists() and any(out.iterdir()):
        raise click.ClickException("The output folder is not empty.")
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"):
        os.environ[variable] = "1"
    from cds_service.training.names_model import train

    with progress() as show:
        trained = train(notes=notes, seed=seed, epochs=epochs, show=show)
    trained.save(out)
    for name, scores in trained.metrics["held-out"]["labels"].items():
        click.echo(f"{name:<9} precision {scores['precision']:.3f}  recall {scores['recall']:.3f}  F {scores['f']:.3f}")
    click.echo(f"Model and metrics in {out}")

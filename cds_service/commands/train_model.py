"""`cds-service train tune` and `train inject`: LoRA adapters, offline."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_service.commands.client import clear_errors

if TYPE_CHECKING:
    from cds_service.training.tuning.run import Outcome

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_OUT = click.Path(path_type=Path, file_okay=False)
STOPPED = 3
"""Exit code of a run that was told to stop and can be resumed."""


@click.command("tune")
@click.argument("run_file", metavar="RUN.toml", type=_FILE)
@click.option("--data", required=True, type=_FOLDER, help="Folder that `data build` made.")
@click.option("--out", required=True, type=_OUT, help="New or empty folder for the run.")
@click.option("--resume", is_flag=True, help="Go on after the newest whole checkpoint in the folder.")
@clear_errors
def tune(run_file: Path, data: Path, out: Path, resume: bool) -> None:
    """Tune a model on cases and what should be written about them, as QLoRA or LoRA.

    RUN.toml holds every number of the run. Ctrl-C saves and ends; --resume goes on exactly there. Exit code 3 when the
    run was stopped before its end.
    """
    _hush()
    from cds_service.training.tuning.tune import tune as carry_out

    _run(lambda **how: carry_out(run_file, data, out, resume=resume, **how))


@click.command("inject")
@click.argument("run_file", metavar="RUN.toml", type=_FILE)
@click.option("--texts", multiple=True, type=_FOLDER, help="Folder of .txt and .md files; may be repeated.")
@click.option("--out", required=True, type=_OUT, help="New or empty folder for the run.")
@click.option("--resume", is_flag=True, help="Go on after the newest whole checkpoint in the folder.")
@clear_errors
def inject(run_file: Path, texts: tuple[Path, ...], out: Path, resume: bool) -> None:
    """Continue a model's pre-training on the packaged guidelines and on texts of your own.

    RUN.toml holds every number of the run. Ctrl-C saves and ends; --resume goes on exactly there. Exit code 3 when the
    run was stopped before its end.
    """
    _hush()
    from cds_service.training.tuning.inject import inject as carry_out

    _run(lambda **how: carry_out(run_file, texts, out, resume=resume, **how))


def _hush() -> None:
    """Keep what the libraries tell one another from the person at the terminal; before they are imported."""
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # of a faster kernel that it cannot download
    warnings.simplefilter("ignore", FutureWarning)


def _run(carry_out: Callable[..., Outcome]) -> None:
    from rich.console import Console

    from cds_service.commands.read_settings import read_settings
    from cds_service.terminal import progress

    console = Console(stderr=True)

    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    with progress(console) as show:
        how: dict[str, Any] = {"model_dir": read_settings().model_dir, "say": say, "show": show}
        outcome = carry_out(**how)
    if not outcome.finished:
        click.echo(f"Stopped after step {outcome.step} of {outcome.steps}, saved; go on with --resume.")
        raise click.exceptions.Exit(STOPPED)
    click.echo(f"Adapter of {outcome.steps} steps in {outcome.folder}")

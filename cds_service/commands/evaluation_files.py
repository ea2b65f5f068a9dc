"""Where an evaluation writes: options that refuse at once what could not be written after minutes of measuring."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

OUT = click.Path(path_type=Path, dir_okay=False, writable=True)
FIGURES = (".png", ".svg", ".pdf")


def in_a_folder(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """The path of a file to write. Raises BadParameter when its folder does not exist."""
    if path is not None and not path.resolve().parent.is_dir():
        raise click.BadParameter("its folder does not exist")
    return path


def a_figure(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """The path of a figure to write. Raises BadParameter for an ending that cannot be drawn."""
    if path is not None and path.suffix not in FIGURES:
        raise click.BadParameter("its name must end in " + ", ".join(FIGURES))
    return in_a_folder(context, parameter, path)


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--json, --figure and --markdown."""
    options = (
        click.option("--json", "json_file", type=OUT, callback=in_a_folder, help="Write every figure as JSON."),
        click.option("--figure", "figure_file", type=OUT, callback=a_figure, help="Draw the figure (png, svg or pdf)."),
        click.option(
            "--markdown",
            "markdown_file",
            type=OUT,
            callback=in_a_folder,
            help="Write Markdown: a new file, or between the marks of a page.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def write_json(path: Path, value: Any) -> None:
    """Write `value` for a program."""
    path.write_text(json.dumps(value, indent=1) + "\n", "utf-8")

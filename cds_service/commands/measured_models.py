"""The options of a measurement of models on cases, and the same options as the words of its command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import click

from cds_service.commands.evaluate_triage import FILE, SETTINGS
from cds_service.commands.loading import shown


def model_and_case_options(*settings: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--model, --cases, --vignettes, --setting (`settings` if it is not given) and --limit."""
    options = (
        click.option(
            "--model",
            "specs",
            multiple=True,
            required=True,
            help="`floor` (no model), `base`, `serving`, the id of an adapter or the path of an adapter or run folder; "
            "with an engine before it if need be (`transformers:base`). May be given more than once.",
        ),
        click.option("--cases", type=FILE, help="Held-out synthetic cases: the part `test` of a file of `data synth`."),
        click.option("--vignettes", type=click.Choice(["tuning", "kept-out", "all"]), help="The packaged vignettes."),
        click.option(
            "--setting",
            "settings",
            type=SETTINGS,
            multiple=True,
            default=settings,
            show_default=True,
            help="Care settings of synthetic cases and vignettes. May be given more than once.",
        ),
        click.option("--limit", type=click.IntRange(1), help="At most so many cases of each set, evenly spread."),
    )

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def command_words(name: str, specs: Sequence[str], options: Mapping[str, Any], *more: str) -> str:
    """The command as one would write it, files by their names alone."""
    return " ".join(["cds-service evaluate", name, *_words(specs, options), *more])


def _words(specs: Sequence[str], options: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"--model {shown(spec)}" for spec in specs)
    if options["cases"]:
        yield f"--cases {options['cases'].name}"
    if options["vignettes"]:
        yield f"--vignettes {options['vignettes']}"
    yield from (f"--setting {setting}" for setting in options["settings"])
    if options["limit"]:
        yield f"--limit {options['limit']}"

"""`cds-service data synth`: synthetic cases as the requests that serving gets, with their authored priorities."""

from __future__ import annotations

from pathlib import Path

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.writing import writing
from cds_service.settings import Setting

_ALL = "all"


@click.command("synth")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--count", default=1000, show_default=True, type=click.IntRange(1, 1_000_000), help="How many.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same file.")
@click.option("--part", type=click.Choice([_ALL, "train", "validation", "test"]), default=_ALL, show_default=True,
              help="Conditions of one family are in one part, whatever the seed.")  # fmt: skip
@click.option("--setting", type=click.Choice([s.value for s in Setting]), default=Setting.FAMILY_PRACTICE.value,
              show_default=True, help="Where the patients come; decides the authored priority.")  # fmt: skip
@click.option("--report", "reports", multiple=True, type=click.Path(path_type=Path, dir_okay=False),
              help="A validity report too: .json, .md or a figure (.png, .svg, .pdf). Repeatable.")  # fmt: skip
@clear_errors
def synth(out: Path, count: int, seed: int, part: str, setting: str, reports: tuple[Path, ...]) -> None:
    """Write made-up patients to OUT, one JSON object a line: the patient-view request and the gold priority.

    The report says how they are distributed, what repeats, what the parts share, and how serving reads the requests.
    """
    from cds_service.terminal import progress
    from cds_service.training.synth import Part
    from cds_service.training.synth.report import ENDINGS, write
    from cds_service.training.synth.validity import measure
    from cds_service.training.synth.write import write_cases

    if any(path.suffix not in ENDINGS for path in reports):
        raise click.BadParameter("a report ends in " + ", ".join(ENDINGS), param_hint="--report")
    chosen = None if part == _ALL else Part(part)
    with writing(), progress() as show:
        written = write_cases(out, count=count, seed=seed, setting=Setting(setting), part=chosen, show=show)
        if reports:
            report = measure(written, seed=seed, show=show)
            for path in reports:
                write(path, report)
    for path in (out, *reports):
        click.echo(f"written: {path}")

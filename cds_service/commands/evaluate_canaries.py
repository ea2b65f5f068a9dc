"""``cds-service evaluate canaries``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.evaluation_files import OUT, in_a_folder, write_json

if TYPE_CHECKING:
    from cds_service.commands.own_pipeline import SetClock
    from cds_service.training.canaries.chart import CanaryChart

PAGE = "canaries"
CHARTS = 5000
SEED = 1
EXPORTS = 100


@click.command("canaries")
@click.option("--charts", default=CHARTS, show_default=True, type=click.IntRange(1), help="How many charts to try.")
@click.option("--seed", default=SEED, show_default=True, type=click.IntRange(0), help="Which charts.")
@click.option(
    "--exports",
    default=EXPORTS,
    show_default=True,
    type=click.IntRange(0),
    help="How many of them to decide and export.",
)
@click.option("--json", "json_file", type=OUT, callback=in_a_folder, help="Write every figure as JSON.")
@click.option(
    "--markdown",
    "markdown_file",
    type=OUT,
    callback=in_a_folder,
    help="Write Markdown; in a page with marks, between them.",
)
@clear_errors
def canaries(charts: int, seed: int, exports: int, json_file: Path | None, markdown_file: Path | None) -> None:
    """Open charts full of made-up identifiers and look for them in everything behind the gate.

    Every chart takes the real road on a database of its own: hook call, cards, prompt, job, ledger, audit, metrics,
    log, and the gate as exports use it. Some are decided, by a clinician who names people everywhere, and exported
    under both profiles. Fails when an identifier that stands in a field of the chart, or a name of staff, is found.
    Identifiers that stand in prose alone are counted beside it: finding those is a matter of reading.
    """
    import tempfile

    from rich.console import Console

    from cds_service.bootstrap import open_similarity
    from cds_service.commands.own_pipeline import own_pipeline
    from cds_service.commands.own_road import GATE_MS
    from cds_service.commands.read_settings import read_settings
    from cds_service.evaluation.canaries.exports import Exports
    from cds_service.evaluation.canaries.measure import measure
    from cds_service.evaluation.canaries.road import Road, listening
    from cds_service.evaluation.canaries.show import for_page, for_terminal
    from cds_service.evaluation.triage.tables import write_page
    from cds_service.settings import Setting
    from cds_service.terminal import progress

    settings = read_settings().model_copy(update={"gate_timeout_ms": GATE_MS})
    with (
        progress() as show,
        own_pipeline(settings, Setting.FAMILY_PRACTICE, show) as own,
        listening() as heard,
        tempfile.TemporaryDirectory(prefix="cds-canaries-") as folder,
    ):
        service, drawn = own.service, _drawn(seed, charts, own.clock)
        road = Road(service.pipeline, service.recorder, heard)
        clinic = Exports(
            service.recorder, service.settings, service.retriever, open_similarity(), folder=Path(folder),
            staff=_staff(seed), now=own.clock(),
        )  # fmt: skip
        report = measure(
            road, drawn, seed=seed, of=charts, exports=clinic, cases=exports, show=lambda share: show("charts", share)
        )
    Console(width=100, highlight=False).print(for_terminal(report))
    now = datetime.now(UTC)
    if json_file:
        write_json(json_file, report.as_json() | {"made": now.isoformat(timespec="seconds")})
    if markdown_file:
        write_page(markdown_file, PAGE, for_page(report, now))
    if report.leaked:
        raise click.ClickException(f"identifiers of a chart's fields were found in: {', '.join(report.leaked)}.")


def _staff(seed: int) -> tuple[str, str]:
    """Two names that exist nowhere else."""
    from random import Random

    from cds_service.training.canaries.coined import coin

    rng = Random(f"staff/{seed}")  # noqa: S311 - fiction, no secret
    return f"{coin(rng)} {coin(rng)}", f"{coin(rng)} {coin(rng)}"


def _drawn(seed: int, charts: int, clock: SetClock) -> Iterator[CanaryChart]:
    """The charts, with the clock set to each."""
    from cds_service.training.canaries.chart import canary_charts

    for chart in islice(canary_charts(seed), charts):
        clock.moment = chart.at
        yield chart

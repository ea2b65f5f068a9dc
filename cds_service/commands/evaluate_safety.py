"""``cds-service evaluate safety``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.evaluation_files import output_options, write_json

PAGE = "safety"


@click.command("safety")
@click.option(
    "--similarity",
    type=click.Choice(["on", "off"]),
    default="on",
    show_default=True,
    help="Compare sentences by meaning in the grounding check, as serving does.",
)
@output_options
@clear_errors
def safety(similarity: str, **options: Any) -> None:
    """Run the safety checks on the project's labelled good and bad drafts: recall and false alarms of each check.

    Both halves of the drafts are reported. Faults of the checks may be looked up in half A alone.
    """
    from rich.console import Console

    from cds_service.bootstrap import open_similarity
    from cds_service.evaluation.safety.labelled import drafts, examples
    from cds_service.evaluation.safety.measure import measure
    from cds_service.evaluation.safety.show import draw, for_page, for_terminal
    from cds_service.evaluation.triage.tables import write_page
    from cds_service.terminal import progress

    with progress() as show:
        likeness = open_similarity() if similarity == "on" else None
        made = measure(drafts(), examples(), similarity=likeness, show=lambda share: show("drafts", share))
    Console(width=100, highlight=False).print(for_terminal(made))
    now = datetime.now(UTC)
    if options["json_file"]:
        command = f"cds-service evaluate safety --similarity {similarity}"
        write_json(
            options["json_file"], made.as_json() | {"made": now.isoformat(timespec="seconds"), "command": command}
        )
    if options["figure_file"]:
        draw(options["figure_file"], made)
    if options["markdown_file"]:
        write_page(options["markdown_file"], PAGE, for_page(made, now))

"""`cds-service sandbox`: an EHR in the terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from cds_service.commands.client import clear_errors, client_options, open_client

SCOPE = "patient/*.rs"


@click.command()
@click.argument("url")
@click.option(
    "--patient",
    help="FHIR R4 file (JSON, NDJSON, .xz), folder, or https://server/base/Patient/id.  [default: a fictional patient]",
)
@click.option("--patient-id", help="Which patient, when the data hold several.")
@click.option("--hook", default="patient-view", show_default=True, help="Hook that fires.")
@click.option("--service", "services", multiple=True, help="Service id (repeatable).  [default: all on the hook]")
@click.option("--user", default="Practitioner/example", show_default=True, help="User who opens the chart.")
@click.option("--encounter", help="Encounter id.  [default: the newest in the data]")
@click.option(
    "--no-prefetch", is_flag=True, help="Send no prefetch; name the FHIR server, with the token, if there is one."
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with the bearer token for the FHIR server.",
)
@click.option("--scope", default=SCOPE, show_default=True, help="Scope of that token (with --no-prefetch).")
@click.option("--accept", "accepted", multiple=True, metavar="1.1", help="Accept a suggestion (repeatable).")
@click.option(
    "--override", "overridden", multiple=True, metavar="2=REASON:comment", help="Override a card (repeatable)."
)
@click.option("--json", "as_json", is_flag=True, help="The raw answers, one JSON object a line.")
@client_options
@clear_errors
def sandbox(url: str, **options: Any) -> None:
    """Play an EHR: open a patient's chart against the CDS service at URL, show its cards, answer them.

    No EHR is needed. The patient comes from a FHIR file, from a folder of such files, or from a FHIR server; the
    service's prefetch templates are filled from there.
    """
    from rich.console import Console

    from cds_service.sandbox.chart import open_chart
    from cds_service.sandbox.errors import UnknownClient
    from cds_service.sandbox.play import Sandbox, Wishes
    from cds_service.sandbox.screen import MAX_WIDTH, Screen, registration

    client, transport = open_client(url, options)
    chart = open_chart(
        options["patient"],
        patient_id=options["patient_id"],
        token_file=options["token_file"],
        transport=transport,
        now=client.now(),
    )
    wishes = Wishes(
        hook=options["hook"],
        services=options["services"],
        user_id=options["user"],
        encounter_id=options["encounter"],
        with_prefetch=not options["no_prefetch"],
        scope=options["scope"],
        as_json=options["as_json"],
        accepted=options["accepted"],
        overridden=options["overridden"],
    )
    out = Console()
    out.width = min(out.width, MAX_WIDTH)
    screen = Screen(out, Console(stderr=True))
    ask = out.input if sys.stdin.isatty() and not wishes.as_json else None
    play = Sandbox(client=client, chart=chart, wishes=wishes, screen=screen, write=click.echo, ask=ask)
    try:
        sys.exit(play.run())
    except UnknownClient as error:
        screen.remark(registration(client.identity))
        raise click.ClickException(str(error)) from None

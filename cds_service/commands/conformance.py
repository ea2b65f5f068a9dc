"""`cds-service conformance`: whether a CDS service keeps to CDS Hooks, seen from outside."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from cds_service.commands.client import clear_errors, client_options, open_client


@click.command()
@click.argument("url")
@click.option("--service", help="Check this service id only.")
@click.option("--origin", help="Origin of a browser-based client that the service should admit (CORS).")
@click.option("--json", "as_json", is_flag=True, help="The results as one JSON object.")
@client_options
@clear_errors
def conformance(url: str, service: str | None, origin: str | None, as_json: bool, **options: Any) -> None:
    """Check from outside whether the CDS service at URL, this project's or another, keeps to CDS Hooks 2.0.1.

    Every service in discovery is called, well and badly, with a fictional patient. It leaves fictional feedback there,
    so use a test system. Exit code 1 when a binding requirement (MUST, MUST-NOT, COND) failed.
    """
    from rich.console import Console

    from cds_service.conformance import report
    from cds_service.conformance.run import run
    from cds_service.sandbox.screen import registration

    client, _ = open_client(url, options)
    remarks = Console(stderr=True)
    with remarks.status("Checking …") as status:
        outcome = run(client, service=service, origin=origin, progress=lambda step: status.update(f"Checking {step} …"))
    made = report.rows(outcome.results)
    if as_json:
        click.echo(json.dumps(report.as_json(made, url=client.base, services=outcome.services)))
    elif outcome.services or not outcome.refused:
        report.show(made, Console(), url=client.base, services=outcome.services, unchecked=outcome.unchecked)
    if outcome.refused:
        remarks.print(registration(client.identity), style="yellow", markup=False, soft_wrap=True)
        raise click.ClickException("The service refuses every call of this client, so little could be checked.")
    sys.exit(1 if any(row.breaks_conformance for row in made) else 0)

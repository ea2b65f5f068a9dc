"""``cds-service evaluate wire``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cds_service.commands.client import clear_errors


@click.command("wire")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--url", default=None, help="A running service on loopback; without it one is started.")
@click.option("--each", is_flag=True, help="Post every entry of a Bundle by itself too.")
@click.option("--json", "as_json", is_flag=True, help="Figures and faults as JSON.")
@clear_errors
def wire(folders: tuple[Path, ...], url: str | None, each: bool, as_json: bool) -> None:
    """Post everything in folders of CDS Hooks requests and FHIR files to a service, and count its answers.

    Fails when any answer is a 5xx, a redirect, malformed, or does not come in time.
    """
    from cds_service.commands.read_settings import read_settings
    from cds_service.evaluation.wire import run

    sys.exit(0 if run(read_settings(), folders, click.echo, url=url, each=each, as_json=as_json) else 1)

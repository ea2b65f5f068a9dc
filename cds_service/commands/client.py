"""What the commands that play a CDS client share: options, identity, and errors as one clear line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from cds_service.sandbox.client import CdsClient
    from cds_service.sandbox.transport import Transport

P = ParamSpec("P")
R = TypeVar("R")


def clear_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the service's own errors into one line on standard error and exit code 1."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from cds_service.errors import CdsError

        try:
            return command(*args, **kwargs)
        except CdsError as error:
            raise click.ClickException(str(error)) from None

    return run


def client_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say who calls and how: --key, --iss, --tenant, --jku, --ca-file, --timeout."""
    options = (
        click.option(
            "--key",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Private key (JWK, P-384), made on first use.  [default: sandbox-key.json in your config folder]",
        ),
        click.option(
            "--iss", default="https://sandbox.invalid", show_default=True, help="Issuer that the tokens name."
        ),
        click.option("--tenant", help="Tenant that the tokens name."),
        click.option("--jku", help="Key set URL that the tokens name."),
        click.option(
            "--ca-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Certificates to trust."
        ),
        click.option(
            "--timeout", default=15.0, show_default=True, type=click.FloatRange(0.5, 300), help="Seconds for each call."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def open_client(url: str, options: dict[str, Any]) -> tuple[CdsClient, Transport]:
    """The client for the values of `client_options`. Raises SandboxError."""
    from cds_service.sandbox.address import service_base
    from cds_service.sandbox.client import CdsClient
    from cds_service.sandbox.identity import open_identity
    from cds_service.sandbox.transport import Transport

    base = service_base(url)
    key = options["key"] or Path(click.get_app_dir("cds-service")) / "sandbox-key.json"
    identity = open_identity(key, issuer=options["iss"], tenant=options["tenant"], jku=options["jku"])
    transport = Transport(timeout_s=options["timeout"], ca_file=options["ca_file"])
    return CdsClient(base=base, transport=transport, identity=identity, now=lambda: datetime.now(UTC)), transport

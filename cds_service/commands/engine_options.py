"""Where a command's work runs: --engine and --workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from cds_service.engines.engine import Engine

MOST_WORKERS = 256


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options --engine and --workers."""
    command = click.option(
        "--workers", default=1, show_default=True, type=click.IntRange(1, MOST_WORKERS), help="Workers side by side."
    )(command)
    return click.option(
        "--engine", type=click.Choice(["process", "ray"]), default="process", show_default=True,
        help="Where the work runs: processes, or a Ray cluster of this machine (`ray` extra).",
    )(command)  # fmt: skip


def open_engine(name: str, workers: int) -> Engine:
    """The engine of that name. Raises ConfigurationError where it is not installed."""
    from cds_service.engines.engine import Kind
    from cds_service.engines.processes import Processes
    from cds_service.engines.ray_cluster import RayCluster

    return RayCluster(workers=workers) if Kind(name) is Kind.RAY else Processes(workers=workers)

"""The engine of Ray: a cluster of this machine alone, begun for one run and ended with it.

Ray's own defaults are not for identified data: it listens on every address, makes its folder open to everybody and
reports its use. Here every socket is on loopback, with a token of the run; the folder is its owner's and is deleted;
nothing is reported; no dashboard runs; what workers print is not collected (docs/decisions/0029-batch-engines.md).
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar

from cds_service.engines.engine import AHEAD, in_order
from cds_service.errors import CdsError, ConfigurationError

T = TypeVar("T")
R = TypeVar("R")

STORE_BYTES = 256 * 1024 * 1024
"""Shared memory for items and results under way; more of them wait on the disk, in the run's own folder."""

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # as on desktops: loopback is the machine's address, and no other
    "RAY_AUTH_MODE": "token",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


@dataclass(frozen=True, kw_only=True)
class RayCluster:
    """So many actors of a local Ray cluster. Raises ConfigurationError where Ray is not installed."""

    workers: int = 1

    def __post_init__(self) -> None:
        _ray()

    def run(self, build: Callable[[], Callable[[T], R]], items: Iterable[T]) -> Iterator[R]:
        """See `Engine`."""
        ray = _ray()
        with _cluster(ray, self.workers):
            actor = ray.remote(num_cpus=1, max_restarts=0)(_Actor)
            turns = cycle([actor.remote(build) for _ in range(self.workers)])
            try:
                yield from in_order(
                    lambda item: next(turns).work.remote(item), ray.get, items, ahead=self.workers * AHEAD
                )
            except ray.exceptions.RayActorError:
                raise CdsError("a Ray worker died, perhaps for want of memory: try fewer workers") from None


class _Actor:
    """One worker: the work, made once."""

    def __init__(self, build: Callable[[], Callable[[Any], Any]]) -> None:
        self._work = build()

    def work(self, item: Any) -> Any:
        return self._work(item)


def _ray() -> Any:
    os.environ.update(_ENVIRONMENT)  # Ray reads some of it when it is imported, and its processes inherit it
    try:
        import ray
    except ModuleNotFoundError:
        raise ConfigurationError("The engine `ray` needs Ray: pip install 'cds-service[ray]'") from None
    return ray


@contextmanager
def _cluster(ray: Any, workers: int) -> Iterator[None]:
    """A cluster of this run, in a folder of its own that others cannot open."""
    if ray.is_initialized():
        raise CdsError("A Ray cluster runs in this process already.")
    with tempfile.TemporaryDirectory(prefix="cds-") as folder:  # mode 0700, and a short name: Ray's sockets lie in it
        token = Path(folder) / "token"
        token.write_text(secrets.token_hex(32), encoding="ascii")
        os.environ["RAY_AUTH_TOKEN_PATH"] = str(token)
        try:
            ray.init(
                num_cpus=workers,
                num_gpus=0,
                include_dashboard=False,
                log_to_driver=False,
                configure_logging=False,
                object_store_memory=STORE_BYTES,
                _temp_dir=str(Path(folder) / "r"),
                _metrics_export_port=None,
            )
            yield
        finally:
            ray.shutdown()
            os.environ.pop("RAY_AUTH_TOKEN_PATH", None)

"""gunicorn's configuration for `cds-service serve`. Numbers that an operator sets come from the command line."""

from __future__ import annotations

from typing import Any

from prometheus_client import multiprocess

worker_class = "cds_service.web.quiet.QuietWorker"
logger_class = "cds_service.web.quiet.QuietLogger"
timeout = 120
"""Seconds for a web process to load its models before it is given up."""
graceful_timeout = 10
keepalive = 15
worker_connections = 1000
"""Idle connections cost a place in the poller and no thread."""
limit_request_line = 2048
limit_request_fields = 50
control_socket_disable = True
accesslog = None
loglevel = "warning"
forwarded_allow_ips = ""


def post_fork(_server: Any, _worker: Any) -> None:
    """A web process ends when gunicorn does, even on kill -9."""
    from cds_service.serve import die_with_parent

    die_with_parent()


def child_exit(_server: Any, worker: Any) -> None:
    """Drop the gauges of a web process that ended."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]

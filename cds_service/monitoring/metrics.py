"""Prometheus metrics of all web processes.

``prometheus_client`` decides at import whether it shares its figures between processes, so `serve` sets
``PROMETHEUS_MULTIPROC_DIR`` before this module is imported.
"""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client import multiprocess as shared

CONTENT_TYPE = CONTENT_TYPE_LATEST
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.35, 0.5, 0.75, 1.0, 2.0, 5.0)

HOOK_CALLS = Counter("cds_hook_calls_total", "Hook calls answered", ("service", "priority", "assessment"))
HOOK_ERRORS = Counter("cds_hook_errors_total", "Hook calls that ended in an error", ("status",))
NOT_RECORDED = Counter("cds_hook_not_recorded_total", "Answers given while the database refused to record them")
CLIENT_REFUSALS = Counter("cds_client_refusals_total", "Calls not let in", ("reason",))
SHARED_STORE_FAILURES = Counter("cds_shared_store_failures_total", "Calls judged by one process's own memory")
FETCHED = Counter("cds_fhir_fetches_total", "Prefetch keys fetched from a FHIR server", ("outcome",))
HOOK_SECONDS = Histogram("cds_hook_seconds", "Time to answer a hook call", ("service",), buckets=BUCKETS)
PART_SECONDS = Histogram("cds_hook_part_seconds", "Time of one part of a hook call", ("part",), buckets=BUCKETS)
GATE_DECISIONS = Counter("cds_gate_decisions_total", "Decisions of the de-identification gate", ("decision",))
RESOURCES_REFUSED = Counter("cds_resources_refused_total", "Resources not used", ("reason",))
CARDS = Counter("cds_cards_total", "Cards shown", ("kind",))
FEEDBACK = Counter("cds_feedback_total", "Feedback items", ("outcome",))
QUEUE = Gauge("cds_jobs", "Assessment jobs by state", ("state",), multiprocess_mode="mostrecent")
QUEUE_AGE = Gauge("cds_jobs_oldest_queued_seconds", "Age of the oldest waiting job", multiprocess_mode="mostrecent")
WORKER_UP = Gauge("cds_worker_up", "Whether a model worker is alive", multiprocess_mode="mostrecent")
DELIVERIES = Gauge(
    "cds_notifications", "Notifications by channel and state", ("channel", "state"), multiprocess_mode="mostrecent"
)
DELIVERY_AGE = Gauge(
    "cds_notifications_oldest_seconds", "Age of the oldest notification not sent yet", multiprocess_mode="mostrecent"
)
ESCALATION_LATE = Gauge(
    "cds_escalation_late_seconds", "How long an escalation is overdue: nobody runs it", multiprocess_mode="mostrecent"
)
UNANSWERED = Gauge(
    "cds_cases_unanswered", "Urgent cases that nobody answered at the last level", multiprocess_mode="mostrecent"
)


def exposition() -> bytes:
    """All figures in the Prometheus text format, over all processes where they share a folder."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    shared.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)

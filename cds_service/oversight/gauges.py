"""What Prometheus is told of people's work: small queries at each scrape, counts alone."""

from __future__ import annotations

from datetime import datetime
from math import nan

from prometheus_client import Gauge

from cds_service.oversight.oversight import Oversight

OPEN_CASES = Gauge(
    "cds_cases_waiting", "Cases that wait for a clinician", ("priority",), multiprocess_mode="mostrecent"
)
OLDEST = Gauge("cds_cases_oldest_waiting_seconds", "Age of the oldest waiting case", multiprocess_mode="mostrecent")
CRITICALS = Gauge(
    "cds_cases_critical_unacknowledged", "Critical cases no physician has acknowledged", multiprocess_mode="mostrecent"
)
KAPPA = Gauge(
    "cds_agreement_kappa_last_week", "Agreement of floor with model and clinician", multiprocess_mode="mostrecent"
)
ALERTS = Gauge("cds_alerts_active", "Limits of the monitoring that are passed", multiprocess_mode="mostrecent")
OVERDUE = Gauge("cds_sign_offs_overdue", "Scheduled reviews that nobody signed in time", multiprocess_mode="mostrecent")


def refresh(oversight: Oversight, now: datetime) -> None:
    """Read them from the database. Raises StoreError. Kappa is NaN where there are too few cases to say."""
    state = oversight.live(now)
    for priority, count in state.open.items():
        OPEN_CASES.labels(priority=priority.label).set(count)
    OLDEST.set(state.oldest_s)
    CRITICALS.set(state.unanswered_criticals)
    ALERTS.set(state.alerts)
    OVERDUE.set(len(oversight.overdue(now)))
    value = oversight.kappa_last_week(now).value
    KAPPA.set(nan if value is None else value)

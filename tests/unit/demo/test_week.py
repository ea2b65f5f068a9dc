"""The demo's days: nobody comes at night or tomorrow, and no chart tells of the future of its visit."""

import re
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from cds_service.demo.week import CLOSES, DAYS, OPENS, PATIENTS, SEED, WAITING, moved, visits
from cds_service.settings import Setting
from cds_service.training.synth.generate import cases
from cds_service.training.synth.requests import request


@pytest.mark.parametrize("hour", [0, 9, 23])
def test_patients_come_in_order_in_opening_hours_and_the_last_ones_just_now(hour):
    now = datetime(2031, 5, 6, hour, 10, tzinfo=UTC)
    found = visits(now)
    assert len(found) == PATIENTS
    assert found == sorted(found)
    assert now - timedelta(days=DAYS + 1) < found[0] < found[-1] < now
    assert all(OPENS <= at.hour < CLOSES for at in found[:-WAITING])


def test_every_time_of_a_chart_lies_before_its_visit_wherever_it_is_moved():
    to = datetime(2031, 5, 6, 3, 20, tzinfo=UTC)
    for case in islice(cases(SEED, Setting.FAMILY_PRACTICE), 12):
        body = str(moved(request(case), case.at, to))
        times = [datetime.fromisoformat(t) for t in re.findall(r"\d{4}-\d\d-\d\dT[0-9:.+-]+", body)]
        assert times
        assert max(times) <= to
        taken = case.chart.vitals.at - case.at if case.chart.vitals else timedelta(0)
        assert to + taken in [*times, to]


def test_an_earlier_day_keeps_its_hour_and_a_date_stays_a_date():
    visit, to = datetime(2026, 1, 5, 10, 0, tzinfo=UTC), datetime(2026, 1, 9, 3, 0, tzinfo=UTC)
    body = {
        "at": "2026-01-02T09:30:00+00:00",
        "just": "2026-01-05T09:50:00+00:00",
        "on": "2025-12-31",
        "code": "8661-1",
    }
    assert moved(body, visit, to) == {
        "at": "2026-01-06T09:30:00+00:00",
        "just": "2026-01-09T02:50:00+00:00",
        "on": "2026-01-04",
        "code": "8661-1",
    }

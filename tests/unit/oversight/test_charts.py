"""Charts of trends: an axis that can be read, points that are there, and nothing drawn where there is nothing."""

import re
from datetime import date, timedelta

import pytest

from cds_service.oversight.charts import line_chart, shown_points
from cds_service.oversight.figures import Unit
from cds_service.oversight.trends import Point, Trend

FIRST = date(2031, 1, 6)


def a_trend(*values, unit=Unit.SHARE, of=40):
    """Week after week; None: nothing was counted."""
    points = tuple(
        Point(
            label=(FIRST + timedelta(weeks=week)).isoformat(),
            value=value,
            hits=None if value is None or unit is not Unit.SHARE else round(value * of),
            of=0 if value is None else of,
        )
        for week, value in enumerate(values)
    )
    return Trend(id="t", title="A <trend>", unit=unit, points=points, limits=None, signals=())


def words(chart):
    return re.findall(r"<text[^>]*>([^<]*)</text>", chart)


@pytest.mark.parametrize(
    ("values", "unit", "ticks"),
    [
        ([0.197] * 9, Unit.SHARE, ["0 %", "5 %", "10 %", "15 %", "20 %"]),
        ([1.0] * 9, Unit.SHARE, ["0 %", "50 %", "100 %"]),
        ([0.0] * 9, Unit.SHARE, ["0 %", "5 %", "10 %"]),
        ([78.0] * 9, Unit.SECONDS, ["0 s", "20 s", "40 s", "60 s", "80 s"]),
    ],
)
def test_the_axis_has_three_to_five_round_ticks(values, unit, ticks):
    assert words(line_chart(a_trend(*values, unit=unit)))[: len(ticks) + 1] == [*ticks, "6 Jan 2031"]


def test_days_stand_under_the_first_a_middle_and_the_last_point():
    assert words(line_chart(a_trend(*[0.5] * 9)))[-4:-1] == ["6 Jan 2031", "3 Feb", "3 Mar 2031"]


def test_empty_weeks_before_the_first_point_are_left_out_but_for_eight():
    chart = line_chart(a_trend(*[None] * 14, 0.3, 0.35))
    assert chart.count("<circle") == 2
    assert "3 Mar 2031" in words(chart)
    assert "6 Jan 2031" not in words(chart)
    assert words(chart)[-1] == "35.0 %"


def test_what_is_hidden_is_not_drawn_and_not_told():
    hidden = a_trend(0.5, of=4)
    assert shown_points(hidden) == []
    assert "<circle" not in line_chart(hidden)
    assert "50" not in "".join(words(line_chart(hidden)))


def test_a_title_is_text():
    assert "A &lt;trend&gt;" in line_chart(a_trend(0.5))

"""The page about the figures says what the data say; every threshold is about a figure that exists."""

from pathlib import Path

import pytest

from cds_service.oversight import reference
from cds_service.oversight.thresholds import read_thresholds

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "monitoring-figures.md"


def test_the_page_is_that_of_the_data():
    assert reference.page().strip() in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["limits.toml", "recommendations.toml"])
def test_every_threshold_is_about_a_figure(name):
    for threshold in read_thresholds(name):
        assert threshold.figure.startswith("live.") or reference.definition_of(threshold.figure.rstrip("*")), (
            threshold.id
        )

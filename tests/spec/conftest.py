"""Answers of the real service, made once."""

import pytest

from tests.spec.calls import CHARTS, ask, with_assessment


@pytest.fixture(scope="session")
def answers(app):
    """The answer to each chart, by the chart's name; treat them as read-only."""
    client = app.test_client()
    return {name: ask(client, chart()) for name, chart in CHARTS.items()} | {"with_assessment": with_assessment()}


@pytest.fixture(scope="session")
def shown(answers):
    """Every card of every answer, as (chart, card)."""
    return [(name, card) for name, answer in answers.items() for card in answer["cards"]]

"""Every labelled draft gets the verdict that its label says."""

import functools
import json
from collections import Counter

import pytest

from cds_service.safety.verdict import CHECKS, FAILED, examine
from tests.support.drafts import BAD, GOOD, LABELLED, SCENARIOS


@functools.cache
def verdict_on(name, scenario):
    return examine(next(i for i in LABELLED if (i.name, i.scenario) == (name, scenario)).given())


def name_of(item):
    return f"{item.scenario}: {item.name}"


@pytest.mark.parametrize("item", GOOD, ids=name_of)
def test_a_good_draft_passes_every_check(item):
    verdict = verdict_on(item.name, item.scenario)
    assert verdict.passed, [f"{r.check}: {r.reason}" for r in verdict.failures]


@pytest.mark.parametrize("item", BAD, ids=name_of)
def test_a_bad_draft_is_withheld_by_the_check_it_names(item):
    failures = {r.check: r.reason for r in verdict_on(item.name, item.scenario).failures}
    assert item.fails in failures
    assert FAILED not in failures.values()


def test_every_check_has_enough_labelled_drafts():
    bad = Counter(item.fails for item in BAD)
    assert len(GOOD) >= 70
    assert set(bad) == {check.id for check in CHECKS}
    assert min(bad.values()) >= 5


def test_the_scenarios_cover_every_priority():
    assert {scene.good.priority.name for scene in SCENARIOS.values()} == {"LOW", "MEDIUM", "HIGH", "CRITICAL"}


def test_a_reason_never_quotes_the_draft_or_the_chart():
    fixed = {FAILED, ""} | {sentence for check in CHECKS for sentence in check.faults.values()}
    for item in LABELLED:
        assert {r.reason for r in verdict_on(item.name, item.scenario).results} <= fixed


def test_a_case_restored_from_json_gets_the_same_verdict():
    item = BAD[0]
    inp = item.given()
    restored = type(inp.case).from_json(json.dumps(json.loads(inp.case.to_json())))
    assert examine(type(inp)(**{**vars_of(inp), "case": restored})) == examine(inp)


def vars_of(inp):
    return {name: getattr(inp, name) for name in inp.__dataclass_fields__}

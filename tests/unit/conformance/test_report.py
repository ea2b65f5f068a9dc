"""The report: one row a requirement, one failure outweighs all, the table and the JSON say the same."""

import importlib
import io
import pkgutil

import pytest
from rich.console import Console

from cds_service.conformance import checks
from cds_service.conformance.catalogue import Level, catalogue
from cds_service.conformance.report import as_json, rows, show, totals
from cds_service.conformance.result import Verdict, failed, not_applicable, passed, skipped

MODULES = [importlib.import_module(f"{checks.__name__}.{m.name}") for m in pkgutil.iter_modules(checks.__path__)]


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.rsplit(".", 1)[-1])
def test_every_check_names_requirements_of_the_catalogue(module):
    assert module.IDS
    assert set(module.IDS) <= set(catalogue())


def test_a_requirement_out_of_nowhere_is_no_silent_gap():
    with pytest.raises(KeyError):
        rows([passed("Z9")])


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ([passed("F4"), failed("F4", "too long"), skipped("F4", "x")], Verdict.FAILED),
        ([not_applicable("F4", "no cards"), passed("F4")], Verdict.PASSED),
        ([not_applicable("F4", "no cards"), skipped("F4", "x")], Verdict.SKIPPED),
        ([not_applicable("F4", "no cards")], Verdict.NOT_APPLICABLE),
    ],
)
def test_results_of_several_services_become_one_verdict(results, verdict):
    (row,) = rows(results)
    assert row.verdict is verdict


@pytest.mark.parametrize(
    ("requirement", "breaks"), [("F4", True), ("F18", True), ("F8", True), ("A5", False), ("F9", False), ("F11", False)]
)
def test_conformance_depends_on_the_binding_levels_alone(requirement, breaks):
    (row,) = rows([failed(requirement, "why")])
    assert row.breaks_conformance is breaks
    assert (row.level in (Level.MUST, Level.MUST_NOT, Level.COND)) is breaks


def test_the_table_and_the_json_say_the_same():
    made = rows(
        [failed("F4", "cards[0].summary \x1b]0;owned\x07[bold]is long"), passed("A2"), skipped("J2", "no token")]
    )
    out = io.StringIO()
    show(made, Console(file=out, width=100), url="https://cds.example.org", services=["a on patient-view"], unchecked=2)
    shown = out.getvalue()
    assert "1 passed, 1 failed, 0 not applicable, 1 skipped" in shown
    assert "Not conformant: F4" in shown
    assert "2 more services" in shown
    assert "[bold]is long" in shown  # no markup
    assert "\x1b" not in shown
    machine = as_json(made, url="https://cds.example.org", services=["a on patient-view"])
    assert machine["conformant"] is False
    assert machine["totals"] == totals(made)
    assert [r["id"] for r in machine["requirements"]] == ["A2", "F4", "J2"]  # the order of the specification

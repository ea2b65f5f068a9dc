"""The tables as a whole: every row is cited and checked when read, the page lists it; examples; what a chart costs."""

import json
import time
from dataclasses import replace

import pytest

from cds_service.clinical.medicines import allergies, conditions, interactions, kidney, pregnancy
from cds_service.clinical.medicines.catalog import CATALOG, Catalog
from cds_service.clinical.medicines.page import page
from cds_service.clinical.medicines.problems import CONDITIONS
from cds_service.clinical.medicines.rules import RULES
from cds_service.clinical.medicines.severity import Severity
from cds_service.clinical.medicines.sources import citation
from cds_service.clinical.medicines.tables import common, table
from cds_service.domain import MAX_PROPOSAL_LABEL
from tests.unit.clinical.build import person
from tests.unit.clinical.medicines.charts import BY_ID, EXAMPLES, creatinine, run, taking

ROWS = (
    *allergies.CROSS,
    *interactions.INTERACTIONS,
    *interactions.DUPLICATES,
    *interactions.COUNTS,
    *conditions.BY_CONDITION,
    *conditions.BY_AGE,
    *pregnancy.PREGNANCY,
    *kidney.KIDNEY,
)
GOOD = {
    "id": "a-row",
    "severity": "serious",
    "why": "It harms.",
    "consider": "Ask the physician.",
    "cites": ["beers-2023"],
}


def test_every_rule_has_a_chart_that_fires_and_one_that_does_not():
    assert EXAMPLES.keys() == BY_ID.keys()
    for key, (fires, quiet) in EXAMPLES.items():
        rule = BY_ID[key]
        fired = run(fires, rules=[rule])[0]
        assert fired, key
        assert {f.priority for f in fired} <= set(rule.priorities)
        assert {f.citation for f in fired} <= set(rule.citations)
        assert {f.version for f in fired} == {rule.version}
        json.dumps([dict(f.values) for f in fired])
        assert run(quiet)[0] == [], key


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"severity": "bad"}, "severity must be"),
        ({"id": "A row"}, "no usable id"),
        ({"extra": 1}, "unknown keys"),
        ({"why": "no sentence"}, "not a sentence"),
        ({"cites": []}, "no source"),
        ({"cites": ["nowhere-2020"]}, "unknown source"),
        ({"cites": ["label/aspirin/nowhere"]}, "unknown source"),
        ({"cites": ["label/nothing/warnings"]}, "unknown ingredient"),
    ],
)
def test_a_slip_in_a_row_is_refused_when_the_table_is_read(change, why):
    with pytest.raises(ValueError, match=why):
        common({**GOOD, **change})
    assert common(GOOD)["severity"] is Severity.SERIOUS


def test_slips_in_the_ingredients_are_refused():
    good = {
        "ingredient": [{"id": "a", "names": ["a"], "classes": ["k"], "rxcui": ["1"]}],
        "other": [{"id": "b", "names": ["b"]}],
        "product": [{"id": "p", "names": ["p"], "ingredients": ["a", "b"]}],
        "class_names": {}, "always_systemic": [], "local_form_words": [], "systemic_form_words": [],
    }  # fmt: skip
    assert Catalog(good).members("k") == {"a"}
    for change in (
        {"other": [{"id": "a", "names": ["b"]}]},
        {"other": [{"id": "b", "names": ["a"]}]},
        {"other": [{"id": "k", "names": ["b"]}]},
        {"product": [{"id": "p", "names": ["p"], "ingredients": ["z"]}]},
        {"always_systemic": ["z"]},
    ):
        with pytest.raises(ValueError, match=r"."):
            Catalog({**good, **change})


def test_an_unknown_class_is_refused():
    with pytest.raises(ValueError, match="unknown ingredient"):
        CATALOG.members("no-such-class")


def test_no_row_is_hidden_by_another_of_the_same_sides():
    sides = [(r.a, r.b, r.and_also, r.unless, tuple(r.strength_above_mg), r.min_age) for r in interactions.INTERACTIONS]
    assert len(set(sides)) == len(sides)


def test_every_condition_and_class_of_the_rows_is_in_use_and_named():
    used = {
        c for row in (*conditions.BY_CONDITION, *conditions.BY_AGE) for c in (*row.conditions, *row.unless_conditions)
    }
    used |= {c for row in kidney.KIDNEY for c in row.with_conditions}
    assert used == CONDITIONS.keys()


def test_every_sentence_asks_or_advises_and_never_orders_a_change():
    for row in ROWS:
        assert row.consider.split()[0] in {"Ask", "Check", "Confirm", "Verify", "Measure", "Advise"}, row.id
        assert not row.consider.startswith(("Stop", "Change", "Start", "Replace")), row.id


def test_labels_and_titles_fit():
    for rule in RULES:
        for finding in run(EXAMPLES[rule.id][0])[0]:
            assert len(finding.title) <= 120
            assert len(finding.proposals[0].label) <= MAX_PROPOSAL_LABEL
    many = ("Sertraline", "Quetiapine", "Gabapentin", "Lorazepam", "Oxycodone", "Cyclobenzaprine", "Levetiracetam")
    assert all(len(f.title) <= 120 for f in run(taking(*many, who=person(80)))[0])


def test_findings_hold_our_own_names_and_no_word_of_the_chart():
    chart = taking(
        "Zeldazine Ibuprofen 200 MG", "Warfarin by Dr Zzyzx",
        allergies=["Ibuprofen zzyzx"], problems=["Heart failure of Zelda"],
    )  # fmt: skip
    findings, notes = run(chart)
    assert len(findings) >= 3
    assert "zelda" not in repr((findings, notes)).lower()
    assert "zzyzx" not in repr((findings, notes)).lower()


def test_the_reading_is_made_once_a_context(monkeypatch):
    from cds_service.clinical.medicines import rules

    count = []
    monkeypatch.setattr(rules, "read_medicines", lambda case, real=rules.read_medicines: count.append(1) or real(case))
    run(taking("Warfarin", "Naproxen", problems=["Gout"]))
    assert count == [1]


def test_a_chart_of_forty_medicines_and_problems_costs_milliseconds():
    names = [i.name for i in CATALOG.ingredients.values() if i.classes][:160:4]
    terms = [c.terms[0] for c in CONDITIONS.values()][:40]
    chart = taking(*(f"{n} 10 MG Oral Tablet" for n in names), problems=terms, who=person(80), labs=(creatinine("2"),))
    run(chart)
    started = time.process_time()
    for _ in range(5):
        run(replace(chart))
    assert (time.process_time() - started) / 5 < 0.03


def test_the_page_lists_every_row_with_its_source():
    text = page()
    for row in ROWS:
        assert row.why in text
        assert row.citations[0].title in text
    for ingredient in CATALOG.ingredients.values():
        assert ingredient.name in text
    assert f"{len(ROWS) + 1} rows" in text


def test_versions_of_the_files_agree():
    for name in ("allergies", "interactions", "conditions", "pregnancy", "kidney", "ingredients", "citations"):
        assert table(f"{name}.toml")["clinical_review"] == "none"
    assert str(citation("label/lisinopril/boxed-warning")).startswith(
        "Prescribing information of lisinopril, Boxed warning"
    )


def test_an_egfr_that_breaks_does_not_cost_allergies_and_pairs(monkeypatch):
    from cds_service.clinical.medicines import rules

    def broken(context):
        raise ArithmeticError

    monkeypatch.setattr(rules, "egfr", broken)
    chart = taking("Warfarin", "Naproxen", "Metformin", allergies=["Naproxen"])
    alive = [BY_ID["medicine-allergy"], BY_ID["medicine-interaction"], BY_ID["medicine-duplicate"]]
    assert len(run(chart, rules=alive)[0]) == 2
    with pytest.raises(ArithmeticError):
        run(chart, rules=[BY_ID["medicine-kidney"]])

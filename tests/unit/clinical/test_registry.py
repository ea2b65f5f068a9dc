"""All rules together: each has a case that fires and one that does not; order, failures, purity, documentation."""

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest

import cds_service.clinical
from cds_service.clinical import RULES, RULES_VERSION, evaluate
from cds_service.clinical.docs_page import render
from cds_service.clinical.red_flags.lexicon import LEXICON
from cds_service.clinical.registry import DECEASED, version_of
from cds_service.domain import FindingKind, Priority
from cds_service.settings import Setting
from tests.unit.clinical.build import NOW, WELL, ago, case, lab, person, vitals
from tests.unit.clinical.care_gaps.examples import RULE_EXAMPLES as CARE_GAPS
from tests.unit.clinical.medicines.charts import EXAMPLES as MEDICINES

ILL = {"respiratory_rate": 26, "spo2": 91, "systolic": 105, "heart_rate": 118, "temperature": "38.6"}
PREGNANT = person(30, pregnant=True)

EXAMPLES = {
    # rule id: (a case that fires, a case that does not); the same examples in words stand on the rules page.
    **{f"red-flag-{flag.id}": (case(flag.fires), case(flag.quiet)) for flag in LEXICON.flags},
    "presenting-complaint": (case("sore throat since yesterday"), case()),
    "news2": (case(vitals=(vitals(ILL),)), case(who=person(8), vitals=(vitals(ILL),))),
    "critical-vitals": (case(vitals=(vitals({"spo2": 84}),)), case(vitals=(vitals({"spo2": 93, "systolic": 150}),))),
    "critical-vitals-pregnancy": (
        case(who=PREGNANT, vitals=(vitals({"systolic": 164, "diastolic": 96}),)),
        case(who=PREGNANT, vitals=(vitals({"systolic": 118, "diastolic": 70, "heart_rate": 104}),)),
    ),
    "critical-vitals-child": (
        case(who=person(0, 2), vitals=(vitals({"temperature": "38.4"}),)),
        case(who=person(4), vitals=(vitals({"heart_rate": 112, "respiratory_rate": 24}),)),
    ),
    "critical-labs": (
        case(labs=(lab("2823-3", ("6.8", ago(hours=2))),)),
        case(labs=(lab("2823-3", ("5.2", ago(hours=2))),)),
    ),
    "kidney-injury": (
        case(labs=(lab("2160-0", ("2.1", ago(hours=2)), ("1.0", ago(days=6)), unit="mg/dL"),)),
        case(labs=(lab("2160-0", ("1.7", ago(hours=2)), ("1.6", ago(days=6)), unit="mg/dL"),)),
    ),
    "shock-index": (
        case(vitals=(vitals({**WELL, "heart_rate": 108, "systolic": 104}),)),
        case(vitals=(vitals({**WELL, "heart_rate": 96, "systolic": 118}),)),
    ),
    "long-qt": (
        case(vitals=(vitals({"heart_rate": 75}),), labs=(lab("8634-8", (480, ago(minutes=10)), unit="ms"),)),
        case(vitals=(vitals({"heart_rate": 75}),), labs=(lab("8634-8", (400, ago(minutes=10)), unit="ms"),)),
    ),
    **MEDICINES,
    **CARE_GAPS,
}


def test_every_rule_has_an_example_that_fires_and_one_that_does_not():
    assert set(EXAMPLES) == {rule.id for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
@pytest.mark.parametrize("setting", Setting)
def test_each_rule_fires_and_does_not_fire(rule, setting):
    fires, quiet = EXAMPLES[rule.id]
    fired = [f for f in evaluate(fires, setting).findings if f.rule == rule.id]
    routine = rule.id in CARE_GAPS
    assert bool(fired) is not (routine and setting is Setting.ED), "an emergency department has other work"
    assert {f.priority for f in fired} <= set(rule.priorities)
    assert {f.version for f in fired} <= {rule.version}
    assert {f.citation for f in fired} <= set(rule.citations)
    assert [f for f in evaluate(quiet, setting).findings if f.rule == rule.id] == []


def test_a_well_person_has_only_a_low_score():
    found = evaluate(case("blood pressure check", vitals=(vitals(WELL),)), Setting.FAMILY_PRACTICE)
    told = [(f.rule, f.priority) for f in found.findings if f.kind is FindingKind.TRIAGE]
    assert told == [("presenting-complaint", Priority.LOW), ("news2", Priority.LOW)]
    assert found.not_evaluated == ()
    assert found.failed == ()


def test_findings_stand_by_priority_then_in_rule_order():
    chart = case("short of breath and numb hand", vitals=(vitals(ILL),), labs=(lab("2823-3", ("6.1", ago(hours=1))),))
    found = evaluate(chart, Setting.ED).findings
    order = {rule.id: i for i, rule in enumerate(RULES)}
    keys = [(-f.priority, f.rank, order[f.rule]) for f in found]
    assert len(keys) >= 4
    assert keys == sorted(keys)


def test_a_rule_that_breaks_costs_itself_alone_and_is_said():
    def broken(context):
        raise RuntimeError("chest pain of Zelda Zzyzx")

    rules = (replace(RULES[0], id="broken", title="Broken rule", evaluate=broken), *RULES[1:])
    found = evaluate(case("SOB", vitals=(vitals(ILL),)), Setting.FAMILY_PRACTICE, rules=rules)
    assert found.failed == ("broken",)
    assert [n.what for n in found.not_evaluated] == ["Broken rule"]
    assert {"news2", "red-flag-breathing-difficulty"} <= {f.rule for f in found.findings}
    assert "zzyzx" not in repr(found).lower()


def test_the_same_note_is_said_once():
    notes = evaluate(case(), Setting.FAMILY_PRACTICE).not_evaluated
    assert len(notes) == len(set(notes)) == 2


def test_a_patient_who_has_died_is_not_evaluated():
    found = evaluate(case("chest pain", who=person(80, deceased=True), vitals=(vitals(ILL),)), Setting.ED)
    assert found.findings == ()
    assert found.not_evaluated == (DECEASED,)


def test_stale_hours_reaches_every_rule():
    chart = case("checkup", vitals=(vitals(ILL, minutes=600),))
    assert evaluate(chart, Setting.ED).findings
    assert {f.rule for f in evaluate(chart, Setting.ED, stale_hours=8).findings} == {"presenting-complaint"}


def test_high_and_critical_say_where_and_when_and_others_do_not():
    for fires, _ in EXAMPLES.values():
        for setting in Setting:
            for finding in evaluate(fires, setting).findings:
                assert (finding.where_and_when is not None) == (finding.priority >= Priority.HIGH)


def test_findings_hold_plain_values_and_known_handles_only():
    handles = {"enc-1", "qr-1", "doc-1", "cond-1", "lab-0", "lab-1", "patient-1"}
    for fires, _ in EXAMPLES.values():
        for finding in evaluate(fires, Setting.FAMILY_PRACTICE).findings:
            json.dumps(dict(finding.values))
            assert finding.sources
            assert all(s in handles or s.startswith(("obs-", "med-", "alg-", "cond-")) for s in finding.sources)


def test_no_finding_or_note_names_a_date_of_the_chart():
    for fires, quiet in EXAMPLES.values():
        for chart in (fires, quiet):
            found = evaluate(chart, Setting.FAMILY_PRACTICE)
            text = " ".join([*(f.title + f.reason + str(dict(f.values)) for f in found.findings)])
            text += " ".join(n.what + n.reason for n in found.not_evaluated)
            assert str(NOW.year) not in text


def test_rule_ids_are_unique_and_the_version_follows_them():
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert version_of(RULES) == RULES_VERSION
    assert version_of(RULES[1:]) != RULES_VERSION
    assert version_of((replace(RULES[0], version="999"), *RULES[1:])) != RULES_VERSION


def test_the_page_lists_every_rule_with_source_and_examples():
    page = render()
    for rule in RULES:
        for text in (f"## {rule.title}", rule.id, rule.population, rule.fires, rule.quiet, str(rule.citations[0])):
            assert text in page
    assert RULES_VERSION in page
    assert page.endswith("\n")


def test_every_rule_says_what_it_is():
    for rule in RULES:
        assert rule.citations
        assert rule.priorities
        assert all((rule.title, rule.summary, rule.population, rule.fires, rule.quiet, rule.version))


def test_the_rules_read_no_clock_and_do_no_input_or_output():
    folder = Path(cds_service.clinical.__file__).parent
    forbidden = {"os", "time", "socket", "subprocess", "requests", "logging", "structlog", "random"}
    for file in folder.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        calls = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        assert not names & forbidden, file.name
        assert not calls & {"utcnow", "today"} - ({"today"} if file.name == "population.py" else set()), file.name
        assert "datetime.now" not in file.read_text(encoding="utf-8"), file.name

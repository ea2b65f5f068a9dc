"""The validity report finds what is wrong with a set, and `cds-service data synth` writes it."""

import json
from dataclasses import replace
from itertools import islice
from random import Random

from click.testing import CliRunner

from cds_service.commands.data_synth import synth
from cds_service.settings import Setting
from cds_service.training.synth import Part, cases, independence
from cds_service.training.synth.copies import duplicates, leakage
from cds_service.training.synth.parts import part_of
from cds_service.training.synth.schema import packaged


def some(count=12):
    return list(islice(cases(8, Setting.ED), count))


def test_a_repeated_case_is_an_exact_duplicate_and_a_slip_of_one_letter_a_near_one():
    case = next(c for c in some() if c.chart.vitals)
    slipped = replace(case, chart=replace(case.chart, complaint=case.chart.complaint + "s"))
    assert duplicates(some()).exact == 0
    assert duplicates([*some(), case]).exact == 2
    assert duplicates([case, slipped]).exact == 0
    assert duplicates([case, slipped]).near == 1


def test_a_family_in_two_parts_and_a_wording_in_two_parts_are_leaks(monkeypatch):
    train = next(c for c in packaged() if part_of(c.family) is Part.TRAIN)
    test = next(c for c in packaged() if part_of(c.family) is Part.TEST)
    stage = replace(test.stages[0], lay=train.stages[0].lay)
    found = leakage([], [train, replace(test, stages=(stage,))])
    assert found.wordings == len(train.stages[0].lay)
    assert found.near_wordings >= found.wordings
    assert leakage(some(), [train, test]).families == ()
    monkeypatch.setattr("cds_service.training.synth.case.part_of", lambda _: Random().choice(list(Part)))
    assert leakage(some(60) * 4, [train, test]).families


def test_the_authored_wordings_of_one_part_stand_in_no_other():
    found = leakage([], packaged())
    assert (found.wordings, found.near_wordings) == (0, 0), found.alike


def test_the_independence_test_tells_dependent_attributes_from_independent_ones():
    rng = Random(4)
    first = [rng.choice("abc") for _ in range(600)]
    independent = independence.between(first, [rng.choice("xy") for _ in range(600)])
    dependent = independence.between(first, [a if rng.random() < 0.3 else "z" for a in first])
    assert independent is not None
    assert dependent is not None
    assert independent.p > 0.05
    assert dependent.p < 0.01
    assert dependent.cramers_v > dependent.expected_v * 2
    assert independence.between(first, ["same"] * 600) is None


def test_what_is_drawn_by_itself_does_not_go_with_the_priority():
    found = list(islice(cases(31, Setting.FAMILY_PRACTICE), 400))
    for attribute in ("race", "language", "insurance"):
        drawn = [getattr(case.person, attribute).code for case in found]
        tested = independence.between(drawn, [case.priority.label for case in found])
        assert tested is not None
        assert tested.p > 0.001


def test_data_synth_writes_the_cases_of_a_part_and_reports_in_every_form(tmp_path):
    out = tmp_path / "new" / "cases.jsonl"
    reports = [tmp_path / f"report{ending}" for ending in (".json", ".md", ".png")]
    arguments = [str(out), "--count", "12", "--seed", "6", "--part", "train", "--setting", "ed"]
    result = CliRunner().invoke(synth, [*arguments, *(a for r in reports for a in ("--report", str(r)))])
    assert result.exit_code == 0, result.output
    written = [json.loads(text) for text in out.read_text(encoding="utf-8").splitlines()]
    assert len(written) == 12
    assert {(w["part"], w["setting"]) for w in written} == {("train", "ed")}
    body = json.loads(reports[0].read_text())
    assert (body["kind"], body["cases"], body["reading"]["clean"]) == ("synthetic-validity", 12, 12)
    assert sum(body["distributions"]["priority"].values()) == 12
    assert sum(body["floor"].values()) == 12
    assert "| Critical |" in reports[1].read_text()
    assert reports[2].read_bytes().startswith(b"\x89PNG")


def test_data_synth_refuses_a_report_of_another_kind_before_it_writes(tmp_path):
    out = tmp_path / "cases.jsonl"
    result = CliRunner().invoke(synth, [str(out), "--report", str(tmp_path / "report.pptx")])
    assert result.exit_code == 2
    assert "a report ends in" in result.output
    assert not out.exists()


def test_data_synth_says_in_one_line_that_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(synth, [str(tmp_path / "file" / "cases.jsonl"), "--count", "1"])
    assert result.exit_code == 1
    assert "could not be written" in result.output
    assert "Traceback" not in result.output

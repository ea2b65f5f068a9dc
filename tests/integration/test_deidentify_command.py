"""`cds-service deidentify` as a newcomer meets it, on the real gate."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_service.commands.deidentify import batch, deidentify
from cds_service.deidentification import WHAT_TO_DO

TEXT = "Zyxwell, Hope was seen on 5/23/2016. I hope it ends. Call (907) 278-1234."
PATIENT = {
    "resourceType": "Patient",
    "id": "canary-77",
    "gender": "female",
    "birthDate": "1990-03-04",
    "name": [{"family": "Zyxwell", "given": ["Hope"]}],
}
COUGH = {
    "resourceType": "Condition",
    "id": "c1",
    "subject": {"reference": "Patient/canary-77"},
    "code": {"text": "Cough of Hope Zyxwell"},
}
CANARIES = ("zyxwell", "5/23", "278-1234", "canary-77")


@pytest.fixture
def files(tmp_path):
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in (PATIENT, COUGH)]}
    (tmp_path / "bundle.json").write_text(json.dumps(bundle))
    (tmp_path / "note.txt").write_text(TEXT)
    return tmp_path


def run(*arguments, **more):
    return CliRunner().invoke(deidentify, [str(a) for a in arguments], env={"COLUMNS": "80", "NO_COLOR": "1"}, **more)


def test_chart_and_text_are_shown_without_a_true_word(files):
    done = run("--bundle", files / "bundle.json", "--text", files / "note.txt")
    assert done.exit_code == 0, done.output
    assert "Cough of [PATIENT_1]" in done.stdout
    assert "[PATIENT_1] was seen on [DATE_1]. I hope it ends." in done.stdout
    assert "female, age 3" in done.stdout
    assert "Policy version" in done.stdout
    assert not [c for c in CANARIES if c in done.output.lower()]
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_diff_marks_changes_with_signs_and_without_colour(files):
    done = run("--text", files / "note.txt", "--bundle", files / "bundle.json", "--diff")
    plain = " ".join(done.stdout.replace("│", " ").split())
    assert "{Zyxwell, Hope => [PATIENT_1]} was seen on {5/23/2016 => [DATE_1]}. I hope" in plain
    assert "\x1b[" not in done.stdout


def test_text_comes_from_standard_input_and_goes_out_as_json():
    done = run("--text", "-", "--json", input=TEXT)
    shown = json.loads(done.stdout)
    assert shown["text"].startswith("[P")
    assert [shown["removed"][k] for k in ("name", "date", "phone")] == [1, 1, 1]
    assert TEXT[slice(*shown["spans"][1][:2])] == "5/23/2016"


def test_surrogates_stand_for_the_same_people_in_chart_and_text(files):
    done = run("--bundle", files / "bundle.json", "--text", files / "note.txt", "--json", "--replace", "surrogates")
    shown = json.loads(done.stdout)
    family, given = shown["text"].split(" was seen")[0].split(", ")
    assert shown["chart"]["facts"][0]["name"] == f"Cough of {given} {family}"
    assert not [c for c in CANARIES if c in done.output.lower()]


def test_the_gate_says_why_it_withholds_and_what_to_do(files):
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    (files / "bundle.json").write_text(json.dumps(PATIENT | {"meta": {"security": [label]}}))
    done = run("--bundle", files / "bundle.json")
    assert done.exit_code == 1
    assert "withheld: policy" in done.stderr
    assert "label" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"Zyxwell no json", "The bundle is not JSON."),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"resourceType": "Bundle"}', "no usable R4 Patient"),
        (b'["Zyxwell"]', "withheld: bad-bundle"),
    ],
)
def test_a_bad_bundle_costs_one_clear_line(files, content, told):
    (files / "bundle.json").write_bytes(content)
    done = run("--bundle", files / "bundle.json")
    assert done.exit_code == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert "Zyxwell" not in done.output


def test_nothing_given_is_a_usage_error():
    assert run().exit_code == 2
    assert run("--text", "-", "--diff", "--json", input="a").exit_code == 2


LINES = [
    json.dumps({"text": TEXT, "bundle": {"resourceType": "Bundle", "entry": [{"resource": PATIENT}]}}),
    "",
    "no json",
    json.dumps({"text": "A cough.", "id": 7}),
    json.dumps({"note": "Zyxwell"}),
    "   ",
    json.dumps({"text": "Is 5/23/2016 a date?"}),
]


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])  # a process loads for seconds
def test_a_batch_stays_in_step_and_a_bad_line_costs_only_itself(tmp_path, workers):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(LINES))
    done = run("batch", source, target, "--workers", workers)
    assert done.exit_code == 0, done.output
    out = target.read_text().split("\n")
    assert len(out) == len(LINES) + 1
    assert out[-1] == ""
    assert json.loads(out[0])["text"] == "[PATIENT_1] was seen on [DATE_1]. I hope it ends. Call [PHONE_1]."
    assert (out[1], out[5]) == ("", "")
    assert [json.loads(out[n]) for n in (2, 4)] == [{"error": "bad-json"}, {"error": "bad-text"}]
    assert json.loads(out[3]) == {"text": "A cough.", "spans": []}
    assert json.loads(out[6]) == {"text": "Is [DATE_1] a date?", "spans": [[3, 12, "DATE"]]}
    assert "7 lines, 2 blank, 2 withheld" in done.stdout
    assert "1 bad-json" in done.stdout
    assert "characters/s" in done.stdout
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_batch_of_which_nothing_passes_exits_with_1_and_still_says_why_line_by_line(tmp_path):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('no json\n\n{"text": 3}\n')
    done = run("batch", source, target)
    assert done.exit_code == 1
    assert "2 withheld" in done.output
    assert target.read_text() == '{"error": "bad-json"}\n\n{"error": "bad-text"}\n'


def test_a_batch_of_blank_lines_is_no_fault(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text("\n\n")
    assert run("batch", source, tmp_path / "out.jsonl").exit_code == 0


def test_a_batch_does_not_overwrite_its_input(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text(LINES[0])
    done = run("batch", source, source)
    assert done.exit_code == 1
    assert "another file" in done.stderr
    assert source.read_text() == LINES[0]


def test_an_output_that_cannot_be_written_leaves_nothing(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text(LINES[0])
    done = run("batch", source, tmp_path / "no" / "out.jsonl")
    assert done.exit_code == 1
    assert "cannot be read or written" in done.stderr


PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "deidentify.md").read_text(encoding="utf-8")


def test_the_page_names_options_and_reasons_that_exist():
    options = {o for command in (deidentify, batch) for p in command.params for o in p.opts}
    assert set(re.findall(r"(?<![\w-])--[a-z]+", PAGE)) <= options
    table = PAGE.split("| word | meaning |")[1].split("\n\n")[0]
    assert set(re.findall(r"`([a-z-]+)`", table.replace("`--timeout`", ""))) == WHAT_TO_DO.keys()


def test_the_files_of_the_page_do_what_it_says(tmp_path):
    bundle, note = re.search(r"<<'JSON'\n(.*?)\nJSON\necho '(.*?)' >", PAGE, re.DOTALL).groups()
    (tmp_path / "bundle.json").write_text(bundle)
    (tmp_path / "note.txt").write_text(note)
    done = run("--bundle", tmp_path / "bundle.json", "--text", tmp_path / "note.txt")
    assert done.exit_code == 0
    assert "[PATIENT_1] called on" in done.stdout
    assert not re.search("rosal|fictiva|0142|11/23", done.stdout, re.IGNORECASE)

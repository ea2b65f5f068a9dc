"""`cds-service data build` on the real road: cases in, a training set that `train tune` reads out."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from cds_service.chart import hook_call
from cds_service.commands.data_build import build as command
from cds_service.inference.contract import Encoding, Offers, parse
from cds_service.inference.offers import offers_for
from cds_service.inference.prompt import build_prompt
from cds_service.inference.style import Style
from cds_service.settings import Setting
from cds_service.training.build.build import MANIFEST, Wanted, build
from cds_service.training.build.compose import SHARES
from cds_service.training.build.examples import Example
from cds_service.training.build.synthetic import authored
from cds_service.training.chat import ROLES
from cds_service.training.synth.parts import Part, part_of
from cds_service.training.synth.write import write_cases
from cds_service.training.tuning.data_files import read_data
from cds_service.training.tuning.errors import BadData

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NOTE = (
    '{"priority":"Medium","reason":"Cough should be assessed the same day.","concerns":["Cough"],"risks":[],'
    '"actions":[1],"questions":[],"assessment":"Possible causes of cough need assessment today.","passages":[]}'
)
COUNT = 12
NINE = tuple("123456789")
ANYTHING = Offers(risk_factors=NINE, actions=NINE, passages=NINE)


def quiet(*_):
    pass


@pytest.fixture(scope="module")
def stations(built):
    return built.pipeline._stations


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    path = tmp_path_factory.mktemp("cases") / "cases.jsonl"
    write_cases(path, count=COUNT, seed=5, setting=Setting.FAMILY_PRACTICE, part=None, show=quiet)
    return path


@pytest.fixture(scope="module")
def made(cases, stations, tmp_path_factory):
    out = tmp_path_factory.mktemp("set") / "set"
    wanted = Wanted(synthetic=(cases,), shares=SHARES, twin_share=1.0)
    return out, build(out, wanted, lambda: stations, made=NOW, show=quiet)


def lines(out):
    return [json.loads(line) for part in ("train", "validation", "test") for line in (out / f"{part}.jsonl").open()]


def test_training_reads_what_was_built(made):
    out, manifest = made
    data = read_data(out)
    assert len(data.train) == manifest["files"]["train.jsonl"]["examples"] > 0
    assert sum(manifest["cases"].values()) == COUNT


def test_a_prompt_is_what_serving_would_send_and_a_completion_keeps_the_contract(made, cases, stations):
    prompts = {}
    for case in (authored("", json.loads(text)) for text in cases.open()):
        task = stations.under(case.setting).walk(hook_call(case.request), case.at).task({})
        offers = offers_for(task.case, task.findings, task.passages, setting=case.setting, style=Style.COMPACT)
        prompts[case.id] = build_prompt(task.case, task.findings, task.passages, offers, style=Style.COMPACT).text
    assert {line["id"] for line in lines(made[0]) if not line["twin"]} <= set(prompts)
    for line in lines(made[0]):
        system, user, assistant = (m["content"] for m in line["messages"])
        assert [m["role"] for m in line["messages"]] == list(ROLES)
        assert prompts.get(line["id"], system + user) == system + user
        parse(assistant, ANYTHING, Encoding.JSON)


def test_no_name_of_a_case_reaches_the_set(cases, made):
    names = set()
    for line in cases.open():
        for name in json.loads(line)["request"]["prefetch"]["patient"]["name"]:
            names |= {name["family"], *name["given"]}
    text = "".join(path.read_text() for path in made[0].iterdir())
    assert not [name for name in names if f" {name} " in text]


def test_twins_have_the_completion_of_their_original(made):
    by_id = {line["id"]: line for line in lines(made[0])}
    twins = [line for line in by_id.values() if line["twin"]]
    assert twins
    for twin in twins:
        original = by_id[twin["twin"]["of"]]
        assert twin["messages"][2] == original["messages"][2]
        assert twin["messages"][1] != original["messages"][1]


@pytest.mark.parametrize("told_by", ROLES)
def test_a_clinic_record_with_an_identifier_refuses_everything(stations, tmp_path, told_by):
    texts = {"system": "Note.\n", "user": "cough", "assistant": "{}"} | {told_by: "Call 555-010-4477 or MRN 00482913"}
    messages = [{"role": role, "content": text} for role, text in texts.items()]
    clinic = tmp_path / "clinic.jsonl"
    clinic.write_text(json.dumps({"id": "Quentin-7", "patient": "subj-1", "messages": messages}))
    with pytest.raises(BadData, match=r"clinic.jsonl, line 1: ") as refused:
        build(
            tmp_path / "set",
            Wanted(synthetic=(), clinic=(clinic,), shares=SHARES),
            lambda: stations,
            made=NOW,
            show=quiet,
        )
    assert not any(word in str(refused.value) for word in ("4477", "00482913", "Quentin"))
    assert not (tmp_path / "set" / MANIFEST).exists()


def changed(cases, **values):
    return json.dumps({**json.loads(cases.open().readline()), **values})


NO_CASES = {
    "id": {"id": 7},
    "time without zone": {"at": "2026-01-05T10:00:00"},
    "part": {"part": "Zzyxw"},
    "gold": {"gold": {"priority": "Zzyxw", "concern": "", "questions": []}},
    "question": {"gold": {"priority": "High", "concern": "", "questions": [7]}},
    "request": {"request": []},
}


def test_a_line_that_is_no_case_is_left_out_by_its_place_and_in_fixed_words(cases, stations, tmp_path):
    mixed = tmp_path / "mixed.jsonl"
    bad = ["{}", *(changed(cases, **values) for values in NO_CASES.values())]
    mixed.write_bytes("\n".join([*bad, *cases.open()]).encode())
    manifest = build(
        tmp_path / "set",
        Wanted(synthetic=(mixed,), shares=SHARES, twin_share=0),
        lambda: stations,
        made=NOW,
        show=quiet,
    )
    said = "is no synthetic case of `cds-service data synth`"
    assert manifest["left_out"][: len(bad)] == [f"mixed.jsonl, line {n}: {said}" for n in range(1, len(bad) + 1)]
    assert manifest["cases"]["taught"] > 0


def test_a_request_that_the_hook_would_refuse_makes_no_task(cases, stations, tmp_path):
    file = tmp_path / "cases.jsonl"
    file.write_text(changed(cases, id="hurt", request={"hook": "patient-view"}) + "\n" + cases.read_text())
    wanted = Wanted(synthetic=(file,), shares=SHARES, twin_share=0)
    manifest = build(tmp_path / "set", wanted, lambda: stations, made=NOW, show=quiet)
    assert manifest["cases"]["the chart makes no task"] == 1


def questions(path, *texts):
    path.write_text("".join(json.dumps({"question": text, "answer": "Rest"}) + "\n" for text in texts))
    return path


def from_questions(out, *paths, **more):
    wanted = Wanted(synthetic=(), public=paths, shares=SHARES, **more)
    return build(out, wanted, pytest.fail, made=NOW, show=quiet)


def test_what_is_given_twice_is_taught_once_and_training_reads_the_set(tmp_path):
    path = questions(tmp_path / "q.jsonl", *(f"Question {n}?" for n in range(9)), "Question 3?")
    manifest = from_questions(tmp_path / "set", path, path)
    assert manifest["left_out"][0] == "q.jsonl, line 10: its id came before"
    assert len(manifest["left_out"]) == 11
    assert sum(file["examples"] for file in manifest["files"].values()) == 9
    assert read_data(tmp_path / "set").train


def test_a_prompt_of_two_parts_costs_the_second_and_not_the_set(tmp_path):
    messages = [{"role": "user", "content": "Complaint: cough\n"}, {"role": "assistant", "content": NOTE}]
    patients = [f"subj-{n}" for n in range(40)]
    clinic = tmp_path / "clinic.jsonl"
    records = [{"id": p, "patient": p, "messages": messages} for p in patients]
    clinic.write_text(
        "\n".join(map(json.dumps, sorted(records, key=lambda r: part_of(r["patient"]) is not Part.TRAIN)))
    )
    wanted = Wanted(synthetic=(), clinic=(clinic,), shares=SHARES)
    manifest = build(tmp_path / "set", wanted, pytest.fail, made=NOW, show=quiet)
    train = sum(part_of(p) is Part.TRAIN for p in patients)
    assert manifest["files"]["train.jsonl"]["examples"] == train
    assert len(manifest["left_out"]) == 40 - train > 0
    assert "another part" in manifest["left_out"][0]


def test_a_clinic_record_that_serving_would_withhold_is_left_out_with_the_reason(tmp_path):
    patients = [f"subj-{n}" for n in range(40) if part_of(f"subj-{n}") is Part.TRAIN]
    notes = [NOTE, NOTE.replace("Possible causes", "Certain causes"), *[NOTE] * (len(patients) - 2)]
    clinic = tmp_path / "clinic.jsonl"
    with clinic.open("w") as file:
        for patient, note in zip(patients, notes, strict=True):
            messages = [{"role": "user", "content": f"Cough, {patient}\n"}, {"role": "assistant", "content": note}]
            file.write(json.dumps({"patient": patient, "messages": messages}) + "\n")
    wanted = Wanted(synthetic=(), clinic=(clinic,), shares=SHARES)
    manifest = build(tmp_path / "set", wanted, pytest.fail, made=NOW, show=quiet)
    assert manifest["left_out"] == ["clinic.jsonl, line 2: the assessment has no hedging word"]


def test_what_the_mix_sets_aside_is_told_in_manifest_and_card(tmp_path):
    path = questions(tmp_path / "q.jsonl", *(f"Question {n}?" for n in range(30)))
    manifest = from_questions(tmp_path / "set", path, most=2)
    taken = sum(file["examples"] for file in manifest["files"].values())
    assert manifest["set_aside"] == {"public": 30 - taken}
    assert f"public {30 - taken}." in (tmp_path / "set" / "card.md").read_text()


def test_an_interrupted_build_leaves_no_manifest_and_no_half_file(tmp_path, monkeypatch):
    path = questions(tmp_path / "q.jsonl", "One?", "Two?", "Three?")
    from_questions(tmp_path / "set", path)

    def interrupted(_example):
        raise KeyboardInterrupt

    monkeypatch.setattr(Example, "line", interrupted)
    with pytest.raises(KeyboardInterrupt):
        from_questions(tmp_path / "set", path)
    assert sorted(p.name for p in (tmp_path / "set").iterdir()) == [
        "card.md", "test.jsonl", "train.jsonl", "validation.jsonl",
    ]  # fmt: skip
    with pytest.raises(BadData, match="no readable manifest"):
        read_data(tmp_path / "set")


def run(*arguments):
    return CliRunner().invoke(command, [str(a) for a in arguments])


def test_the_command_tells_what_it_wrote(tmp_path):
    path = questions(tmp_path / "q.jsonl", *(f"Question {n}?" for n in range(9)), " ")
    told = run(tmp_path / "set", "--public", path)
    assert told.exit_code == 0, told.output
    assert "train.jsonl" in told.output
    assert "1 lines or examples were left out" in told.output


@pytest.mark.parametrize("shares", ["70,20", "a,b,c", "nan,1,1", "inf,1,1", "-1,1,1", "0,0,0"])
def test_shares_that_are_none_are_a_mistake_in_the_command(tmp_path, shares):
    told = run(tmp_path / "set", "--public", questions(tmp_path / "q.jsonl", "Q?"), "--shares", shares)
    assert (told.exit_code, "three percentages" in told.output) == (2, True)
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("content", ["", "\n\n", "nonsense\n"])
def test_files_without_an_example_are_one_clear_line(tmp_path, content):
    (tmp_path / "q.jsonl").write_text(content)
    told = run(tmp_path / "set", "--public", tmp_path / "q.jsonl")
    assert told.exit_code == 1
    assert "Error: no example is left to train on" in told.output
    assert ("q.jsonl, line 1: is no JSON" in told.output) is content.startswith("nonsense")


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    told = run(tmp_path / "file" / "set", "--public", questions(tmp_path / "q.jsonl", "Q?"))
    assert told.exit_code == 1
    assert "Error: A file could not be written" in told.output

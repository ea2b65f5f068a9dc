"""`cds-service data build` on the real road: cases in, a training set that `train tune` reads out."""

import json
from datetime import UTC, datetime

import pytest

from cds_service.inference.contract import Encoding, Offers, parse
from cds_service.settings import Setting
from cds_service.training.build.build import MANIFEST, Wanted, build
from cds_service.training.build.compose import SHARES
from cds_service.training.build.examples import ROLES
from cds_service.training.synth.write import write_cases
from cds_service.training.tuning.data_files import read_data
from cds_service.training.tuning.errors import BadData

NOW = datetime(2026, 3, 1, tzinfo=UTC)
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


def test_a_prompt_is_what_serving_would_send_and_a_completion_keeps_the_contract(made):
    for line in lines(made[0]):
        system, user, assistant = (m["content"] for m in line["messages"])
        assert [m["role"] for m in line["messages"]] == list(ROLES)
        assert "### Note\n" in (system + user)[-10:]
        numbered = {name: user.count("] ") for name in ("risks",)}
        assert numbered
        offers = Offers(
            risk_factors=tuple(map(str, range(9))),
            actions=tuple(map(str, range(9))),
            passages=tuple(map(str, range(9))),
        )
        parse(assistant, offers, Encoding.JSON)


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


def test_a_clinic_record_with_an_identifier_refuses_everything(stations, tmp_path):
    texts = {"user": "Call 555-010-4477 or MRN 00482913", "assistant": "{}"}
    messages = [{"role": role, "content": text} for role, text in texts.items()]
    record = {"id": "r-7", "patient": "subj-1", "messages": messages}
    clinic = tmp_path / "clinic.jsonl"
    clinic.write_text(json.dumps(record))
    with pytest.raises(BadData, match="record r-7") as refused:
        build(
            tmp_path / "set",
            Wanted(synthetic=(), clinic=(clinic,), shares=SHARES),
            lambda: stations,
            made=NOW,
            show=quiet,
        )
    assert "4477" not in str(refused.value)
    assert "00482913" not in str(refused.value)
    assert not (tmp_path / "set" / MANIFEST).exists()


def test_a_line_that_is_no_case_is_left_out_by_its_place(cases, stations, tmp_path):
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_text("{}\n" + cases.read_text())
    manifest = build(
        tmp_path / "set",
        Wanted(synthetic=(mixed,), shares=SHARES, twin_share=0),
        lambda: stations,
        made=NOW,
        show=quiet,
    )
    assert manifest["left_out"][0] == "mixed.jsonl, line 1: is no synthetic case of `cds-service data synth`"

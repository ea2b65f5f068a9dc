"""Training data are checked before a step is done, and what is wrong is told without what stands there."""

import json

import pytest

from cds_service.export import identifiers as leaks
from cds_service.export.identifiers import identifiers
from cds_service.training.tuning.batches import Order
from cds_service.training.tuning.data_files import read_data
from cds_service.training.tuning.errors import BadData
from cds_service.training.tuning.examples import Example, tokenize, windows
from cds_service.training.tuning.phi import refuse_identifiers
from tests.support.tiny_models import causal_tokenizer, seq2seq_tokenizer
from tests.unit.training.tuning.material import line, lines, write_data


def test_sound_data_are_read_with_their_hashes(tmp_path):
    data = read_data(write_data(tmp_path, lines(4)))
    assert [found.twin_of for found in data.train] == [None, None, "case-1", None, None, "case-3"]
    assert data.train[0].prompt.endswith("### Note\n")
    assert set(data.files) == {"train.jsonl", "validation.jsonl"}


def changed(**values):
    return {**line(1), **values}


SECRET = "Zzyxw"
BAD = {
    "not JSON": '{"id": "' + SECRET,
    "must be one JSON object": json.dumps([SECRET]),
    "holds half of a character": json.dumps({**line(1), "id": SECRET + "\ud800"}),
    "'id' must be words": json.dumps(changed(id=7)),
    "'source' must be one of": json.dumps(changed(source=SECRET)),
    "'messages' must be system (or none), user and assistant": json.dumps(
        changed(messages=[{"role": "user", "content": SECRET}])
    ),
    "each message must have words": json.dumps(
        changed(messages=[{"role": role, "content": 7} for role in ("system", "user", "assistant")])
    ),
    "'twin' must be null or name": json.dumps(changed(twin=SECRET)),
    "its twin's original is not in the same file": json.dumps(changed(twin={"of": SECRET, "attribute": "age"})),
    "must have the same assistant text as its original at line 1": json.dumps(
        {**line(1), "id": SECRET, "twin": {"of": "case-0", "attribute": "sex"}}
    ),
    "the id stands at line 1 too": json.dumps(line(0)),
}


@pytest.mark.parametrize("wrong", list(BAD))
def test_a_bad_line_is_told_by_file_line_and_fault_alone(tmp_path, wrong):
    with pytest.raises(BadData) as told:
        read_data(write_data(tmp_path, json.dumps(line(0)) + "\n" + BAD[wrong] + "\n"))
    assert f"train.jsonl, line 2: {wrong}" in str(told.value)
    assert SECRET not in str(told.value)


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5_000], ids=["too deep", "too long a number"])
def test_json_that_python_will_not_read_is_a_bad_line(tmp_path, text):
    with pytest.raises(BadData, match=r"train.jsonl, line 1: not JSON"):
        read_data(write_data(tmp_path, text + "\n"))


def test_a_byte_order_mark_is_named(tmp_path):
    with pytest.raises(BadData, match=r"train.jsonl, line 1: not JSON: the file begins with a byte order mark"):
        read_data(write_data(tmp_path, "\ufeff" + json.dumps(line(0)) + "\n"))


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path):
    write_data(tmp_path, lines(2))
    (tmp_path / "train.jsonl").unlink()
    (tmp_path / "train.jsonl").mkdir()
    with pytest.raises(BadData, match=r"train.jsonl: missing, or not a file"):
        read_data(tmp_path)


def test_every_bad_line_is_told_and_a_flood_is_counted(tmp_path):
    with pytest.raises(BadData) as told:
        read_data(write_data(tmp_path, "nonsense\n" * 30))
    assert str(told.value).count("not JSON") == 20
    assert "and 10 more" in str(told.value)


def test_a_file_that_changed_after_its_manifest_is_refused(tmp_path):
    write_data(tmp_path, lines(2))
    with (tmp_path / "train.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(BadData, match=r"train.jsonl: changed since manifest.json was written"):
        read_data(tmp_path)


@pytest.mark.parametrize(
    "spoil",
    [lambda f: (f / "manifest.json").unlink(), lambda f: (f / "validation.jsonl").unlink(),
     lambda f: (f / "manifest.json").write_text("[]"), lambda f: (f / "manifest.json").write_text('{"files": {}}')],
)  # fmt: skip
def test_data_that_are_not_whole_are_refused(tmp_path, spoil):
    spoil(write_data(tmp_path, lines(2)))
    with pytest.raises(BadData):
        read_data(tmp_path)


LEAKS = {
    "phone": "Call the daughter at (415) 555-0132.",
    "social security number": "SSN 219-09-9999 on file.",
    "email": "Write to q.testperson@example.org today.",
    "date": "Seen on 03/14/2021 for a cough.",
    "name": "Discussed with Dr. Quentin Testperson.",
}


@pytest.mark.parametrize("kind", list(LEAKS))
def test_an_identifier_refuses_the_file_and_tells_where_and_what_kind(kind):
    places = [("train.jsonl, line 1", ("cough for 3 days",)), ("train.jsonl, line 2", ("cough", LEAKS[kind]))]
    with pytest.raises(BadData) as told:
        refuse_identifiers(places, 2, lambda _share: None)
    assert f"train.jsonl, line 2: {kind}" in str(told.value)
    assert "line 1" not in str(told.value)
    assert not any(word in str(told.value) for word in ("415", "219", "testperson", "Testperson", "2021"))


def test_a_text_that_is_too_long_to_be_checked_is_refused(monkeypatch):
    text, in_time = "a cough that no other test asks about", leaks._TEXT_S
    monkeypatch.setattr(leaks, "_TEXT_S", 0.0)
    with pytest.raises(BadData, match="line 1: too long to be checked"):
        refuse_identifiers([("train.jsonl, line 1", (text,))], 1, lambda _share: None)
    monkeypatch.setattr(leaks, "_TEXT_S", in_time)
    assert identifiers(text) == ()


def test_a_text_without_end_is_refused_at_once_and_not_called_an_identifier(monkeypatch):
    monkeypatch.setattr(leaks, "_kinds", lambda _text: pytest.fail("looked through"))
    with pytest.raises(BadData) as told:
        refuse_identifiers([("train.jsonl, line 1", ("a" * 3_000_000,))], 1, lambda _share: None)
    assert str(told.value).startswith("these texts could not be looked through for identifiers")
    assert "break them into shorter ones" in str(told.value)


def test_prompts_and_placeholders_hold_no_identifiers():
    texts = [message["content"] for item in lines(4) for message in item["messages"]]
    texts.append("[PATIENT_1] was seen on [DATE_1], 90+ years, blood pressure 120/80 mmHg. Call 911.")
    assert [identifiers(text) for text in texts] == [() for _ in texts]


def test_long_examples_are_left_out_whole_with_their_twins_and_counted():
    tokenizer, read = causal_tokenizer(), [_read(item) for item in lines(4)]
    whole = tokenize(read, tokenizer, max_tokens=10_000)
    longest = max(example.tokens for example in whole.examples)
    fewer = tokenize(read, tokenizer, max_tokens=longest - 1)
    assert whole.left_out == 0
    assert fewer.left_out == len(whole.examples) - len(fewer.examples) > 0
    assert set(fewer.examples) <= set(whole.examples)
    firsts = {example.unit: example for example in reversed(whole.examples)}
    assert {example.unit for example in fewer.examples} <= {u for u, e in firsts.items() if e.tokens < longest}


def _read(item):
    from cds_service.training.tuning.data_files import _line

    return _line(1, item)


def test_the_model_reads_prompt_then_completion_then_the_end():
    tokenizer = causal_tokenizer()
    example = tokenize([_read(line(0))], tokenizer, max_tokens=10_000).examples[0]
    system, user, assistant = (message["content"] for message in line(0)["messages"])
    assert tokenizer.decode(example.prompt) == system + user
    assert tokenizer.decode(example.completion) == assistant + tokenizer.eos_token


@pytest.mark.parametrize("causal", [True, False])
def test_texts_are_read_whole_in_windows(causal):
    tokenizer = causal_tokenizer() if causal else seq2seq_tokenizer()
    text = "Fever with a stiff neck needs urgent assessment. " * 20
    found = windows([text], tokenizer, max_tokens=40, causal=causal)
    ids = [i for w in found for i in (*w.prompt, *w.completion) if i != tokenizer.eos_token_id]
    assert ids == tokenizer(text, add_special_tokens=False)["input_ids"]
    assert max(w.tokens for w in found) <= 40
    assert found[-1].completion[-1] == tokenizer.eos_token_id


def _examples(sizes, units=None):
    units = units or range(len(sizes))
    return [Example(prompt=(3,) * size, completion=(4,), unit=unit) for size, unit in zip(sizes, units, strict=True)]


def test_each_epoch_sees_every_example_once_in_an_order_fixed_by_the_seed():
    examples = _examples([n % 7 for n in range(50)])
    first = list(Order(examples, batch=4, epochs=2, seed=1))
    assert sorted(i for batch in first for i in batch) == sorted([*range(50), *range(50)])
    assert first == list(Order(examples, batch=4, epochs=2, seed=1))
    assert first != list(Order(examples, batch=4, epochs=2, seed=2))
    assert list(Order(examples, batch=4, epochs=2, seed=1, most=3)) == first[:3]


def test_a_batch_holds_examples_of_like_length():
    examples = _examples([n % 10 for n in range(60)])
    spread = [
        max(s) - min(s) for s in ([examples[i].tokens for i in b] for b in Order(examples, batch=6, epochs=1, seed=1))
    ]
    assert max(spread) == 0


def test_twins_share_a_batch_with_their_original():
    examples = _examples([1] * 30, [n // 2 for n in range(30)])
    for batch in Order(examples, batch=5, epochs=1, seed=3):
        assert len(batch) <= 5
        assert sorted(i // 2 for i in batch) == sorted([u for u in {i // 2 for i in batch} for _ in range(2)])
    with pytest.raises(BadData, match="raise 'batch'"):
        Order(examples, batch=1, epochs=1, seed=3)

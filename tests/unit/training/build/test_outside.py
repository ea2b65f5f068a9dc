"""Clinic records and public question sets: what is read, and what a bad line costs."""

import json

import pytest

from cds_service.training.build.outside import clinic_examples, public_examples
from cds_service.training.synth.parts import part_of


def write(path, *lines):
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


def read(make, tmp_path, *lines):
    return read_files(make, write(tmp_path / "file.jsonl", *lines))


def read_files(make, *paths):
    problems = []
    return list(make(paths, lambda place, reason: problems.append((place, reason)))), problems


NOTE = (
    '{"priority":"Medium","reason":"Cough should be assessed the same day.","concerns":["Cough"],"risks":[],'
    '"actions":[1],"questions":[],"assessment":"Possible causes of cough need assessment today.","passages":[]}'
)


def chat(user="Complaint: cough", assistant=NOTE, **more):
    messages = [{"role": "system", "content": "Note.\n"}, {"role": "user", "content": user},
                {"role": "assistant", "content": assistant}]  # fmt: skip
    return {"messages": messages, "patient": "subj-1"} | more


def test_a_clinic_record_is_read_in_chat_format(tmp_path):
    (found,), problems = read(clinic_examples, tmp_path, chat())
    assert (found.system, found.user, found.assistant) == ("Note.\n", "Complaint: cough", NOTE)
    assert (found.source, found.part, problems) == ("clinic", part_of("subj-1"), [])


def test_all_records_of_a_patient_are_in_one_part(tmp_path):
    families = [f"family-{n}" for n in range(40)]
    found, problems = read(clinic_examples, tmp_path, *(chat(user=f"case {f}", family=f) for f in families))
    assert len({e.part for e in found}) == 1
    assert {reason for _, reason in problems} == {"its patient and its family are in different parts"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "is no JSON"),
        ("[]", "is no JSON object"),
        ("[" * 100_000, "is no JSON"),
        (chat(user="\ud800"), "is no JSON"),
        ({"patient": "p"}, "'messages' must be"),
        ({"patient": "p", "messages": ["user"]}, "'messages' must be"),
        (chat() | {"patient": ""}, "has no 'patient' in words"),
        (chat() | {"patient": 7}, "has no 'patient' in words"),
        ({"messages": chat()["messages"]}, "has no 'patient' in words"),
        ({"messages": chat()["messages"][:2], "patient": "p"}, "'messages' must be"),
        (chat(assistant=""), "each message must have words as 'content'"),
    ],
)
def test_a_bad_line_costs_only_itself_and_is_named_by_its_place(tmp_path, line, reason):
    found, problems = read(clinic_examples, tmp_path, line, chat())
    assert len(found) == 1
    ((place, said),) = problems
    assert place == "file.jsonl, line 1"
    assert reason in said


def test_a_patient_is_in_one_part_whatever_the_file(tmp_path):
    names = [f"family-{n}" for n in range(40)]
    one, other = names[0], next(n for n in names if part_of(n) is not part_of(names[0]))
    paths = [write(tmp_path / f"{name}.jsonl", chat(user=name, family=name)) for name in (one, other)]
    found, ((place, _),) = read_files(clinic_examples, *paths)
    assert [e.family for e in found] == [one]
    assert place == f"{other}.jsonl, line 1"


def test_a_family_that_is_null_is_none(tmp_path):
    found, problems = read(clinic_examples, tmp_path, chat(family="chest"), chat(user="again", family=None))
    assert ([e.family for e in found], problems) == (["chest", "subj-1"], [])


def test_marks_of_the_byte_order_and_line_ends_of_windows_are_read(tmp_path):
    path = tmp_path / "windows.jsonl"
    lines = [json.dumps(chat(user="caf\u00e9\u2028 cough"), ensure_ascii=False), "", json.dumps(chat(user="fever"))]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    found, problems = read_files(clinic_examples, path)
    assert ([e.user for e in found], problems) == (["caf\u00e9\u2028 cough", "fever"], [])
    assert found[1].place == "windows.jsonl, line 3"


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ({"question": "Q?", "options": {"A": "one", "B": "two"}, "answer": "B"}, "two"),
        ({"question": "Q?", "options": {"A": "one", "B": "two"}, "answer": "two", "answer_idx": "B"}, "two"),
        ({"question": "Q?", "options": ["one", "two"], "answer": 1}, "two"),
        ({"question": "Q?", "options": ["one", "two"], "answer": "two"}, "two"),
        ({"question": "Q?", "answer": "free words"}, "free words"),
    ],
)
def test_questions_of_the_common_forms_are_read(tmp_path, value, answer):
    (found,), problems = read(public_examples, tmp_path, value)
    assert (found.assistant, problems) == (answer, [])
    assert found.user.startswith("Q?")


@pytest.mark.parametrize(
    "value",
    [
        {"options": {"A": "one"}},
        {"options": {"A": "one"}, "answer": "B"},
        {"options": {"A": "one"}, "answer": ["A"]},
        {"options": ["one", "two"], "answer": "B"},
        {"options": ["one", "two"], "answer": 2},
        {"options": ["one", "two"], "answer": True},
        {"answer": 4},
    ],
)
def test_a_question_without_an_answer_in_words_is_left_out(tmp_path, value):
    found, ((_, reason),) = read(public_examples, tmp_path, {"question": "Q?", **value})
    assert found == []
    assert "has no 'answer'" in reason


def test_white_space_around_a_question_makes_no_other_question(tmp_path):
    (one, other), _ = read(public_examples, tmp_path, *({"question": q, "answer": "a"} for q in ("Q?", " Q?\n")))
    assert (one.id, one.part, one.user) == (other.id, other.part, other.user)


def test_a_published_question_set_is_read_whole(shared_data):
    path = shared_data / "qa" / "medqa_usmle_4opt_dev200.jsonl"
    problems = []
    found = list(public_examples([path], lambda *problem: problems.append(problem)))
    assert problems == []
    assert len({e.id for e in found}) == sum(1 for line in path.open() if line.strip())

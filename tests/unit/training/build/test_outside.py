"""Clinic records and public question sets: what is read, and what a bad line costs."""

import json

import pytest

from cds_service.training.build.outside import clinic_examples, public_examples
from cds_service.training.synth.parts import part_of


def read(make, tmp_path, *lines):
    path = tmp_path / "file.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    problems = []
    return list(make(path, lambda place, reason: problems.append((place, reason)))), problems


def chat(user="Complaint: cough", assistant="{}", **more):
    messages = [{"role": "system", "content": "Note.\n"}, {"role": "user", "content": user},
                {"role": "assistant", "content": assistant}]  # fmt: skip
    return {"messages": messages, "patient": "subj-1"} | more


def test_a_clinic_record_is_read_in_chat_format(tmp_path):
    (found,), problems = read(clinic_examples, tmp_path, chat())
    assert (found.system, found.user, found.assistant) == ("Note.\n", "Complaint: cough", "{}")
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
        ({"patient": "p"}, "`messages` is no list of objects"),
        (chat() | {"patient": ""}, "has no `patient` in words"),
        ({"messages": chat()["messages"]}, "has no `patient`"),
        ({"messages": chat()["messages"][:2], "patient": "p"}, "`messages` must be"),
        (chat(assistant=""), "the `content` of a message is no text"),
    ],
)
def test_a_bad_line_costs_only_itself_and_is_named_by_its_place(tmp_path, line, reason):
    found, problems = read(clinic_examples, tmp_path, line, chat())
    assert len(found) == 1
    ((place, said),) = problems
    assert place == "file.jsonl, line 1"
    assert reason in said


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ({"question": "Q?", "options": {"A": "one", "B": "two"}, "answer": "B"}, "two"),
        ({"question": "Q?", "options": {"A": "one", "B": "two"}, "answer": "two", "answer_idx": "B"}, "two"),
        ({"question": "Q?", "options": ["one", "two"], "answer": 1}, "two"),
        ({"question": "Q?", "answer": "free words"}, "free words"),
    ],
)
def test_questions_of_the_common_forms_are_read(tmp_path, value, answer):
    (found,), problems = read(public_examples, tmp_path, value)
    assert (found.assistant, problems) == (answer, [])
    assert found.user.startswith("Q?")


def test_a_question_without_an_answer_is_left_out(tmp_path):
    found, ((_, reason),) = read(public_examples, tmp_path, {"question": "Q?", "options": {"A": "one"}})
    assert found == []
    assert "has no `answer`" in reason

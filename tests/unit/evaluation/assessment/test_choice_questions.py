"""Multiple-choice questions by likelihood, on a tiny real model."""

import json

import pytest
import torch

from cds_service.errors import BackendError
from cds_service.evaluation.assessment.questions import (
    ChoiceQuestion,
    UnreadableQuestions,
    answer,
    chosen,
    read_questions,
)
from cds_service.evaluation.plain_model import PlainModel
from tests.support.tiny_models import save_causal, save_seq2seq

OPTIONS = {"A": "rest", "B": "a much longer answer"}


def asked(right="A"):
    return {"question": "What helps?", "options": OPTIONS, "answer_idx": right}


def test_the_likeliest_option_by_character_is_chosen():
    question = ChoiceQuestion(text="What helps?", options=OPTIONS, right="B")
    assert chosen(question, lambda text, words: -2.0 if "rest" in words else -4.0) == "B"
    assert chosen(question, lambda text, words: -0.2 if "rest" in words else -4.0) == "A"


def test_the_share_that_is_right_is_counted():
    questions = [ChoiceQuestion(text="What helps?", options=OPTIONS, right=r) for r in "AAB"]
    made = answer(questions, lambda text, words: -len(words) if "rest" in words else -9.0 * len(words), lambda s: None)
    assert (made.k, made.n) == (2, 3)


def test_a_broken_question_costs_itself_and_a_file_without_any_is_refused(tmp_path):
    path = tmp_path / "qa.jsonl"
    path.write_text("\n".join(json.dumps(q) for q in (asked(), asked("E"), {"question": "x"}, asked("B"))))
    assert [q.right for q in read_questions(path)] == ["A", "B"]
    path.write_text("{}\n")
    with pytest.raises(UnreadableQuestions):
        read_questions(path)


@pytest.fixture(scope="module")
def causal(tmp_path_factory):
    return PlainModel(save_causal(tmp_path_factory.mktemp("causal")), four_bits=False)


def test_a_likelihood_is_the_models_own_probability_of_the_words(causal):
    context, words = "Answer:", " rest and water"
    ids = causal._tokenizer(context + words, return_tensors="pt")["input_ids"]
    start = causal._tokenizer(context, return_tensors="pt")["input_ids"].shape[1]
    with torch.inference_mode():
        chances = torch.log_softmax(causal._model(input_ids=ids).logits[0].float(), dim=-1)
    expected = sum(float(chances[i - 1, ids[0, i]]) for i in range(start, ids.shape[1]))
    assert causal.log_likelihood(context, words) == pytest.approx(expected, abs=1e-3)


def test_a_batch_is_written_as_its_prompts_one_by_one(causal):
    prompts = ["Patient: 71 years", "Complaint: a cough since Monday, no fever"]
    together = causal.generate(prompts, max_new_tokens=6)
    assert together.tokens <= 12
    assert len(together.texts) == 2
    assert together.texts[1] == causal.generate(prompts[1:], max_new_tokens=6).texts[0]


def test_a_seq2seq_model_has_likelihoods_too(tmp_path):
    model = PlainModel(save_seq2seq(tmp_path), four_bits=False)
    assert model.log_likelihood("Answer:", " rest") < 0


def test_a_folder_without_a_model_is_a_clear_error(tmp_path):
    with pytest.raises(BackendError, match="could not load"):
        PlainModel(tmp_path)

"""Multiple-choice questions of medicine, answered by the likelihood of each option: what tuning made a model forget.

It is no measure of triage or of safety: the service never asks such questions. A model is shown the question alone, and
its answer is the option whose words it finds most likely, by log-probability per character, so that short options have
no advantage. With four options chance is right in 25 %. A file holds a JSON object a line: ``question``, ``options``
(letter to text) and ``answer_idx`` (the letter of the right one).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cds_service.errors import CdsError
from cds_service.evaluation import files
from cds_service.evaluation.assessment.measures import Metric, share

Likelihood = Callable[[str, str], float]
"""Log-probability of a continuation (second) of a text (first)."""


class UnreadableQuestions(CdsError):
    """A file holds no question that can be asked."""


@dataclass(frozen=True, kw_only=True)
class ChoiceQuestion:
    """A question, its options by letter, and the letter of the right one."""

    text: str
    options: Mapping[str, str]
    right: str

    def __post_init__(self) -> None:
        if not self.text or self.right not in self.options or not all(self.options.values()):
            raise ValueError("a question needs a text, options with words and one that is right")


def read_questions(path: Path, most: int | None = None) -> Sequence[ChoiceQuestion]:
    """At most `most` questions, evenly spread; a broken line costs itself. Raises UnreadableQuestions without any."""
    found = []
    for entry in files.read(path):
        try:
            found.append(
                ChoiceQuestion(text=entry["question"], options=dict(entry["options"]), right=entry["answer_idx"])
            )
        except (KeyError, TypeError, ValueError):
            continue
    if not found:
        raise UnreadableQuestions(f"{path.name} holds no multiple-choice question")
    return files.spread(found, most)


def chosen(question: ChoiceQuestion, likelihood: Likelihood) -> str:
    """The letter of the option that the model finds most likely."""
    text = f"Question: {question.text.strip()}\nAnswer:"
    per_character = {
        letter: likelihood(text, f" {words}") / len(words) for letter, words in sorted(question.options.items())
    }
    return max(per_character, key=lambda letter: per_character[letter])


def answer(questions: Sequence[ChoiceQuestion], likelihood: Likelihood, show: Callable[[float], None]) -> Metric:
    """The share that is answered rightly."""
    right = []
    for number, question in enumerate(questions, start=1):
        right.append(chosen(question, likelihood) == question.right)
        show(number / len(questions))
    return share(right)

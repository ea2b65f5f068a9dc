"""The words of facts on their way to the scrubber and back: a question and its answer are read as one text.

Apart from its question an answer has no context: "Small" is a size, "Seen by: Small" is somebody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from anonymization.deidentified import DeidentifiedFact
from anonymization.facts import RawFact
from anonymization.labels import OLD_AGE
from anonymization.normalise import normalise

if TYPE_CHECKING:
    from anonymization.scrubber import ScrubbedText


def words(facts: Sequence[RawFact]) -> list[str]:
    """The texts of `facts` for the scrubber."""
    return [text for fact in facts for text in _texts(fact)]


def of_notes(facts: Sequence[RawFact]) -> list[bool]:
    """For each of the `words` of `facts`, whether it is of a note."""
    return [fact.kind == "note" for fact in facts for _ in _texts(fact)]


def finished(
    facts: Sequence[RawFact], scrubbed: Sequence[ScrubbedText], *, replaced: bool = False
) -> tuple[DeidentifiedFact, ...]:
    """The facts past the gate, with what the scrubber made of their `words`.

    That is placeholders, or with `replaced` what the caller put in their place.
    """
    left = iter(scrubbed)
    return tuple(_finished(fact, left, replaced=replaced) for fact in facts)


def _is_pair(fact: RawFact) -> bool:
    return fact.kind == "intake" and not fact.fixed_name and fact.text is not None


def _texts(fact: RawFact) -> Iterator[str]:
    if _is_pair(fact):
        yield f"{_asked(fact)}{fact.text}"
        return
    yield from (t for t in (None if fact.fixed_name else fact.name, fact.text) if t is not None)


def _asked(fact: RawFact) -> str:
    """The question, normalised so that its characters stay in their places, with what parts it from the answer."""
    name = " ".join(normalise(fact.name).text.split())
    return name + (" " if name.endswith(("?", ":", ".", "!")) else ": ")


def _finished(fact: RawFact, left: Iterator[ScrubbedText], *, replaced: bool) -> DeidentifiedFact:
    if _is_pair(fact):
        return _parted(fact, next(left), replaced=replaced)
    name = fact.name if fact.fixed_name else _out(next(left), replaced=replaced)
    return fact.finish(name, None if fact.text is None else _out(next(left), replaced=replaced))


def _parted(fact: RawFact, scrubbed: ScrubbedText, *, replaced: bool) -> DeidentifiedFact:
    """Question and answer apart again; both as the answer where an identifier reaches from one into the other."""
    out = _out(scrubbed, replaced=replaced)
    question = len(_asked(fact))
    before = [span for span in scrubbed.spans if span[0] < question]
    at, read = 0, 0
    for (start, end, _), word in zip(before, islice(scrubbed.words, len(before)), strict=True):
        at += start - read
        at += len(word) if replaced else _placeholder(out, at)
        read = end
    at += question - read
    name, text = out[:at].rstrip().removesuffix(":"), out[at:]
    if read > question or out[at - 1 : at] != " " or not name:
        return fact.finish("answer", out)
    return fact.finish(name, text)


def _placeholder(text: str, at: int) -> int:
    """The length of the placeholder at `at`."""
    return len(OLD_AGE) if text.startswith(OLD_AGE, at) else text.index("]", at) + 1 - at


def _out(scrubbed: ScrubbedText, *, replaced: bool) -> str:
    return scrubbed.replaced if replaced else scrubbed.text

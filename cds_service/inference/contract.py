"""The output contract: what a model may say, in two encodings, enforced while decoding and checked again on reading.

The language of one encoding is regular and finite. It is built once as a grammar (`grammar_for`) from which the GBNF
for llama.cpp, the regular expression for llguidance and the reader of `parse` are all rendered, so that what an
engine can write and what `parse` accepts are the same set of texts.

*json*: ``{"priority":"High","reason":"…","concerns":["…"],"risks":[1,3],"actions":[2],"questions":[],``
``"assessment":"…","passages":[1]}`` without white space. *tagged*: the same fields as ``priority: High | reason: …``
on one line, for tokenizers (T5) that can write neither braces nor line ends.

Risk factors, actions and passages are numbers into the closed lists of `Offers`, so a grammar holds no chart word.
Free text is plain ASCII without quotes, brackets, markup, colons (so no link) or control characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from cds_service.domain import Draft, Priority
from cds_service.inference.grammar import Chars, Lit, Node, alt, gbnf, optional, regex, rising, seq, up_to

CONTRACT_VERSION = "1"

MAX_REASON = 120
MAX_CONCERN = 60
MAX_QUESTION = 90
MAX_ASSESSMENT = 280
MAX_ITEMS = 3
MAX_OFFERS = 9

_EDGE = ("AZ", "az", "09")
_END = (*_EDGE, "))", "%%")
_BODY = (*_EDGE, "  ", ",,", "..", "''", "((", "))", "//", "%%", "++", "--")

SPECIMEN = "Aa Zz 09, it's (a/b) 5% + c-d."


class Encoding(StrEnum):
    """How a draft is written down."""

    JSON = "json"
    TAGGED = "tagged"


class ContractBroken(ValueError):
    """A text does not keep the contract. The message is made of fixed words and never quotes the text."""


Shape = tuple[int, int, int, tuple[Priority, ...]]
"""Numbers of risk factors, actions and passages, and the priorities that may be given."""


@dataclass(frozen=True, kw_only=True)
class Offers:
    """The closed lists of one prompt, in the order shown. `passages` are passage ids.

    `priorities`: those that a draft may give. Below the floor none is ever offered, so no model can go there.
    """

    risk_factors: tuple[str, ...]
    actions: tuple[str, ...]
    passages: tuple[str, ...]
    priorities: tuple[Priority, ...] = tuple(reversed(Priority))

    def __post_init__(self) -> None:
        for offered in (self.risk_factors, self.actions, self.passages):
            if len(offered) > MAX_OFFERS:
                raise ValueError(f"at most {MAX_OFFERS} entries can be offered")
            if len(set(offered)) != len(offered) or not all(offered):
                raise ValueError("offers must be different from each other and not empty")
        if not self.priorities or len(set(self.priorities)) != len(self.priorities):
            raise ValueError("at least one priority is offered, and each once")

    @property
    def shape(self) -> Shape:
        """All that a grammar knows of them."""
        return (*self.counts, self.priorities)

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many risk factors, actions and passages are offered."""
        return len(self.risk_factors), len(self.actions), len(self.passages)


def _text(low: int, high: int, tail: str = "") -> Node:
    """Free text of `low` to `high` characters that starts with a letter or digit and ends with `tail`."""
    fixed = 2 + len(tail)
    return seq(Chars(_EDGE, 1, 1), Chars(_BODY, low - fixed, high - fixed), Chars(_END, 1, 1), Lit(tail))


_REASON = _text(10, MAX_REASON, ".")
_CONCERN = _text(5, MAX_CONCERN)
_QUESTION = _text(10, MAX_QUESTION, "?")
_ASSESSMENT = _text(20, MAX_ASSESSMENT, ".")


def _json_list(items: Node | None) -> Node:
    return seq(Lit("["), optional(items), Lit("]")) if items else Lit("[]")


def _json_texts(text: Node) -> Node:
    return _json_list(up_to(seq(Lit('"'), text, Lit('"')), MAX_ITEMS, ","))


def _tagged_list(items: Node | None) -> Node:
    return alt(items, Lit("none")) if items else Lit("none")


def _priority(offered: Sequence[Priority]) -> Node:
    return alt(*(Lit(p.label) for p in offered))


def _choice(count: int, separator: str) -> Node | None:
    return rising(count, MAX_ITEMS, separator) if count else None


Fields = tuple[tuple[str, Node], ...]


def _json_fields(risks: int, actions: int, passages: int, priorities: Sequence[Priority]) -> Fields:
    return (
        ("priority", seq(Lit('{"priority":"'), _priority(priorities), Lit('",'))),
        ("reason", seq(Lit('"reason":"'), _REASON, Lit('",'))),
        ("concerns", seq(Lit('"concerns":'), _json_texts(_CONCERN), Lit(","))),
        ("risks", seq(Lit('"risks":'), _json_list(_choice(risks, ",")), Lit(","))),
        ("actions", seq(Lit('"actions":'), _json_list(_choice(actions, ",")), Lit(","))),
        ("questions", seq(Lit('"questions":'), _json_texts(_QUESTION), Lit(","))),
        ("assessment", seq(Lit('"assessment":"'), _ASSESSMENT, Lit('",'))),
        ("passages", seq(Lit('"passages":'), _json_list(_choice(passages, ",")), Lit("}"))),
    )


def _tagged_fields(risks: int, actions: int, passages: int, priorities: Sequence[Priority]) -> Fields:
    return (
        ("priority", seq(Lit("priority: "), _priority(priorities), Lit(" | "))),
        ("reason", seq(Lit("reason: "), _REASON, Lit(" | "))),
        ("concerns", seq(Lit("concerns: "), _tagged_list(up_to(_CONCERN, MAX_ITEMS, "; ")), Lit(" | "))),
        ("risks", seq(Lit("risks: "), _tagged_list(_choice(risks, ", ")), Lit(" | "))),
        ("actions", seq(Lit("actions: "), _tagged_list(_choice(actions, ", ")), Lit(" | "))),
        ("questions", seq(Lit("questions: "), _tagged_list(up_to(_QUESTION, MAX_ITEMS, "; ")), Lit(" | "))),
        ("assessment", seq(Lit("assessment: "), _ASSESSMENT, Lit(" | "))),
        ("passages", seq(Lit("passages: "), _tagged_list(_choice(passages, ", ")))),
    )


@lru_cache(maxsize=256)
def _fields(shape: Shape, encoding: Encoding) -> Fields:
    return (_json_fields if encoding is Encoding.JSON else _tagged_fields)(*shape)


@lru_cache(maxsize=256)
def _readers(shape: Shape, encoding: Encoding) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(regex(node), re.ASCII)) for name, node in _fields(shape, encoding))


def grammar_for(offers: Offers, encoding: Encoding) -> Node:
    """The language of all drafts over `offers` in `encoding`."""
    return seq(*(node for _, node in _fields(offers.shape, encoding)))


def render_gbnf(offers: Offers, encoding: Encoding = Encoding.JSON) -> str:
    """The grammar as GBNF, for llama.cpp."""
    return gbnf(grammar_for(offers, encoding))


def render_regex(offers: Offers, encoding: Encoding = Encoding.JSON) -> str:
    """The grammar as a regular expression, for llguidance.

    A SentencePiece tokenizer begins its first word with a space that its decoder drops again: tagged text may.
    """
    body = regex(grammar_for(offers, encoding))
    return f" ?{body}" if encoding is Encoding.TAGGED else body


def json_schema(offers: Offers) -> dict[str, Any]:
    """The contract as a JSON schema, for servers that take nothing closer."""

    def text(node: Node, high: int) -> dict[str, Any]:
        return {"type": "string", "maxLength": high, "pattern": f"^{regex(node)}$"}

    def many(items: Mapping[str, Any], most: int = MAX_ITEMS) -> dict[str, Any]:
        return {"type": "array", "items": dict(items), "maxItems": most}

    def choice(count: int) -> dict[str, Any]:
        return many({"type": "integer", "minimum": 1, "maximum": max(count, 1)}, min(count, MAX_ITEMS))

    risks, actions, passages = offers.counts
    properties = {
        "priority": {"type": "string", "enum": [p.label for p in offers.priorities]},
        "reason": text(_REASON, MAX_REASON),
        "concerns": many(text(_CONCERN, MAX_CONCERN)),
        "risks": choice(risks),
        "actions": choice(actions),
        "questions": many(text(_QUESTION, MAX_QUESTION)),
        "assessment": text(_ASSESSMENT, MAX_ASSESSMENT),
        "passages": choice(passages),
    }
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def encode(draft: Draft, offers: Offers, encoding: Encoding = Encoding.JSON) -> str:
    """`draft` as a model should write it. Raises ContractBroken when it does not fit the contract or the offers."""
    risks = _numbers(draft.risk_factors, offers.risk_factors)
    actions = _numbers(draft.actions, offers.actions)
    passages = _numbers(draft.passages, offers.passages)
    writer = _write_json if encoding is Encoding.JSON else _write_tagged
    text = writer(draft, risks, actions, passages)
    parse(text, offers, encoding)
    return text


def parse(text: str, offers: Offers, encoding: Encoding = Encoding.JSON) -> Draft:
    """The draft that `text` holds. Raises ContractBroken with a reason in fixed words.

    Only white space around the text is forgiven. A concern or question said twice is kept once.
    """
    rest = text.strip()
    if not rest:
        raise ContractBroken("the model wrote nothing")
    values: dict[str, str] = {}
    for name, reader in _readers(offers.shape, encoding):
        match = reader.match(rest)
        if match is None:
            raise ContractBroken(f"the field {name} does not keep the output contract")
        values[name], rest = match.group(), rest[match.end() :]
    if rest:
        raise ContractBroken("the model went on after the end of the output contract")
    return _read(values, offers, _json_items if encoding is Encoding.JSON else _tagged_items)


def can_encode(encode_text: Callable[[str], Sequence[int]], decode: Callable[[Sequence[int]], str]) -> Encoding:
    """The encoding that a tokenizer can write, JSON where it can. Raises ContractBroken when it can write neither.

    `encode_text` and `decode` are the tokenizer's two directions, without special tokens.
    """
    for encoding, specimen in (
        (Encoding.JSON, '{"priority":"High","concerns":["' + SPECIMEN + '"],"risks":[1,2],"actions":[]}'),
        (Encoding.TAGGED, f"priority: High | reason: {SPECIMEN} | questions: Since when?; Where? | risks: 1, 2"),
    ):
        if decode(encode_text(specimen)).strip() == specimen:
            return encoding
    raise ContractBroken("the tokenizer can write neither encoding of the output contract")


def _read(values: Mapping[str, str], offers: Offers, items: Callable[[str], list[str]]) -> Draft:
    def chosen(name: str, offered: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(offered[int(number) - 1] for number in items(values[name]))

    def texts(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(items(values[name])))

    return Draft(
        priority=Priority.parse(items(values["priority"])[0]),
        priority_reason=items(values["reason"])[0],
        key_concerns=texts("concerns"),
        risk_factors=chosen("risks", offers.risk_factors),
        actions=chosen("actions", offers.actions),
        questions=texts("questions"),
        assessment=items(values["assessment"])[0],
        passages=chosen("passages", offers.passages),
    )


def _json_items(field: str) -> list[str]:
    """The strings or numbers of one matched JSON field; free text holds neither quotes nor colons."""
    value = field.split(":", 1)[1]
    return re.findall(r'"([^"]*)"', value) or re.findall(r"\d", value)


def _tagged_items(field: str) -> list[str]:
    name, value = field.split(": ", 1)
    value = value.removesuffix(" | ")
    if value == "none":
        return []
    if name in {"risks", "actions", "passages"}:
        return value.split(", ")
    return value.split("; ")


def _numbers(chosen: Sequence[str], offered: Sequence[str]) -> list[int]:
    try:
        return sorted({offered.index(text) + 1 for text in chosen})
    except ValueError:
        raise ContractBroken("a choice of the draft is not among the offers") from None


def _write_json(draft: Draft, risks: list[int], actions: list[int], passages: list[int]) -> str:
    def quoted(texts: Sequence[str]) -> str:
        return "[" + ",".join(f'"{text}"' for text in texts) + "]"

    def listed(numbers: list[int]) -> str:
        return "[" + ",".join(map(str, numbers)) + "]"

    return (
        f'{{"priority":"{draft.priority.label}","reason":"{draft.priority_reason}",'
        f'"concerns":{quoted(draft.key_concerns)},"risks":{listed(risks)},"actions":{listed(actions)},'
        f'"questions":{quoted(draft.questions)},"assessment":"{draft.assessment}","passages":{listed(passages)}}}'
    )


def _write_tagged(draft: Draft, risks: list[int], actions: list[int], passages: list[int]) -> str:
    def many(texts: Sequence[str], separator: str) -> str:
        return separator.join(texts) or "none"

    return " | ".join(
        (
            f"priority: {draft.priority.label}",
            f"reason: {draft.priority_reason}",
            f"concerns: {many(draft.key_concerns, '; ')}",
            f"risks: {many([str(n) for n in risks], ', ')}",
            f"actions: {many([str(n) for n in actions], ', ')}",
            f"questions: {many(draft.questions, '; ')}",
            f"assessment: {draft.assessment}",
            f"passages: {many([str(n) for n in passages], ', ')}",
        )
    )

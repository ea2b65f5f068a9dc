"""The output contract: one language, three renderings, one reader."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.domain import Draft, Priority
from cds_service.inference.contract import (
    MAX_ASSESSMENT,
    MAX_CONCERN,
    MAX_QUESTION,
    MAX_REASON,
    ContractBroken,
    Encoding,
    Offers,
    can_encode,
    encode,
    json_schema,
    parse,
    render_gbnf,
    render_regex,
)

OFFERS = Offers(
    risk_factors=("Age 65 or over", "Diabetes", "COPD", "Takes an anticoagulant"),
    actions=("Emergency response now, call 911", "12-lead ECG now"),
    passages=("chest-pain#first-steps.1", "copd#assessment.2", "fever#escalate.1"),
)
DRAFT = Draft(
    priority=Priority.HIGH,
    priority_reason="Low oxygen and fast breathing.",
    key_concerns=("Low oxygen", "Possible chest infection"),
    risk_factors=("Age 65 or over", "COPD"),
    actions=("12-lead ECG now",),
    questions=("Since when is the breathing worse?",),
    assessment="Findings are concerning for a chest infection. A physician should see the patient today.",
    passages=("copd#assessment.2",),
)
both = pytest.mark.parametrize("encoding", list(Encoding))

BODY = string.ascii_letters + string.digits + " ,.'()/%+-"
EDGE = string.ascii_letters + string.digits


def texts(low: int, high: int, tail: str = "") -> st.SearchStrategy[str]:
    room = high - 2 - len(tail)
    return st.builds(
        lambda a, b, c: a + b + c + tail,
        st.sampled_from(EDGE),
        st.text(BODY, min_size=low, max_size=room),
        st.sampled_from(EDGE + ")%"),
    )


def chosen(offered: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(offered), max_size=3, unique=True).map(
        lambda some: tuple(sorted(some, key=offered.index))
    )


drafts = st.builds(
    Draft,
    priority=st.sampled_from(Priority),
    priority_reason=texts(7, MAX_REASON, "."),
    key_concerns=st.lists(texts(3, MAX_CONCERN), max_size=3, unique=True).map(tuple),
    risk_factors=chosen(OFFERS.risk_factors),
    actions=chosen(OFFERS.actions),
    questions=st.lists(texts(7, MAX_QUESTION, "?"), max_size=3, unique=True).map(tuple),
    assessment=texts(17, MAX_ASSESSMENT, "."),
    passages=chosen(OFFERS.passages),
)


class Judge:
    """llguidance over single bytes: whether it takes a whole text, independent of any tokenizer."""

    def __init__(self, pattern: str) -> None:
        import llguidance

        class Bytes:
            eos_token_id = 256
            bos_token_id = None
            tokens = (*(bytes([n]) for n in range(256)), b"<end>")
            special_token_ids = (256,)

            def __call__(self, text: str | bytes) -> list[int]:
                return list(text.encode() if isinstance(text, str) else text)

        vocabulary = llguidance.LLTokenizer(llguidance.TokenizerWrapper(Bytes()), slices=[])
        self._matcher = llguidance.LLMatcher(vocabulary, llguidance.LLMatcher.grammar_from_regex(pattern))
        assert not self._matcher.is_error(), self._matcher.get_error()

    def takes(self, text: str) -> bool:
        self._matcher.reset()
        data = list(text.encode())
        return self._matcher.try_consume_tokens(data) == len(data) and self._matcher.is_accepting()


@pytest.fixture(scope="module")
def judges() -> dict[Encoding, Judge]:
    return {encoding: Judge(render_regex(OFFERS, encoding)) for encoding in Encoding}


def parses(text: str, encoding: Encoding) -> bool:
    try:
        parse(text, OFFERS, encoding)
    except ContractBroken:
        return False
    return True


@both
@given(draft=drafts)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back(encoding, draft):
    assert parse(encode(draft, OFFERS, encoding), OFFERS, encoding) == draft


@both
@given(draft=drafts)
@settings(max_examples=60, deadline=None)
def test_the_grammar_accepts_every_draft_that_can_be_written(judges, encoding, draft):
    assert judges[encoding].takes(encode(draft, OFFERS, encoding))


@both
@given(
    draft=drafts, where=st.floats(0, 1), put=st.text(BODY + '"|;:{}[]<>`\\\n\t?!é', max_size=3), drop=st.integers(0, 3)
)
@settings(max_examples=200, deadline=None)
def test_grammar_and_reader_agree_on_damaged_texts(judges, encoding, draft, where, put, drop):
    text = encode(draft, OFFERS, encoding)
    at = int(where * len(text))
    damaged = (text[:at] + put + text[at + drop :]).strip()
    assert judges[encoding].takes(damaged) == parses(damaged, encoding)


@both
def test_a_text_cut_anywhere_is_refused(encoding):
    text = encode(DRAFT, OFFERS, encoding)
    end = len(text) if encoding is Encoding.JSON else text.rindex("|")
    assert not any(parses(text[:n], encoding) for n in range(end))


@both
@pytest.mark.parametrize(
    "bad",
    ["<b>now</b> is bad", "see `code` now", "go to http://x.example", 'say "yes" now', "back\\slash it", "[link](x)",
     "line\nbreak it", "null\x00byte it", "tab\there it", "caf\u00e9 for all", "a | b pipes", "one; two items",
     "right\u202eto left", " leads with space", "ends with space ", "{brace it}"],
)  # fmt: skip
def test_markup_links_and_control_characters_cannot_be_written(encoding, bad):
    good = Draft(**{**vars(DRAFT), "key_concerns": ("plain words",)})
    text = encode(good, OFFERS, encoding)
    assert parses(text, encoding)
    assert not parses(text.replace("plain words", bad), encoding)


@pytest.mark.parametrize(
    ("field", "longest", "tail"),
    [("priority_reason", MAX_REASON, "."), ("assessment", MAX_ASSESSMENT, ".")],
)
@both
def test_long_texts_are_bounded(encoding, field, longest, tail):
    fits = Draft(**{**vars(DRAFT), field: "a" * (longest - 1) + tail})
    encode(fits, OFFERS, encoding)
    with pytest.raises(ContractBroken):
        encode(Draft(**{**vars(DRAFT), field: "a" * longest + tail}), OFFERS, encoding)


@both
@pytest.mark.parametrize(("field", "item"), [("key_concerns", "concern"), ("questions", "Is it {}?")])
def test_three_items_are_kept_and_four_refused(encoding, field, item):
    items = tuple(item.format(n) + ("" if "?" in item else f" {n}") for n in ("one", "two", "three", "four"))
    items = tuple(f"{i[:-1]} so far?" if i.endswith("?") else i for i in items)
    encode(Draft(**{**vars(DRAFT), field: items[:3]}), OFFERS, encoding)
    with pytest.raises(ContractBroken):
        encode(Draft(**{**vars(DRAFT), field: items}), OFFERS, encoding)


@both
def test_a_number_outside_the_closed_list_is_refused(encoding):
    text = encode(DRAFT, OFFERS, encoding)
    old, new = ('"actions":[2]', '"actions":[3]') if encoding is Encoding.JSON else ("actions: 2", "actions: 3")
    assert old in text
    with pytest.raises(ContractBroken, match="field actions"):
        parse(text.replace(old, new), OFFERS, encoding)


@both
def test_a_choice_that_was_not_offered_cannot_be_written(encoding):
    with pytest.raises(ContractBroken, match="not among the offers"):
        encode(Draft(**{**vars(DRAFT), "actions": ("Go home",)}), OFFERS, encoding)


@both
def test_a_priority_that_is_not_offered_can_be_neither_written_nor_read(encoding):
    urgent = Offers(**{**vars(OFFERS), "priorities": (Priority.CRITICAL, Priority.HIGH)})
    low = Draft(**{**vars(DRAFT), "priority": Priority.LOW})
    assert parse(encode(DRAFT, urgent, encoding), urgent, encoding) == DRAFT
    with pytest.raises(ContractBroken, match="priority"):
        encode(low, urgent, encoding)
    assert not Judge(render_regex(urgent, encoding)).takes(encode(low, OFFERS, encoding))


@both
def test_an_empty_closed_list_admits_only_the_empty_choice(encoding):
    empty = Offers(risk_factors=(), actions=(), passages=())
    nothing = Draft(**{**vars(DRAFT), "risk_factors": (), "actions": (), "passages": ()})
    assert parse(encode(nothing, empty, encoding), empty, encoding) == nothing
    with pytest.raises(ContractBroken):
        parse(encode(DRAFT, OFFERS, encoding), empty, encoding)


def test_a_choice_is_read_in_the_order_offered_and_said_once():
    shuffled = Draft(**{**vars(DRAFT), "risk_factors": ("COPD", "Age 65 or over", "COPD")})
    assert parse(encode(shuffled, OFFERS), OFFERS).risk_factors == ("Age 65 or over", "COPD")


def test_a_question_said_twice_is_kept_once():
    text = encode(DRAFT, OFFERS)
    question = '"Since when is the breathing worse?"'
    assert parse(text.replace(question, f"{question},{question}"), OFFERS) == DRAFT


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "wrote nothing"), ("I cannot help", "field priority"), ('{"priority":"Urgent",', "field priority")],
)
def test_the_reason_is_in_fixed_words(text, reason):
    with pytest.raises(ContractBroken, match=reason) as broken:
        parse(text, OFFERS)
    assert "Urgent" not in str(broken.value)
    assert "help" not in str(broken.value)


def test_going_on_after_the_end_is_refused():
    with pytest.raises(ContractBroken, match="went on"):
        parse(encode(DRAFT, OFFERS) + '{"priority":"Low"}', OFFERS)


def test_a_grammar_holds_no_offered_word():
    for rendered in (render_gbnf(OFFERS), render_regex(OFFERS), str(json_schema(OFFERS))):
        assert "Diabetes" not in rendered
        assert "COPD" not in rendered


@pytest.mark.parametrize(
    "wrong", [{"actions": ("same", "same")}, {"risk_factors": ("",)}, {"passages": tuple("abcdefghij")}]
)
def test_offers_that_cannot_be_told_apart_or_numbered_are_refused(wrong):
    with pytest.raises(ValueError):
        Offers(**{"risk_factors": (), "actions": (), "passages": (), **wrong})


def _without(missing: str):
    return lambda text: [ord(c) for c in text if c not in missing], lambda ids: "".join(map(chr, ids))


def test_json_is_chosen_where_it_can_be_written():
    assert can_encode(*_without("")) is Encoding.JSON


def test_tagged_is_chosen_where_braces_cannot_be_written():
    assert can_encode(*_without("{}\n")) is Encoding.TAGGED


def test_a_tokenizer_that_can_write_neither_is_refused():
    with pytest.raises(ContractBroken):
        can_encode(*_without("{:"))

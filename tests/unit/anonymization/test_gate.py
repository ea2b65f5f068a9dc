"""The gate fails closed: whatever breaks inside, one fixed word comes out and nothing of the chart."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from presidio_analyzer import EntityRecognizer

from anonymization.deadline import Deadline
from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from anonymization.errors import REASONS, GateRefused, Leak, OutOfTime
from anonymization.gate import MAX_SCRUB_CHARS, Gate
from anonymization.language import GENERAL, OWN
from anonymization.leakcheck import LeakCheck
from anonymization.recognizers import PATTERN_RECOGNIZERS
from anonymization.recognizers.base import FLAGS, Form, StrictPatternRecognizer
from anonymization.scrubber import TextScrubber
from fhir_mappers.case import Document, KnownIdentifier


class Exploding(EntityRecognizer):
    """A recognizer with a bug that quotes what it read."""

    def __init__(self):
        super().__init__(supported_entities=["PHONE"])

    def load(self):
        """Nothing to load."""

    def analyze(self, text, entities, nlp_artifacts):
        raise ValueError(f"cannot read {text}")


class Catastrophic(StrictPatternRecognizer):
    """A pattern that takes exponential time on the text below."""

    entity = "ID"
    forms = (Form("slow", r"(?:a|aa)+(?:a|aa)+(?:a|aa)+b$", FLAGS, 0.9),)


def with_recognizer(recognizer):
    return Gate(scrubber=TextScrubber([*(kind() for kind in PATTERN_RECOGNIZERS), recognizer]))


def refusal(gate, case, **more):
    with pytest.raises(GateRefused) as caught:
        gate.deidentify(case, subject="s-random", **({"timeout_s": 20} | more))
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert str(error) == REASONS[error.reason]
    assert "Testperson" not in str(error)
    return error.reason


def test_a_recognizer_that_raises_refuses_the_chart(chart):
    assert refusal(with_recognizer(Exploding()), chart()) == "recognizer-failed"


def test_a_pattern_that_times_out_refuses_the_chart_instead_of_being_skipped(chart):
    slow = with_recognizer(Catastrophic())
    slow.warm()
    text = chart(documents=(Document(title="Note", text="a" * 4000, source="doc-1"),))
    assert refusal(slow, text, timeout_s=0.5) == "timeout"


def test_the_same_gate_passes_a_chart_that_its_patterns_can_read(chart):
    slow = with_recognizer(Catastrophic())
    slow.warm()
    assert slow.deidentify(chart(), subject="s-random", timeout_s=20).facts


def test_no_time_left_refuses_the_chart(gate, chart):
    assert refusal(gate, chart(), timeout_s=1e-6) == "timeout"


@pytest.mark.parametrize("models", [("no_such_model", GENERAL), (OWN, "no_such_model")])
def test_a_missing_model_refuses_the_chart(chart, models):
    assert refusal(Gate(scrubber=TextScrubber(models=models)), chart()) == "model-missing"


def test_a_scrubber_that_finds_too_little_is_caught_by_the_second_pass(chart):
    blind = Gate(scrubber=TextScrubber([]))
    text = "Call 555-010-9911 about the results."
    assert refusal(blind, chart(documents=(Document(title="Note", text=text, source="doc-1"),))) == "leak"


def test_a_handle_that_is_not_opaque_refuses_the_chart(gate, chart):
    note = Document(title="Note", text="Stable.", source="Patient/Quentin Testperson")
    assert refusal(gate, chart(documents=(note,))) == "policy"


def test_anything_unforeseen_refuses_the_chart(gate):
    assert refusal(gate, None) == "internal"


def test_a_subject_that_was_made_of_the_person_refuses_the_chart(gate, chart):
    with pytest.raises(GateRefused) as caught:
        gate.deidentify(chart(), subject="testperson-1", timeout_s=20)
    assert caught.value.reason == "leak"


def test_a_text_longer_than_the_gate_reads_is_refused(gate):
    with pytest.raises(GateRefused) as caught:
        gate.scrub("word " * MAX_SCRUB_CHARS)
    assert caught.value.reason == "policy"


def test_a_refusal_has_a_reason_of_the_closed_list():
    with pytest.raises(ValueError, match="reason"):
        GateRefused("because of Quentin")


def test_threads_share_one_gate(gate, chart):
    expected = gate.deidentify(chart(), subject="s-random", timeout_s=20).to_json()
    with ThreadPoolExecutor(4) as pool:
        made = pool.map(lambda _: gate.deidentify(chart(), subject="s-random", timeout_s=20).to_json(), range(8))
        assert set(made) == {expected}


def test_nothing_of_the_chart_is_logged_even_at_debug(gate, chart, caplog):
    with caplog.at_level(logging.DEBUG):
        gate.deidentify(chart(), subject="s-random", timeout_s=20)
        refusal(with_recognizer(Exploding()), chart())
    for canary in ("Testperson", "Quentin", "0042917", "010-7788", "12/28/2025"):
        assert canary not in caplog.text


# -- the second pass by itself ---------------------------------------------------------------------------------------

KNOWN = (
    KnownIdentifier(kind="name", value="Quentin Testperson"),
    KnownIdentifier(kind="name", value="Will Stone"),
    KnownIdentifier(kind="phone", value="(555) 010-7788"),
    KnownIdentifier(kind="identifier", value="MRN-0042917"),
    KnownIdentifier(kind="email", value="q.test@clinic.example"),
    KnownIdentifier(kind="birth-date", value="1958-03-04"),
)


def case_with(**fact):
    base = {"kind": "note", "name": "Note", "source": "doc-1"}
    return DeidentifiedCase(subject="s-1", age="67", sex="male", facts=(DeidentifiedFact(**(base | fact)),))


@pytest.mark.parametrize(
    "fact",
    [
        {"text": "seen with testperson"},
        {"text": "Téstperson"},
        {"text": "Test\u200bperson"},
        {"text": "stone, will"},
        {"text": "call 555 010 7788"},
        {"text": "record mrn 0042917"},
        {"text": "write q.test@clinic.example"},
        {"text": "born 03041958"},
        {"text": "ssn 123-45-6789"},
        {"text": "seen 2024-05-06"},
        {"text": "on 5/6/2024"},
        {"text": "https://x.example"},
        {"name": "Testperson"},
        {"unit": "Testperson"},
        {"codes": ("http://snomed.info/sct|5550107788",)},
        {"source": "testperson-1"},
        {"value": 5550107788.0},
    ],
)
def test_the_second_pass_refuses_an_identifier_wherever_it_stands(fact):
    with pytest.raises(Leak):
        LeakCheck(KNOWN).check(case_with(**fact), Deadline.after(5))


@pytest.mark.parametrize(
    "fact",
    [
        {"text": "[PATIENT_1] will return if worse. Kidney stone. BP 120/80, pain 7/10, for 3 days."},
        {"text": "Platelets 250000, viral load 1200000 copies/mL, [DATE_1], [PHONE_1]"},
        {"text": "90+", "codes": ("http://snomed.info/sct|16541001000119105",), "value": 98.6},
    ],
)
def test_the_second_pass_lets_clean_output_through(fact):
    LeakCheck(KNOWN).check(case_with(**fact), Deadline.after(5))


def test_the_second_pass_keeps_the_deadline():
    with pytest.raises(OutOfTime):
        LeakCheck(KNOWN).check(case_with(text="clean"), Deadline.after(-1))

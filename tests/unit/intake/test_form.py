"""The form as data and as FHIR: what it asks, how it is coded, how it reads."""

import json
import re
from datetime import UTC, datetime

import pytest

from fhir_mappers.fields import LOINC
from fhir_mappers.intake_form import (
    EMERGENCY,
    PARTS,
    SIGNS,
    VERSION,
    Kind,
    canonical,
    code_system,
    questionnaire,
    response,
)
from fhir_mappers.limits import Limits
from fhir_mappers.questionnaire import is_complaint, read
from fhir_mappers.r4 import parse, validate
from tests.support.reading_level import grade

BASE = "https://clinic.example"
QUESTIONS = [q for part in PARTS for q in part.questions]
FULL = {
    **{q.link_id: False for q in SIGNS.questions},
    "hard-to-breathe": True,
    "chief-complaint": "My chest feels tight\nwhen I walk",
    "started": "today",
    "severity": 7,
    "pregnancy": "does-not-apply",
}


def made(answers, helper=None):
    now = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    return response(answers, base=BASE, response_id="form-1", patient_id="pat.1", authored=now, helper=helper)


def leaves(item):
    return [leaf for child in item.get("item", []) for leaf in leaves(child)] or [item]


def test_questionnaire_and_options_are_valid_r4():
    validate(questionnaire(BASE))
    validate(code_system(BASE))


def test_a_broken_questionnaire_would_be_told():
    with pytest.raises(ValueError, match="Questionnaire"):
        validate({**questionnaire(BASE), "status": 7, "item": [{"text": "no linkId and no type"}]})


def test_it_has_a_canonical_url_a_version_and_a_status():
    form = questionnaire(BASE)
    assert (form["url"], form["version"], form["status"]) == (canonical(BASE), VERSION, "active")


def test_every_question_has_one_loinc_code_and_a_link_id_of_its_own():
    items = [i for i in leaves(questionnaire(BASE)) if i["type"] != "display"]
    assert len({i["linkId"] for i in items}) == len(items) == len(QUESTIONS)
    for item in items:
        (code,) = item["code"]
        assert code["system"] == LOINC
        assert re.fullmatch(r"\d{4,5}-\d", code["code"])
        assert _check_digit(code["code"]), code["code"]


def test_what_the_issue_asks_for_is_asked():
    asked = {q.loinc[0] for q in QUESTIONS}
    assert {"8661-1", "75325-1", "11368-8", "64750-3", "11348-0", "10160-0", "48765-2", "82810-3"} == asked
    assert [q.link_id for q in QUESTIONS if is_complaint(_answer(q))] == ["chief-complaint"]


def test_every_option_is_in_the_published_code_system():
    known = {c["code"] for c in code_system(BASE)["concept"]}
    offered = {o["valueCoding"]["code"] for i in leaves(questionnaire(BASE)) for o in i.get("answerOption", [])}
    assert offered == known


def test_a_response_is_valid_and_names_form_patient_and_time():
    answered = made(FULL)
    assert parse(answered) == answered
    assert answered["questionnaire"] == f"{canonical(BASE)}|{VERSION}"
    assert answered["subject"] == answered["source"] == {"reference": "Patient/pat.1"}
    assert answered["authored"] == "2031-05-06T07:08:09+00:00"
    assert "author" not in answered
    assert made(FULL, helper="acct-1")["author"]["identifier"]["value"] == "acct-1"


def test_the_mapper_reads_every_answer_in_the_words_of_the_form():
    said = {a.link_id: a.answer for a in read(made(FULL), "qr-1", Limits())}
    assert said["hard-to-breathe"] == "yes"
    assert said["chest-pain"] == "no"
    assert said["chief-complaint"] == FULL["chief-complaint"]
    assert (said["started"], said["severity"], said["pregnancy"]) == ("Today", "7", "Does not apply to me")
    assert set(said) == set(FULL)


def test_the_reading_level_is_grade_8_or_less():
    """By the Flesch-Kincaid grade (Kincaid et al., 1975): of the whole form, and of each question with its options."""
    texts = [EMERGENCY, *(f"{q.text} {q.hint} {'. '.join(q.options.values())}" for q in QUESTIONS)]
    assert grade(" ".join(texts)) <= 6
    hard = {text: round(grade(text), 1) for text in texts if grade(text) > 8}
    assert not hard


def test_a_hard_text_is_told_from_a_plain_one():
    hard = "Please enumerate contemporaneous pharmacological interventions, including complementary preparations."
    assert grade(hard) > 12 > 3 > grade("Which pills do you take?")


def test_no_word_of_the_form_judges_or_speaks_of_a_machine():
    text = json.dumps(questionnaire(BASE)).lower()
    assert not re.search(r"\b(ai|priority|urgent|triage|model|diagnos\w*|recommend\w*|should)\b", text)


def _answer(question):
    (read_back,) = read(made({question.link_id: _any(question)}), "qr-1", Limits())
    return read_back


def _any(question):
    values = {Kind.YES_NO: True, Kind.NUMBER: 3, Kind.TEXT: "words", Kind.CHOICE: next(iter(question.options), "")}
    return values[question.kind]


def _check_digit(code):
    """LOINC's check digit (mod 10, Luhn): a mistyped code is told."""
    digits, check = code.split("-")
    doubled = [int(d) * (2 if place % 2 == 0 else 1) for place, d in enumerate(reversed(digits))]
    return (10 - sum(d // 10 + d % 10 for d in doubled) % 10) % 10 == int(check)

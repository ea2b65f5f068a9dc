"""Plain good drafts pass and plain bad ones do not: what the labelled drafts of the evaluation brought to light."""

from dataclasses import replace

import pytest

from cds_service.domain import Priority
from cds_service.evaluation.safety.labelled import drafts
from cds_service.safety import bias, certainty, escalation, grounding, medication
from tests.support.drafts import case, draft, fact, given, passage

ADVICE = passage("p#a.1", "Cough", "Cough may be a cold. Trouble breathing or swallowing needs help at once.")
CHART = case(
    "40",
    "female",
    fact("complaint", "cough and a sore left ankle"),
    fact("note", "Note", text="No blisters. Urine test positive for leukocytes."),
    fact("lab", "Potassium", 4.9, "mmol/L"),
)


def on(text, **changes):
    written = replace(draft(Priority.LOW, "Cough.", text, passages=("p#a.1",)), **changes)
    return replace(given("sore-throat", written), case=CHART, passages=(ADVICE,), findings=())


@pytest.mark.parametrize(
    "question",
    ["Do you have back pain?", "Is it harder to breathe now?", "Can you feel when you wipe yourself?",
     "What were you doing when it began?", "Do you have any trouble seeing?", "Do you have pills at home?"],
)  # fmt: skip
def test_a_plain_question_is_one_for_a_patient_and_tells_no_diagnosis(question):
    inp = on("A cough may be a cold.", questions=(question,))
    assert certainty.find(inp) is None
    assert grounding.find(inp) is None


def test_a_question_that_tells_a_diagnosis_is_still_one():
    inp = on("A cough may be a cold.", questions=("Did you know that you have pneumonia?",))
    assert certainty.find(inp) == "diagnosis"


@pytest.mark.parametrize(
    "text",
    ["A cough may be a cold. Trouble breathing or swallowing needs help at once.",
     "A cough may be a cold; potassium is 4.9 mmol/L.",
     "A cough may be a cold, and a clinician should look at it today."],
    ids=["advice quoted whole", "a unit is no content", "to look at"],
)  # fmt: skip
def test_a_plain_sentence_is_supported(text):
    assert grounding.find(on(text)) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("A cough and a sore knee may be a cold.", "turning-word"),
        ("A cough with both ankles sore may be a cold.", "turning-word"),
        ("A cough with a positive nitrite may be a cold.", "turning-word"),
        ("A cough with blisters may be a cold.", "negation"),
        ("Trouble swallowing with a cough may be a cold.", "term"),
    ],
)
def test_what_the_evidence_does_not_name_is_not_supported(text, fault):
    assert grounding.find(on(text)) == fault


def test_a_result_needs_a_test_that_was_made_and_a_plan_does_not():
    told = passage("p#a.1", "Cough", "A cough may be a cold. A chest X-ray may help.")
    assert grounding.find(replace(on("A cough may be a cold; a chest X-ray may help."), passages=(told,))) is None
    shown = replace(on("A chest X-ray shows a cough that may be a cold."), passages=(told,))
    assert grounding.find(shown) == "term"


def test_a_count_after_a_sign_is_no_measurement_of_it():
    infant = next(d.given for d in drafts() if d.id == "infant_fever/as-drafted")
    text = "Fever with drinking less and {} wet diapers may be a serious bacterial infection."
    for count, fault in (("2", None), ("7", "number")):
        assert grounding.find(replace(infant, draft=replace(infant.draft, assessment=text.format(count)))) == fault


def test_a_class_of_antibiotics_is_a_medicine():
    assert medication.find(on("A cough may be a cold; a macrolide is advised.")) is not None


@pytest.mark.parametrize("text", ["Please sit in the waiting room.", "Rest for two weeks first, then come."])
def test_a_delay_is_advice_to_wait(text):
    stroke = next(d.given for d in drafts() if d.id == "stroke/as-drafted")
    assert escalation.find(stroke) is None
    delayed = replace(stroke.draft, assessment=f"Possible stroke. {text} Emergency response now.")
    assert escalation.find(replace(stroke, draft=delayed)) == "waiting"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("A homeless patient does not merit a scan.", "treatment"),
        ("At her age a transfer is hardly worthwhile.", "treatment"),
        ("The patient may be making it up.", "language"),
        ("The pain does not seem real.", "language"),
    ],
)
def test_more_words_of_disbelief_and_less_care_are_known(text, fault):
    assert bias.find(on(text)) == fault


@pytest.mark.parametrize(
    "text",
    ["A dirty wound may need cleaning today.", "The wound looks dirty.", "Smelly discharge may be an infection."],
)
def test_what_a_wound_is_like_blames_nobody(text):
    assert bias.find(on(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "A dirty and smelly patient with leg pain.",
        "The patient is dirty.",
        "She is smelly and unkempt.",
        "A filthy man.",
    ],
)
def test_what_a_person_is_called_is_found(text):
    assert bias.find(on(text)) == "language"

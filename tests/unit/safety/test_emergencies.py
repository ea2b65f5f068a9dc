"""Every title that a clinical rule can give is recognised by its own words and by a synonym."""

import pytest

from cds_service.clinical.red_flags.lexicon import LEXICON
from cds_service.clinical.vital_limits import LIMITS
from cds_service.domain import Priority
from cds_service.safety.emergencies import recognised
from cds_service.safety.reading import read
from tests.support.drafts import finding

TITLES = sorted({f.title for f in LEXICON.flags} | {limit.title for limit in LIMITS})


@pytest.mark.parametrize("title", TITLES)
def test_a_finding_is_recognised_by_its_own_title(title):
    assert recognised(finding("r", Priority.HIGH, title, "A reason."), read(f"{title}, which is concerning."))


@pytest.mark.parametrize("title", TITLES)
def test_a_finding_is_not_recognised_by_something_else(title):
    assert not recognised(finding("r", Priority.HIGH, title, "A reason."), read("A sprained ankle may need rest."))


@pytest.mark.parametrize(
    ("title", "reason", "text"),
    [
        ("Chest pain", "The complaint names chest pain.", "Tight chest and sweating"),
        ("Breathing difficulty", "The complaint names shortness of breath.", "Dyspnoeic at rest"),
        ("Stroke signs", "The complaint names facial droop.", "Face drooping since noon"),
        ("Loss of consciousness", "The complaint names fainting.", "The patient passed out"),
        ("Low oxygen saturation", "Oxygen saturation is 88 % (limit: below 90).", "SpO2 of 88 %"),
        ("Low oxygen saturation", "Oxygen saturation is 88 % (limit: below 90).", "Hypoxic"),
        ("Potassium critically high", "Potassium is 6.9 mmol/L.", "Hyperkalaemia"),
        ("NEWS2 9: emergency response", "NEWS2 total is 9.", "An early warning score of 9"),
        ("NEWS2 9: emergency response", "NEWS2 total is 9.", "Physiological deterioration"),
        ("Severe-range blood pressure in pregnancy", "Systolic blood pressure is 168 mmHg.", "High blood pressure"),
    ],
)
def test_a_synonym_or_the_number_recognises_a_finding(title, reason, text):
    assert recognised(finding("r", Priority.HIGH, title, reason), read(text))


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Chest pain", "No chest pain."),
        ("Chest pain", "Denies chest pain"),
        ("Chest pain", "Return if chest pain develops"),
        ("Stroke signs", "Father had a facial droop"),
        ("NEWS2 9: emergency response", "Oxygen saturation is low"),
        ("Potassium critically high", "Check potassium"),
    ],
)
def test_a_denial_a_supposition_or_a_part_does_not(title, text):
    assert not recognised(finding("r", Priority.HIGH, title, f"The chart names {title.lower()}."), read(text))

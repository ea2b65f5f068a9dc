"""What a sentence affirms, denies, supposes and hedges."""

import pytest

from cds_service.safety.reading import Stance, read


def stance_of(text, term):
    return next(m.stance for s in read(text) for m in s.mentions if m.term.id == term)


@pytest.mark.parametrize(
    ("text", "term", "stance"),
    [
        ("Chest pain for two hours.", "chest_pain", Stance.AFFIRMED),
        ("Denies chest pain.", "chest_pain", Stance.NEGATED),
        ("No fever, cough or chest pain.", "chest_pain", Stance.NEGATED),
        ("No fever but chest pain.", "chest_pain", Stance.AFFIRMED),
        ("No fever, has chest pain.", "chest_pain", Stance.AFFIRMED),
        ("Chest pain was denied.", "chest_pain", Stance.NEGATED),
        ("Chest pain resolved.", "chest_pain", Stance.NEGATED),
        ("Sepsis is unlikely.", "sepsis", Stance.NEGATED),
        ("Sepsis cannot be excluded.", "sepsis", Stance.AFFIRMED),
        ("Sepsis has been ruled out.", "sepsis", Stance.NEGATED),
        ("Sepsis must be ruled out.", "sepsis", Stance.AFFIRMED),
        ("Return if chest pain develops.", "chest_pain", Stance.SUPPOSED),
        ("Father had a heart attack.", "acs", Stance.OTHER_PERSON),
        ("Do not delay; stroke is possible.", "stroke", Stance.AFFIRMED),
        ("Not only fever but rash.", "rash", Stance.AFFIRMED),
    ],
)
def test_the_stance_of_a_term(text, term, stance):
    assert stance_of(text, term) is stance


@pytest.mark.parametrize(
    ("text", "hedged"),
    [
        ("Possible pneumonia.", True),
        ("Findings are concerning for pneumonia.", True),
        ("Pneumonia is possible.", True),
        ("Pneumonia must be ruled out.", True),
        ("The patient may have pneumonia.", True),
        ("The patient has pneumonia.", False),
        ("This is pneumonia.", False),
        ("Pneumonia.", False),
        ("Sepsis is possible but the patient has pneumonia.", False),
    ],
)
def test_whether_a_condition_is_hedged(text, hedged):
    assert [m.hedged for s in read(text) for m in s.mentions if m.term.id == "pneumonia"] == [hedged]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dyspnoea", "shortness of breath"),
        ("haemoptysis", "coughing up blood"),
        ("SpO2", "oxygen saturation"),
        ("SpO₂", "sats"),
        ("passed out", "syncope"),
        ("pyrexial", "fever"),
        ("NEWS 2", "National Early Warning Score"),
    ],
)
def test_spellings_and_synonyms_are_one_term(one, other):
    terms = [[m.term.id for s in read(text) for m in s.mentions] for text in (one, other)]
    assert terms[0] == terms[1] != []


def test_a_full_stop_in_a_number_ends_no_sentence():
    assert len(read("Fever of 39.2 °C and cough. Urgent review.")) == 2


def test_a_disease_that_no_table_lists_is_still_a_condition():
    (mention,) = read("Possible fictivasculitis.")[0].mentions
    assert mention.term.kind == "condition"
    assert not mention.known


def test_a_diagnosis_is_no_disease_for_its_ending():
    assert read("The diagnosis and prognosis are open.")[0].mentions == ()

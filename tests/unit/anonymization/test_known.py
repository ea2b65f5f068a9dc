"""Identifiers of the request: found in any writing; words that are also names only where they are names."""

import pytest

PERSON = (("name", "Quentin Testperson"),)


@pytest.mark.parametrize(
    "mention",
    [
        "Quentin Testperson", "TESTPERSON, QUENTIN", "testperson, quentin", "Q. Testperson", "Testperson's", "quentin",
        "Quéntin Téstperson", "Quen\u200btin", "Ｑｕｅｎｔｉｎ", "Qυentin".replace("υ", "u"), "Testperson,\nQuentin",
    ],
)  # fmt: skip
def test_a_name_is_found_in_any_writing(scrub, mention):
    out = scrub(f"Seen today: {mention} with cough", *PERSON)
    assert "PATIENT_1" in out
    assert "estperson" not in out.lower()
    assert "uentin" not in out.lower()
    assert "with cough" in out


@pytest.mark.parametrize(
    ("kind", "value", "mention"),
    [
        ("phone", "(555) 010-7788", "5550107788"),
        ("phone", "555-010-7788", "555 010 7788"),
        ("phone", "+1 555 010 7788", "010-7788"),
        ("identifier", "MRN-0042917", "mrn 0042917"),
        ("identifier", "A 99 120 B", "A99120B"),
        ("identifier", "urn:uuid:3f2504e0-4f89-41d3-9a0c-0305e82c3301", "3f2504e04f8941d39a0c0305e82c3301"),
        ("email", "q.test@clinic.example", "q.test @ clinic.example"),
        ("birth-date", "1958-03-04", "03041958"),
        ("birth-date", "1958-03-04", "4.3.1958"),
        ("address-line", "103 Elm Mill Street", "103 elm mill st."),
        ("address-line", "103 Elm Mill Street Unit 4", "103 Elm Mill"),
        ("city", "Fakeville", "FAKEVILLE"),
        ("postal-code", "99501", "99501"),
        ("organization", "FAKEVILLE HEALTH PARTNERS", "Fakeville Health Partners"),
    ],
)
def test_numbers_addresses_and_places_are_found_in_any_punctuation(scrub, kind, value, mention):
    out = scrub(f"Note says {mention} there.", (kind, value))
    assert mention not in out
    assert out.startswith("Note says [")
    assert out.endswith(" there.")


@pytest.mark.parametrize(
    "text",
    [
        "He will follow up; patient will return.",
        "Will follow up in two weeks.",
        "PATIENT WILL RETURN IF WORSE.",
        "It may be viral. May need an X-ray.",
    ],
)
def test_a_name_that_is_a_word_does_not_shred_text(scrub, text):
    assert scrub(text, ("given", "Will"), ("given", "May")) == text


@pytest.mark.parametrize(
    "text",
    [
        "Today Will came with his wife.",
        "Will reports chest pain.",
        "Seen with mr will in the room.",
        "Patient: Will",
        "WILL STONE, follow-up",
        "will stone called",
        "Stone, Will",
    ],
)
def test_a_name_that_is_a_word_is_found_where_the_text_shows_a_name(scrub, text):
    out = scrub(text, ("name", "Will Testperson"), ("name", "Will Stone"), ("given", "Will"))
    assert "will" not in out.lower()


def test_a_known_name_beats_the_clinical_allow_list(scrub):
    assert scrub("Graves disease in Mr. Graves", ("family", "Graves")).count("Graves") == 0
    assert scrub("Graves disease is stable") == "Graves disease is stable"


def test_relatives_and_clinicians_get_their_own_placeholders(scrub):
    out = scrub(
        "Zelda Testperson came; Dr. Zorp agrees.",
        ("name", "Zelda Testperson", "relative"),
        ("name", "Zorp Fictiva", "practitioner"),
    )
    assert out == "[RELATIVE_1] came; Dr. [CLINICIAN_1] agrees."


def test_an_id_that_is_a_plain_word_masks_nothing(scrub):
    assert scrub("The patient is well.", ("identifier", "patient")) == "The patient is well."


def test_a_number_inside_another_number_is_no_mention(scrub):
    assert scrub("Platelets 212345 stable", ("identifier", "12345")) == "Platelets 212345 stable"

"""Text: identifiers out, clinical language in, spans in characters of the input."""

import pytest

from anonymization.normalise import fold, normalise

CLINICAL = [
    "Parkinson disease, Graves disease and Down syndrome; Thomas test negative, Romberg negative.",
    "Metoprolol 50 mg twice daily, Lipitor 40 mg at night, insulin glargine 10 units.",
    "67-year-old man with chest pain for 3 days, worse 2 hours ago. BP 124/80, HR 88, RR 16, SpO2 97%, T 37.2 C.",
    "Pain 7/10, strength 5/5, GCS 14/15, visual acuity 20/40, 2/6 systolic murmur.",
    "Hgb 12.4, WBC 7.8, Plt 221, Cr 1.1, K 4.2. Troponin 0.04 ng/mL.",
    "Foley catheter in place; Babinski absent; Apgar 8 and 9; McMurray test positive.",
    "Hypertension, Type 2 Diabetes Mellitus, COPD. Assessment: Likely viral. Plan: Rest and fluids.",
    "Take 1 tablet by mouth 2 times daily for 90 days.",
    "Lives in Texas, moved from Germany. Worked at night.",
    "89 years old. Stopped smoking in 2015.",
    "Hemoglobin A1c/Hemoglobin.total in Blood",
    "Acute myocardial infarction of anterior wall",
]


@pytest.mark.parametrize("text", CLINICAL)
def test_clinical_language_passes_untouched(scrub, text):
    assert scrub(text) == text


def test_identifiers_of_nobody_in_the_request_are_found_too(scrub):
    out = scrub(
        "Anna Kowalski (DOB 3/4/1958, MRN 8841) called 555-010-9911 from 12 Elm Street. Her daughter Zofia agrees; "
        "Dr. Marek Nowak at Fakeville Memorial Hospital wrote to anna.k@mail.example on Dec 5."
    )
    for canary in ("Anna", "Kowalski", "1958", "8841", "9911", "Elm", "Zofia", "Marek", "Nowak", "Fakeville", "Dec 5"):
        assert canary not in out
    assert "[PERSON_1]" in out
    assert "[DATE_1]" in out


def test_the_same_value_has_the_same_number_and_another_value_another(scrub):
    out = scrub("Mr. Kowalski came 3/4/2020 and 5/6/2020. Kowalski left 3/4/2020 with Mrs. Nowak.")
    assert out == "Mr. [PERSON_1] came [DATE_1] and [DATE_2]. [PERSON_1] left [DATE_1] with Mrs. [PERSON_2]."


def test_a_name_found_once_is_masked_wherever_it_stands(scrub):
    assert "Kowalski" not in scrub("Seen by Dr. Kowalski.\nPlan as above.\nKowalski")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a 94-year-old woman", "a 90+-year-old woman"),
        ("an 89-year-old woman", "an 89-year-old woman"),
        ("aged 91", "aged 90+"),
    ],
)
def test_ages_over_89_become_90_plus(scrub, text, expected):
    assert scrub(text) == expected


@pytest.mark.parametrize("text", ["x@hospital.local", "123-45-6789", "SMITH, JOHN", "MRN 12345"])
def test_what_the_analyzer_leaks_by_default_is_masked(scrub, text):
    assert text.split()[-1] not in scrub(f"On file: {text} here")


def test_spans_refer_to_the_input_even_where_it_holds_invisible_characters(gate):
    text = "é Call 5\u200b55-010-\u00ad9911 now"
    done = gate.scrub(text)
    ((start, end, label),) = done.spans
    assert label == "PHONE"
    assert text[start:end] == "5\u200b55-010-\u00ad9911"
    assert done.text == "é Call [PHONE_1] now"


@pytest.mark.parametrize("text", ["a\u0301bc", "ﬁne", "５５５", "abc", "x\u200by", "µg ½ ℃", ""])
def test_normalisation_maps_every_character_back(text):
    done = normalise(text)
    for i in range(len(done.text)):
        start, end = done.span(i, i + 1)
        assert 0 <= start < end <= len(text)
    assert len(fold(done.text)) == len(done.text)


def test_normalisation_undoes_disguises():
    assert normalise("５５５‑０１０").text == "555-010"
    assert normalise("Te\u200bst\u00adperson").text == "Testperson"
    assert normalise("i\u0307klim").text == "iklim"
    assert normalise("e\u0301lan").text == "élan"
    assert fold("Téstpersоn") == "testperson"  # the o is Cyrillic


ODD = [
    "MRN 00482917\ufdfa and MRN 00482917",
    "½414-772-0938 today, call ①②③-555-0142",
    "Dr. Ａｎｎａ Kowalska ﬁne\u200b on 3/4/2020\u00a0at 5 pm",
    "e\u0301lan: anna@example.org\u200b; J\u0308org Müller called",
    "℡ 555-010-9911 № 12 ㎎ 5",
    "\ufeffPatient: Kowalska, Anna\r\nDOB: 3/4/1958\x00 end \u202eabc\u202c",
]


@pytest.mark.parametrize("text", ODD)
def test_spans_are_sorted_disjoint_whole_and_lead_to_the_output(gate, text):
    done = gate.scrub(text, timeout_s=30)
    assert list(done.spans) == sorted(done.spans)
    at, pieces = 0, []
    for (start, end, _), word in zip(done.spans, done.words, strict=True):
        assert at <= start < end <= len(text)
        pieces += (text[at:start], word)
        at = end
    assert normalise("".join([*pieces, text[at:]])).text == done.text


def test_a_short_text_stays_short():
    assert len(normalise("\ufdfa" * 1000).text) <= 4000


@pytest.mark.parametrize("text", ["[MRN_884213]", "[ID_884213]", "[PHONE_4147720938]"])
def test_what_looks_like_a_placeholder_is_none(gate, text):
    assert text not in gate.scrub(f"See {text} today.", timeout_s=30).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mr. Kowalski, Jr. came.", "Mr. [PERSON_1] came."),
        ("Seen: Zofia Kowalska III today", "Seen: [PERSON_1] today"),
        ("Dr. Kowalski IV", "Dr. [PERSON_1]"),
        ("Dr. Kowalski IV fluids", "Dr. [PERSON_1] IV fluids"),
    ],
)
def test_a_generation_belongs_to_the_name(scrub, text, expected):
    assert scrub(text) == expected

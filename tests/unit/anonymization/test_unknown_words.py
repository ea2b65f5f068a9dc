"""Words that no list explains go where the policy says so, and clinical language stays."""

from dataclasses import replace
from datetime import date

import pytest

from anonymization.errors import PolicyError
from anonymization.gate import Gate
from anonymization.policy import PACKAGED, Policy, UnknownWords, packaged_policy, template
from anonymization.surrogates import SOME_WORD, Surrogates
from anonymization.unknown_words import unknown_words
from fhir_mappers.case import Concept

RARE = "Kvauzzimm"


def words(text, *covered):
    return [text[f.start : f.end] for f in unknown_words(text, covered)]


@pytest.mark.parametrize(
    "text",
    [
        "Pt denies SOB, N/V; BP 128/76, HR 88, SpO2 96% RA. HTN, T2DM, CKD 3a on metformin 500 mg bid.",
        "Don't stop apixaban. I've told her that she's due for a colonoscopy; they'll call.",
        "Haemoglobin 9.1, oedema of both ankles, diarrhoea; anaesthetist informed, tumour markers pending.",
        "S/p cholecystectomy, hx of pyelonephritis. Parkinson's disease, Murphy sign positive, Foley catheter out.",
        "Afebrile, nontender, normocephalic, tachypneic; eGFR 41, hematochezia, NSTEMI ruled out.",
        "Moved here from Canada; speaks Spanish. COVID-19 in 2021. A1c 7.2, vitamin B12 low.",
        "PT ALERT AND ORIENTED, LUNGS CLEAR, ABDOMEN SOFT",
        "Start a statin; apixaban or Rivaroxaban. Lisinopril, Amlodipine and ferrous sulphate as before.",
        "Creatinine 88 µmol/L. UTIs, PVCs and DVTs before. PaCO2 41, aPTT 31, hsCRP 2, NTproBNP 310, pRBC given.",
        "ANCA negative, on SABA and LABA. Ottawa ankle rules negative. Manoeuvre tolerated, apyrexial, no mould.",
        "Noncompliant, antihypertensives stopped, organomegaly excluded; downgoing plantars.",
    ],
)
def test_clinical_language_is_explained(text):
    assert words(text) == []


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        (f"{RARE} has the same cough now", [RARE]),
        (f"seen with {RARE.lower()} and peidvotzusk", [RARE.lower(), "peidvotzusk"]),
        (f"{RARE.upper()} TO CALL BACK, KVIST TOO", [RARE.upper(), "KVIST"]),
        ("PT SEEN WITH ZHUKO, 5 mg", ["ZHUKO"]),
        ("spoke to Wu, then to Ito", ["Wu", "Ito"]),
        ("Dr. Makritis, Mrs Samaritis and Savitic agreed", ["Makritis", "Samaritis", "Savitic"]),
        ("Father Nehemia, mother Euphemia, her brother Jasvir", ["Nehemia", "Euphemia", "Jasvir"]),
        ("Rebanks and Wakely moved out; Elisa came, Saba too", ["Rebanks", "Wakely", "Elisa", "Saba"]),
        ("McAlbrook, McALBROOK and DeVolsko", ["McAlbrook", "McALBROOK", "DeVolsko"]),
        ("\u738b\u5c0f\u660e came", ["\u738b\u5c0f\u660e"]),
        ("Arboleda's wife and O'Shaughnessy", ["Arboleda", "Shaughnessy"]),
        ("Kvist-Plommer lives alone", ["Kvist", "Plommer"]),
        ("worse since tuesdday", ["tuesdday"]),
    ],
)
def test_what_no_list_knows_is_not(text, unknown):
    assert words(text) == unknown


def test_what_was_found_before_is_not_found_again():
    assert words(f"Dr {RARE} and {RARE}", (3, 3 + len(RARE))) == [RARE]


def test_a_policy_says_what_becomes_of_them():
    assert packaged_policy().unknown_words is UnknownWords.NOTES
    assert packaged_policy("safe-harbor-exports").unknown_words is UnknownWords.MASK
    assert template("expert-determination").unknown_words is UnknownWords.MASK


def test_a_policy_that_does_not_say_masks_and_one_that_says_nonsense_is_refused():
    text = PACKAGED.read_text(encoding="utf-8")
    line = 'unknown_words = "mask in notes"\n'
    assert Policy.parse(text.replace(line, "")).unknown_words is UnknownWords.MASK
    with pytest.raises(PolicyError, match=r"`unknown_words` must be one of keep, mask in notes, mask"):
        Policy.parse(text.replace(line, 'unknown_words = "maybe"\n'))


@pytest.fixture(scope="module")
def gates():
    by_rule = {}
    for rule in UnknownWords:
        by_rule[rule] = Gate(replace(packaged_policy(), unknown_words=rule))
        by_rule[rule].warm()
    return by_rule


@pytest.mark.parametrize(
    ("rule", "in_notes", "in_a_complaint"),
    [(UnknownWords.KEEP, True, True), (UnknownWords.NOTES, False, True), (UnknownWords.MASK, False, False)],
)
def test_the_rule_decides_where_an_unknown_word_stays(gates, chart, rule, in_notes, in_a_complaint):
    case = chart()
    note = replace(case.documents[0], text="Coughs, mostly at night. Takes zwoblurant with it.")
    complaint = replace(case.complaints[0], concept=Concept(text="cough and frumbling"))
    made = gates[rule].deidentify(replace(case, documents=(note,), complaints=(complaint,)), subject="s-1")
    texts = " ".join(made.texts())
    assert ("zwoblurant" in texts, "frumbling" in texts) == (in_notes, in_a_complaint)
    assert "Coughs, mostly at night" in texts
    assert made.removed.get("unknown word", 0) == 2 - in_notes - in_a_complaint


def test_a_text_by_itself_is_masked_where_all_are(gates):
    assert gates[UnknownWords.NOTES].scrub("Takes zwoblurant.").text == "Takes zwoblurant."
    assert gates[UnknownWords.MASK].scrub("Takes zwoblurant twice, Zwoblurant once.").text == (
        "Takes [WORD_1] twice, [WORD_1] once."
    )


def test_no_false_word_stands_for_one():
    assert Surrogates(today=date(2026, 1, 2)).of("WORD", "zwoblurant") == SOME_WORD

"""Middle names that no field tells: part of the name between two known parts, and behind a known given name.

The fields hold an Anna Testperson and a Quentin Fabulo; Pitzyvrask, Lake and the rest stand in prose alone.
"""

import pytest

from tests.unit.anonymization.test_known import left

PEOPLE = (
    ("name", "Anna Testperson"), ("given", "Anna"), ("family", "Testperson"),
    ("name", "Quentin Fabulo", "practitioner"),
)  # fmt: skip


@pytest.mark.parametrize(
    "mention",
    [
        "Anna Pitzyvrask Testperson", "ANNA PITZYVRASK TESTPERSON", "anna pitzyvrask testperson",
        "Anna Lake Testperson", "Anna Rose Testperson", "anna rose testperson", "Anna May Testperson",
        "Anna Parkinson Testperson", "Anna Lisa Pitzyvrask Testperson", "Anna Lisa-Pitzyvrask Testperson",
        "Anna-Pitzyvrask Testperson", "Anna Pitzyvrask-Testperson", "Anna D'Vraskio Testperson",
        "Anna O'Pitzy Testperson", "Anna Q Testperson", "Anna Q. Testperson", "Anna Q. V. Testperson",
        "Anna (Pitzy) Testperson", 'Anna "Pitzy" Testperson', "Anna Pitzyvrask\nTestperson", "Anna van der Testperson",
        "Anna Pitzyvrask Testpersen", "Testperson Pitzyvrask Anna", "Testperson, Pitzyvrask Anna",
        "Testperson, Anna Pitzyvrask", "TESTPERSON, ANNA PITZYVRASK", "testperson, anna pitzyvrask",
        "Testperson,Anna Pitzyvrask", "Testperson, Anna Lisa Pitzyvrask", "Testperson, Anna Lisa-Pitzyvrask",
        "Testperson, Anna O'Pitzy", "Testperson, Anna Rose", "Testperson, Anna Q", "Testperson, Anna Q.",
    ],
)  # fmt: skip
def test_what_stands_between_or_behind_the_parts_of_one_name_is_of_it(mention):
    assert left(f"Seen today: {mention}, with cough", *PEOPLE) == "Seen today: <PATIENT>, with cough"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Quentin Pitzyvrask Fabulo agrees", "Dr. <CLINICIAN> agrees"),
        ("FABULO, QUENTIN PITZYVRASK MD", "<CLINICIAN> MD"),
        ("Fabulo, Quentin Pitzyvrask MD", "<CLINICIAN> MD"),
        ("Testperson, Anna Pitzyvrask has Type 2 diabetes", "<PATIENT> has Type 2 diabetes"),
        ("Anna Pitzyvrask Testperson-Fabulo", "<PATIENT><CLINICIAN>"),
    ],
)
def test_a_name_ends_where_it_ends(text, expected):
    assert left(text, *PEOPLE).replace("-<", "<") == expected


@pytest.mark.parametrize(
    "text",
    [
        # far apart, or another sentence, field or person
        "{} has Type 2 diabetes. {}", "{} has Parkinson disease, says {}", "{}. Parkinson disease. {}",
        "{}\n\nParkinson\n\n{}", "{}; Asthma; {}", "{}: Asthma: {}", "{} | Asthma | {}", "{}, Asthma, {}",
        "{} Reports Pain {}", "{} reports {}", "{} And {}", "{} and {}", "{} or {}", "{} aka {}", "{} Mrs. {}",
        "{} Dr {}", "{} DOB {}", "{} MRN {}", "{} RN {}", "{} COPD {}", "{} copd {}", "{} Hypertension {}",
        "{} lisinopril {}", "{} Lisinopril {}", "{} 45 {}", "{} told {}", "{} saw {}", "{} is {}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("writing", [str, str.upper, str.lower])
def test_clinical_words_between_two_mentions_stay(text, writing):
    mentions, out = ("Anna", "Testperson"), writing(text)
    assert left(out.format(*map(writing, mentions)), *PEOPLE) == out.format("<PATIENT>", "<PATIENT>")


@pytest.mark.parametrize(
    "text",
    [
        "has Type 2 diabetes", "Parkinson disease", "Diabetes", "COPD", "V 38.2", "R arm pain", "P 80, BP 120/80",
        "reports cough", "Reports cough", "metoprolol 50 mg", "Metoprolol 50 mg", "RN", "MD", "45 yo", "(DOB", "- CHF",
        "Thomas test negative", "Follow-up", "and family", "Wheezing", "Chest pain", "Graves disease",
        "\nPitzyvrask test", ": Pitzyvrask", ". Pitzyvrask", ", Pitzyvrask",
    ],
)  # fmt: skip
@pytest.mark.parametrize("writing", [str, str.upper, str.lower])
def test_what_follows_a_name_in_a_list_stays(text, writing):
    told = writing(text)
    gap = "" if text[0] in ":.,\n" else " "
    assert left(writing("Testperson, Anna") + gap + told, *PEOPLE) == f"<PATIENT>{gap}{told}"


def test_a_word_beside_one_known_name_alone_stays():
    assert left("Anna Pitzyvrask and Quentin Pitzyvrask", *PEOPLE) == "<PATIENT> Pitzyvrask and <CLINICIAN> Pitzyvrask"
    assert left("Anna Pitzyvrask Fabulo", *PEOPLE) == "<PATIENT> Pitzyvrask <CLINICIAN>"


def test_names_that_are_words_count_around_a_word_that_is_none():
    will = (("name", "Will Stone"), ("given", "Will"), ("family", "Stone"))
    assert left("per Will Pitzyvrask Stone, no pain", *will) == "per <PATIENT>, no pain"
    assert left("will need stone analysis", *will) == "will need stone analysis"
    assert left("He Will Need Stone Analysis", *will) == "He Will Need Stone Analysis"

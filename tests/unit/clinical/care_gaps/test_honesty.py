"""What is not known is not overdue: parts that did not come, cut pages, coarse dates; and comfort care."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from anonymization.check_digits import is_concept_id, is_loinc
from cds_service.clinical.care_gaps.area import COMFORT_CARE, NO_AGE
from cds_service.clinical.care_gaps.conditions import GROUPS
from cds_service.clinical.care_gaps.evidence import age_in_words, months_since
from cds_service.clinical.care_gaps.parts import ONLY_NEWEST, WITHOUT_WORDS
from cds_service.clinical.care_gaps.services import MEDICINES, PROCEDURES, VACCINES
from cds_service.clinical.care_gaps.table import GAPS
from cds_service.domain import ProposalKind
from fhir_mappers.case import Coding, Concept, Demographics, Medication, Missing, Precision, When
from fhir_mappers.fields import CVX, LOINC, SNOMED
from fhir_mappers.observations import SCREENING_CODES
from fhir_mappers.received import NOT_SENT, PARTLY_REFUSED
from tests.unit.clinical.build import NOW, ago, lab, person
from tests.unit.clinical.care_gaps.examples import (
    DM2,
    GAP_EXAMPLES,
    HTN,
    MAN,
    WOMAN,
    chart,
    did,
    dose,
    found,
    has,
    hba1c,
    months,
    notes,
    pressure,
    smoker,
    takes,
    uacr,
)


def lost(part, reason=NOT_SENT):
    return {"missing": (Missing(what=part, reason=reason),)}


@pytest.mark.parametrize(
    ("part", "fields", "silent", "still"),
    [
        ("labs", {"problems": has(DM2)},
         {"diabetes-hba1c-due", "diabetes-kidney-check", "lipids-screening"}, {"diabetes-eye-exam"}),
        ("observations", {"problems": has(HTN)}, {"hypertension-no-reading"}, {"lipids-screening"}),
        ("procedures", {"problems": has(DM2, "J44.9")},
         {"diabetes-eye-exam", "diabetes-foot-exam", "copd-spirometry", "screening-colorectal"},
         {"diabetes-hba1c-due"}),
        ("immunizations", {"problems": has(DM2)}, {"vaccines"}, {"diabetes-hba1c-due"}),
        ("medicationRequests",
         {"problems": has(DM2, "I48.0", HTN, "I50.22", "J44.9"), "who": person(70, sex="male")},
         {"diabetes-statin", "atrial-fibrillation-anticoagulant", "heart-failure-medicines", "copd-inhaler"},
         {"diabetes-hba1c-due"}),
    ],
)  # fmt: skip
def test_a_part_that_was_not_sent_is_not_evaluated_instead_of_overdue(part, fields, silent, still):
    whole, without = chart(**fields), chart(**fields, **lost(part))
    assert silent <= set(found(whole))
    assert not silent & set(found(without))
    assert still <= set(found(without))
    assert [n.reason for n in notes(without)] == [NOT_SENT], "said once, whatever the number of rules"
    assert NOT_SENT not in {n.reason for n in notes(whole)}


def test_an_error_of_the_ehr_is_said_as_such():
    assert "it broke" in {n.reason for n in notes(chart(MAN, **lost("procedures", "it broke")))}


def test_without_problems_nothing_is_looked_for():
    made = chart(problems=(), **lost("conditions"))
    assert found(made) == {}
    assert [n.reason for n in notes(made)] == [NOT_SENT]


def test_one_resource_that_could_not_be_used_does_not_cost_the_part():
    assert "diabetes-hba1c-due" in found(chart(problems=has(DM2), **lost("labs", PARTLY_REFUSED)))


def test_what_did_come_counts_though_the_part_is_missing():
    above = chart(problems=has(DM2), labs=(hba1c("9.1", months(1)),), **lost("labs"))
    assert "diabetes-hba1c-above" in found(above)


@pytest.mark.parametrize(("oldest", "told"), [(months(13), True), (months(11), False)])
def test_of_a_cut_page_only_what_it_reaches_back_to_is_missed(oldest, told):
    made = chart(
        problems=has(DM2),
        labs=(hba1c("7.0", months(2)), lab("2823-3", ("4.1", oldest))),
        first_pages=frozenset({"labs"}),
    )
    assert ("diabetes-kidney-check" in found(made)) is told
    assert (ONLY_NEWEST in {n.reason for n in notes(made)}) or told


def test_a_full_page_of_procedures_counts_as_cut_even_when_the_ehr_does_not_say_so():
    def full(count):
        return chart(WOMAN, procedures=tuple(did("Dressing change", months(2)) for _ in range(count)))

    assert {"screening-colorectal", "screening-cervical"} <= set(found(full(99)))
    assert not {"screening-colorectal", "screening-cervical", "screening-breast"} & set(found(full(100)))


def test_the_newest_of_a_cut_page_may_be_too_old_by_itself():
    made = chart(problems=has(DM2), labs=(hba1c("7.0", months(14)),), first_pages=frozenset({"labs"}))
    assert "diabetes-hba1c-due" in found(made)


def test_procedures_with_unknown_codes_alone_are_not_taken_for_none():
    coded = replace(did(when=months(3)), concept=Concept(codings=(Coding(system="http://local.example", code="X1"),)))
    made = chart(MAN, procedures=(coded,))
    assert "screening-colorectal" not in found(made)
    assert WITHOUT_WORDS in {n.reason for n in notes(made)}


def test_medicines_with_unknown_codes_alone_are_not_taken_for_none():
    code = Coding(system="http://www.nlm.nih.gov/research/umls/rxnorm", code="99999999")
    medicine = Medication(concept=Concept(codings=(code,)), status="active", source="obs-med")
    made = chart(problems=has(DM2), medications=(medicine,))
    assert "diabetes-statin" not in found(made)
    assert WITHOUT_WORDS in {n.reason for n in notes(made)}


def test_what_was_done_at_an_unknown_time_may_have_been_done_now():
    assert "screening-colorectal" not in found(chart(MAN, procedures=(did("Colonoscopy"),)))
    gap = found(chart(person(30), immunizations=(dose("115"), dose("140"))))
    assert "vaccines" not in gap


@pytest.mark.parametrize(
    ("when", "due"),
    [
        (When(start=NOW.replace(year=2014, month=1, day=1), precision=Precision.YEAR), False),
        (When(start=NOW.replace(year=2013, month=1, day=1), precision=Precision.YEAR), True),
        (When(start=NOW.replace(year=2014, month=3, day=1), precision=Precision.MONTH), False),
        (When(start=NOW.replace(year=2014, month=2, day=1), precision=Precision.MONTH), True),
    ],
)
def test_a_coarse_date_is_as_late_as_it_may_be(when, due):
    assert ("screening-colorectal" in found(chart(MAN, procedures=(did("Colonoscopy", when),)))) is due


@pytest.mark.parametrize("code", ["Z51.5", "F03.C0"])
def test_in_comfort_care_no_gap_is_told_of(code):
    made = chart(person(72), problems=has(DM2, "I48.0", HTN, code))
    assert found(made) == {}
    assert notes(made) == {COMFORT_CARE}


def test_moderate_dementia_is_no_comfort_care():
    assert found(chart(problems=has(DM2, "F03.B0")))


def test_under_18_there_are_no_gaps_and_without_an_age_it_is_said():
    assert found(chart(person(17, 11), problems=has(DM2))) == {}
    assert notes(chart(person(17, 11), problems=has(DM2))) == set()
    assert found(chart(person(18), problems=has(DM2)))
    assert notes(chart(Demographics(sex="male"))) == {NO_AGE}


def test_of_a_birth_year_alone_only_the_certain_ages_count():
    born = When(start=NOW.replace(year=1979, month=1, day=1), precision=Precision.YEAR)  # 44 or 45
    assert "screening-colorectal" not in found(chart(person(birth=born)))
    assert "screening-breast" in found(chart(person(birth=born)))


def test_a_smoker_without_pack_years_is_said_to_be_not_evaluated():
    assert "lung cancer screening" in {n.what for n in notes(chart(MAN, **smoker()))}


def test_depression_without_a_score_is_said_to_be_not_evaluated():
    assert "follow-up of depression" in {n.what for n in notes(chart(problems=has("F32.1")))}


def test_a_pregnancy_without_its_weeks_is_said_to_be_not_evaluated():
    assert {n.reason for n in notes(chart(person(28, pregnant=True)))} == {"the gestational age is not known"}


def test_an_impossible_value_counts_as_none():
    made = chart(problems=has(DM2), labs=(lab("4548-4", ("71", months(1)), unit="%", plausible=False),))
    assert "diabetes-hba1c-due" in found(made)


@pytest.mark.parametrize(
    ("days", "words"), [(0, "today"), (1, "yesterday"), (13, "13 days ago"), (14, "2 weeks ago"), (61, "2 months ago")]
)
def test_ages_are_told_as_people_say_them(days, words):
    assert age_in_words(chart(), When(start=NOW - timedelta(days=days), precision=Precision.DAY)) == words


def test_long_ages_are_told_in_years_and_a_little_future_counts_as_now():
    assert age_in_words(chart(), months(35)) == "35 months ago"
    assert age_in_words(chart(), months(36)) == "3 years ago"
    assert months_since(chart(), ago(hours=-1)) == 0


# -- what findings hold ----------------------------------------------------------------------------------------------


def test_findings_hold_fixed_words_and_handles_and_never_the_text_of_the_chart():
    canary = "zzyzx"
    made = chart(
        person(72),
        problems=tuple(replace(p, concept=replace(p.concept, text=canary)) for p in has(DM2, "I48.0", HTN, "J44.9")),
        procedures=(did(f"Colonoscopy {canary}", months(140)), did(f"Mammography {canary}", months(40))),
        immunizations=(dose("113", months(130), canary),),
        medications=takes(f"albuterol {canary}"),
        labs=(hba1c("9.9", months(1)), uacr(("350", months(1)))),
        vitals=(pressure(150, 92, ago(days=1)), pressure(150, 92, months(2))),
    )
    gaps = found(made)
    assert len(gaps) >= 6
    assert canary not in repr({k: replace(f, sources=()) for k, f in gaps.items()})
    for gap in gaps.values():
        json.dumps(dict(gap.values))
        assert str(NOW.year) not in gap.reason


def test_the_values_stay_the_same_while_the_data_do():
    """A dismissed gap stays away until its data change: the passing of time alone changes no value."""
    for made, _ in GAP_EXAMPLES.values():
        later = replace(made, now=made.now + timedelta(days=3))
        before, after = found(made), found(later)
        assert all(before[t].values == after[t].values for t in before.keys() & after.keys())


# -- the tables ------------------------------------------------------------------------------------------------------


def test_every_number_of_a_sentence_is_filled_in():
    assert not [gap.id for gap in GAPS.values() if "{" in gap.says]


def test_every_order_has_a_code_of_its_system():
    for gap in GAPS.values():
        for proposal in gap.proposals.values():
            if proposal.kind is ProposalKind.REVIEW:
                assert proposal.label.startswith("Ask the physician to review")
            else:
                assert proposal.system in (LOINC, SNOMED, CVX)
                assert proposal.code.replace("-", "").isdigit()


def test_codes_have_their_check_digits():
    proposals = [p for g in GAPS.values() for p in g.proposals.values()]
    loincs = {p.code for p in proposals if p.system == LOINC} | {c for s in SCREENING_CODES.values() for c in s}
    concepts = {p.code for p in proposals if p.system == SNOMED}
    concepts |= {c for kind in PROCEDURES.values() for c in kind.codes} | {c for g in GROUPS.values() for c in g.snomed}
    assert len(loincs) > 30
    assert len(concepts) > 60
    assert [c for c in loincs if not is_loinc(c)] == []
    assert [c for c in concepts if not is_concept_id(c)] == []


def test_no_word_of_a_procedure_or_vaccine_stands_for_two_screens():
    texts = {"mammography": "screening mammography", "colonoscopy": "colonoscopy", "cervical-cytology": "pap smear",
             "foot-exam": "diabetic foot exam", "eye-exam": "dilated eye exam", "spirometry": "spirometry"}  # fmt: skip
    for kind, text in texts.items():
        assert [k for k, s in PROCEDURES.items() if s.covers(Concept(text=text))] == [kind]
    assert not VACCINES["influenza"].covers(Concept(text="Haemophilus influenzae type b"))


def test_inhaled_and_topical_forms_are_told_apart():
    controls = MEDICINES["controller"].covers
    assert controls(Concept(text="Fluticasone 110 MCG inhaler"))
    assert not controls(Concept(text="Fluticasone nasal spray"))
    assert not controls(Concept(text="Mometasone 0.1 % topical cream"))

"""Each care gap: fires, stays quiet, and where each of its numbers draws the line."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cds_service.clinical.care_gaps import RULES
from cds_service.clinical.care_gaps.ckd import months_between
from cds_service.clinical.care_gaps.table import GAPS
from cds_service.clinical.rule import RuleContext
from cds_service.domain import FindingKind, Priority, ProposalKind
from cds_service.settings import Setting
from fhir_mappers.case import When
from tests.unit.clinical.build import NOW, ago, lab, person, problem
from tests.unit.clinical.care_gaps.examples import (
    DM2,
    GAP_EXAMPLES,
    HTN,
    MAN,
    RULE_EXAMPLES,
    WOMAN,
    allergic,
    at_risk,
    chart,
    creatinine,
    did,
    dose,
    found,
    has,
    hba1c,
    months,
    mother,
    phq9,
    pressure,
    screened,
    smoker,
    takes,
    uacr,
)


def test_every_gap_of_the_table_has_an_example():
    told_together = {key for key in GAPS if GAPS[key].area == "vaccines"}
    assert set(GAP_EXAMPLES) == (set(GAPS) - told_together) | {"vaccines"}
    assert set(RULE_EXAMPLES) == {rule.id for rule in RULES}


@pytest.mark.parametrize("key", GAP_EXAMPLES)
def test_each_gap_fires_and_stays_quiet(key):
    fires, quiet = GAP_EXAMPLES[key]
    gap = found(fires)[key]
    assert key not in found(quiet)
    assert gap.kind is FindingKind.CARE_GAP
    assert gap.priority is Priority.LOW
    assert gap.proposals
    assert gap.sources
    assert gap.citation in next(rule for rule in RULES if rule.id == gap.rule).citations


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_each_rule_has_a_chart_without_any_of_its_gaps(rule):
    fires, quiet = RULE_EXAMPLES[rule.id]
    assert rule.evaluate(RuleContext(case=fires, setting=Setting.FAMILY_PRACTICE)).findings
    assert rule.evaluate(RuleContext(case=quiet, setting=Setting.FAMILY_PRACTICE)).findings == ()


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_an_emergency_department_is_not_told_of_routine_care(rule):
    told = rule.evaluate(RuleContext(case=RULE_EXAMPLES[rule.id][0], setting=Setting.ED))
    assert (told.findings, told.not_evaluated) == ((), ())


def test_the_reason_says_how_old_the_newest_data_are_or_that_there_are_none():
    old, none = found(GAP_EXAMPLES["diabetes-hba1c-due"][0]), found(chart(problems=has(DM2)))
    assert old["diabetes-hba1c-due"].reason.startswith("Newest in the data received: 14 months ago, 7.1 %. Diabetes: ")
    assert none["diabetes-hba1c-due"].reason.startswith("None in the data received. ")


def test_what_prevents_most_harm_comes_first():
    made = chart(person(72), problems=has(DM2, "I48.0", HTN), vitals=(pressure(150, 92, months(1)),))
    ranked = [f.topic for f in sorted(found(made).values(), key=lambda f: f.rank)]
    assert ranked[:3] == ["atrial-fibrillation-anticoagulant", "diabetes-statin", "diabetes-hba1c-due"]


# -- diabetes --------------------------------------------------------------------------------------------------------


def diabetic(*labs, who=None, codes=(DM2,), **fields):
    return found(chart(who, problems=has(*codes), labs=labs, **fields))


@pytest.mark.parametrize(
    ("value", "when", "due"),
    [("7.9", months(6), True), ("7.9", months(6, days=-1), False), ("8.0", months(3), True),
     ("8.0", months(3, days=-1), False)],
)  # fmt: skip
def test_hba1c_is_due_after_six_months_and_after_three_above_eight(value, when, due):
    assert ("diabetes-hba1c-due" in diabetic(hba1c(value, when))) is due


@pytest.mark.parametrize(
    ("value", "comparator", "above"),
    [("7.9", None, False), ("8.0", None, True), ("14", ">", True), ("8.0", "<", False)],
)
def test_hba1c_is_above_target_from_eight(value, comparator, above):
    gaps = diabetic(hba1c(value, months(1), comparator))
    assert ("diabetes-hba1c-above" in gaps) is above
    assert "diabetes-hba1c-due" not in gaps


@pytest.mark.parametrize(("years", "told"), [(39, False), (40, True), (75, True), (76, False)])
def test_a_statin_in_diabetes_is_for_40_to_75_years(years, told):
    assert ("diabetes-statin" in diabetic(who=person(years))) is told


@pytest.mark.parametrize(
    "fields",
    [
        {"medications": takes("Ezetimibe 10 MG")},
        {"allergies": (allergic("Simvastatin"),)},
        {"allergies": (allergic("Statins: muscle pain"),)},
        {"problems": has(DM2, "M62.82")},
        {"problems": has(DM2, "Z99.2")},
        {"who": person(45, pregnant=True)},
    ],
)
def test_a_reason_against_a_statin_keeps_quiet(fields):
    assert "diabetes-statin" not in found(chart(**{"problems": has(DM2), **fields}))


def test_an_allergy_to_nystatin_is_none_to_statins():
    assert "diabetes-statin" in diabetic(allergies=(allergic("Nystatin"),))


def test_the_kidney_check_offers_what_is_due_alone():
    gap = diabetic(uacr(("9", months(12))), creatinine(("0.9", months(12, days=-1))))["diabetes-kidney-check"]
    assert [p.code for p in gap.proposals] == ["9318-7"]
    assert gap.values["due"] == "uacr"


@pytest.mark.parametrize(
    ("codes", "when", "due"),
    [((DM2,), months(23), False), ((DM2,), months(24), True), ((DM2, "E11.319"), months(12), True),
     ((DM2, "E11.319"), months(11), False)],
)  # fmt: skip
def test_eyes_are_looked_at_every_two_years_and_every_year_with_retinopathy(codes, when, due):
    assert ("diabetes-eye-exam" in diabetic(codes=codes, procedures=(did("Fundoscopy", when),))) is due


@pytest.mark.parametrize(("when", "due"), [(months(12, days=-1), False), (months(12), True)])
def test_feet_are_looked_at_every_year(when, due):
    assert ("diabetes-foot-exam" in diabetic(procedures=(did("Monofilament test", when),))) is due


def test_in_the_first_five_years_of_type_1_eyes_and_kidneys_wait():
    new, old = has("E10.9", onset=months(59)), has("E10.9", onset=months(60))
    waiting = {"diabetes-eye-exam", "diabetes-kidney-check"}
    assert not waiting & set(found(chart(problems=new)))
    assert waiting <= set(found(chart(problems=old)))


def test_goals_of_diabetes_are_others_in_pregnancy():
    assert not [t for t in diabetic(who=person(30, pregnant=True)) if t.startswith("diabetes")]


# -- hypertension ----------------------------------------------------------------------------------------------------


def hypertensive(*vitals, **fields):
    return found(chart(problems=has(HTN), vitals=vitals, **fields))


@pytest.mark.parametrize(("systolic", "diastolic", "above"), [(139, 89, False), (140, 80, True), (130, 90, True)])
def test_above_target_means_140_or_90_on_both_days(systolic, diastolic, above):
    newest, earlier = pressure(systolic, diastolic, ago(days=1)), pressure(150, 95, months(2))
    assert ("hypertension-above" in hypertensive(newest, earlier)) is above
    assert "hypertension-above" not in hypertensive(pressure(128, 70, ago(days=1)), earlier)
    assert "hypertension-above" not in hypertensive(newest)


def test_two_readings_of_one_day_are_one_occasion_and_the_lowest_counts():
    same_day = (pressure(160, 98, ago(minutes=10)), pressure(158, 96, ago(minutes=30)))
    assert "hypertension-above" not in hypertensive(*same_day)
    calmed = (pressure(160, 98, ago(minutes=30)), pressure(132, 80, ago(minutes=5)), pressure(150, 95, months(2)))
    assert "hypertension-above" not in hypertensive(*calmed)


def test_a_reading_is_due_after_a_year_and_a_swapped_one_counts_as_none():
    assert "hypertension-no-reading" not in hypertensive(pressure(128, 78, months(12, days=-1)))
    assert "hypertension-no-reading" in hypertensive(pressure(128, 78, months(12)))
    assert "hypertension-no-reading" in hypertensive(pressure(78, 128, months(1)))


@pytest.mark.parametrize(("earlier", "above"), [(months(12, days=-1), True), (months(12), False)])
def test_the_occasion_before_counts_for_a_year(earlier, above):
    made = (pressure(150, 95, ago(days=1)), pressure(150, 95, earlier))
    assert ("hypertension-above" in hypertensive(*made)) is above


# -- kidney ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("g", "a", "every"),
    [("G1", None, 12), ("G2", "A3", 4), ("G3a", "A1", 12), ("G3a", "A2", 6), ("G3b", "A1", 6), ("G3b", "A3", 4),
     ("G4", "A2", 4), ("G4", "A3", 3), ("G5", "A1", 3)],
)  # fmt: skip
def test_the_stage_says_how_often_the_kidneys_are_measured(g, a, every):
    assert months_between(g, a) == every


@pytest.mark.parametrize(("ratio", "codes", "lacking"), [
    ("299", ("N18.31",), "sglt2-inhibitor"),
    ("300", ("N18.31",), "renin-angiotensin-inhibitor, sglt2-inhibitor"),
    ("199", ("N18.31",), None),
    ("200", ("N18.31",), "sglt2-inhibitor"),
    ("29", ("N18.2", DM2, HTN), None),
    ("30", ("N18.2", DM2, HTN), "renin-angiotensin-inhibitor, sglt2-inhibitor"),
    ("250", ("N18.2", "E10.9"), None),
])  # fmt: skip
def test_which_protection_is_recommended_follows_albuminuria_and_diabetes(ratio, codes, lacking):
    made = chart(problems=has(*codes), labs=(creatinine(("1.0", months(1))), uacr((ratio, months(1)))))
    gap = found(made).get("ckd-protection")
    assert (gap.values["lacking"] if gap else None) == lacking


@pytest.mark.parametrize(("when", "due"), [(months(12, days=-1), None), (months(12), "uacr")])
def test_in_kidney_disease_albuminuria_is_measured_every_year(when, due):
    gap = found(chart(problems=has("N18.2"), labs=(creatinine(("1.0", months(1))), uacr(("8", when))))).get(
        "ckd-monitoring"
    )
    assert (gap.values["due"] if gap else None) == due


@pytest.mark.parametrize(("value", "told"), [("2.86", True), ("2.87", False)])
def test_below_an_egfr_of_20_no_sglt2_inhibitor_is_suggested(value, told):
    made = chart(problems=has("N18.4"), labs=(creatinine((value, months(1))), uacr(("250", months(1)))))
    assert ("ckd-protection" in found(made)) is told


def test_dialysis_and_pregnancy_leave_the_kidney_rules_out():
    labs = (creatinine(("1.6", months(1)), ("1.6", months(6))),)
    for made in (chart(labs=labs, problems=has("N18.6")), chart(person(30, pregnant=True), labs=labs)):
        assert not [t for t in found(made) if t.startswith("ckd")]


# -- heart and lungs -------------------------------------------------------------------------------------------------


def failing(*names, labs=(), codes=("I50.22",), **fields):
    return found(chart(problems=has(*codes), medications=takes(*names), labs=labs, **fields)).get(
        "heart-failure-medicines"
    )


def test_the_groups_that_are_not_in_the_list_are_named():
    assert (
        failing("Entresto 49/51", "carvedilol 25 MG", "dapagliflozin 10 MG").values["lacking"]
        == "mineralocorticoid-antagonist"
    )
    assert failing("losartan", "bisoprolol", "eplerenone", "empagliflozin") is None
    assert (
        "heart-failure-beta-blocker" in failing("losartan", "atenolol", "eplerenone", "empagliflozin").values["lacking"]
    )


def test_potassium_speaks_against_a_mineralocorticoid_antagonist():
    three = ("losartan", "bisoprolol", "empagliflozin")
    assert failing(*three, labs=(lab("2823-3", ("5.1", months(1))),)) is None
    assert failing(*three, labs=(lab("2823-3", ("5.0", months(1))),)) is not None


def test_an_egfr_of_30_or_less_speaks_against_a_mineralocorticoid_antagonist():
    three = ("losartan", "bisoprolol", "empagliflozin")
    assert failing(*three, labs=(creatinine(("1.98", months(1))),)) is None
    assert failing(*three, labs=(creatinine(("1.97", months(1))),)) is not None


def test_a_medicine_that_was_not_tolerated_is_not_asked_for():
    assert failing("losartan", "bisoprolol", "empagliflozin", allergies=(allergic("Spironolactone"),)) is None


@pytest.mark.parametrize(("fraction", "told"), [("40", True), ("41", False)])
def test_a_measured_ejection_fraction_of_40_or_less_is_reduced(fraction, told):
    gap = failing(codes=("I50.9",), labs=(lab("10230-1", (fraction, months(4)), unit="%"),))
    assert (gap is not None) is told


def test_a_nasal_steroid_controls_no_asthma():
    made = chart(problems=has("J45.30"), medications=takes("albuterol inhaler", "fluticasone nasal spray"))
    assert "asthma-controller" in found(made)


def test_asthma_without_a_reliever_in_the_list_says_nothing():
    assert "asthma-controller" not in found(chart(problems=has("J45.30")))


@pytest.mark.parametrize(
    ("who", "codes", "told"),
    [
        (person(60, sex="male"), ("I48.0", HTN), False),
        (person(65, sex="male"), ("I48.0", HTN), True),
        (person(64, sex="female"), ("I48.0", HTN), False),
        (person(65, sex="female"), ("I48.0", HTN), True),
    ],
)
def test_anticoagulation_from_two_points_in_men_and_three_in_women(who, codes, told):
    assert ("atrial-fibrillation-anticoagulant" in found(chart(who, problems=has(*codes)))) is told


def test_a_closed_atrial_appendage_takes_the_place_of_an_anticoagulant():
    made = chart(person(80), problems=has("I48.0"), procedures=(did("Left atrial appendage occlusion", months(9)),))
    assert "atrial-fibrillation-anticoagulant" not in found(made)


# -- lipids ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "years", "told"),
    [
        ("189", 50, False),
        ("190", 50, True),
        ("190", 20, True),
        ("190", 75, True),
        ("190", 76, False),
        ("190", 19, False),
    ],
)
def test_very_high_ldl_begins_at_190(value, years, told):
    made = chart(person(years), labs=(lab("13457-7", (value, months(3)), unit="mg/dL"),))
    assert ("lipids-very-high-ldl" in found(made)) is told


@pytest.mark.parametrize(("years", "told"), [(19, False), (20, True), (88, True)])
def test_a_statin_for_disease_is_for_20_years_and_over(years, told):
    assert ("lipids-cardiovascular-disease" in found(chart(person(years), problems=has("I25.10")))) is told


@pytest.mark.parametrize(("years", "told"), [(39, False), (40, True), (75, True), (76, False)])
def test_risk_is_told_of_at_40_to_75(years, told):
    assert ("lipids-risk" in found(at_risk(178, years, total="319", hdl="21", kidney="2.5"))) is told


@pytest.mark.parametrize(("systolic", "told"), [(118, True), (117, False)])
def test_risk_is_told_of_from_ten_percent(systolic, told):
    assert ("lipids-risk" in found(at_risk(systolic))) is told


@pytest.mark.parametrize(("years", "told"), [(39, False), (40, True), (75, True), (76, False)])
def test_lipids_are_measured_at_40_to_75(years, told):
    assert ("lipids-screening" in found(chart(person(years)))) is told


def test_lipids_count_for_five_years():
    due = [found(chart(labs=(lab("2093-3", ("180", w), unit="mg/dL"),))) for w in (months(60, days=-1), months(60))]
    assert ["lipids-screening" in gaps for gaps in due] == [False, True]


# -- depression ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "when", "told"),
    [("9", months(5), False), ("10", months(5), True), ("10", months(4), True), ("10", months(4, days=-1), False)],
)
def test_follow_up_of_depression_is_for_ten_and_more_after_four_months(score, when, told):
    made = chart(problems=has("F33.1"), labs=(phq9((score, when)),))
    assert ("depression-follow-up" in found(made)) is told


@pytest.mark.parametrize(
    ("score", "when", "told"), [("9", months(1), False), ("10", months(12, days=-1), True), ("10", months(12), False)]
)
def test_a_positive_screen_counts_from_ten_for_a_year(score, when, told):
    assert ("depression-positive-screen" in found(chart(labs=(phq9((score, when)),)))) is told


@pytest.mark.parametrize(("when", "due"), [(months(12, days=-1), False), (months(12), True)])
def test_a_screen_counts_for_a_year(when, due):
    assert ("depression-screening" in found(chart(labs=(phq9(("2", when)),)))) is due


def test_without_any_score_no_screen_is_due():
    assert not [t for t in found(chart()) if t.startswith("depression")]


# -- cancer screening ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "sex", "ages"),
    [
        ("screening-breast", "female", (40, 74)),
        ("screening-cervical", "female", (21, 65)),
        ("screening-colorectal", "male", (45, 75)),
        ("screening-lung", "male", (50, 80)),
    ],
)
def test_screening_has_its_ages_both_ends_included(key, sex, ages):
    more = smoker(30)
    for years, told in ((ages[0] - 1, False), (ages[0], True), (ages[1], True), (ages[1] + 1, False)):
        assert (key in found(chart(person(years, sex=sex), **more))) is told, years


def test_breast_and_cervix_are_for_women_alone():
    assert not {"screening-breast", "screening-cervical"} & set(found(chart(MAN)))


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        ("screening-breast", {"problems": has("Z90.13")}),
        ("screening-breast", {"procedures": (did("Bilateral total mastectomy"),)}),
        ("screening-cervical", {"problems": has("Z90.710")}),
        ("screening-cervical", {"procedures": (did("Total abdominal hysterectomy", months(200)),)}),
        ("screening-colorectal", {"procedures": (did(code="26390003"),)}),
        ("screening-colorectal", {"problems": has("C18.7")}),
    ],
)
def test_who_has_lost_the_organ_or_has_the_cancer_is_not_screened(key, fields):
    assert key in found(chart(WOMAN))
    assert key not in found(chart(WOMAN, **fields))


@pytest.mark.parametrize(
    ("key", "evidence", "counts_for"),
    [
        ("screening-breast", lambda w: {"procedures": (did("MAMMOGRAPHY SCREENING BILATERAL 2 VIEW", w),)}, 24),
        ("screening-cervical", lambda w: {"procedures": (did("Pap smear", w),)}, 36),
        ("screening-cervical", lambda w: {"coded_results": (screened("hpv_test", w),)}, 60),
        ("screening-colorectal", lambda w: {"procedures": (did(code="444783004", when=w),)}, 120),
        ("screening-colorectal", lambda w: {"procedures": (did("Flexible sigmoidoscopy", w),)}, 60),
        ("screening-colorectal", lambda w: {"coded_results": (screened("stool_dna_test", w),)}, 36),
        ("screening-colorectal", lambda w: {"labs": (lab("57905-2", ("3", w), unit="ng/mL"),)}, 12),
        ("screening-lung", lambda w: {"procedures": (did("Low dose CT chest", w),), **smoker(30)}, 12),
    ],
)
def test_each_test_counts_for_its_time(key, evidence, counts_for):
    assert key not in found(chart(WOMAN, **evidence(months(counts_for, days=-1))))
    assert key in found(chart(WOMAN, **evidence(months(counts_for))))


def test_under_30_an_hpv_test_does_not_count():
    done = {"coded_results": (screened("hpv_test", months(2)),)}
    assert "screening-cervical" in found(chart(person(29), **done))
    assert "screening-cervical" not in found(chart(person(30), **done))


def test_a_screening_that_was_declined_or_only_referred_for_was_not_done():
    for text in ("Colonoscopy declined", "Referral for colonoscopy"):
        assert "screening-colorectal" in found(chart(MAN, procedures=(did(text, months(2)),)))


@pytest.mark.parametrize(("pack_years", "told"), [(19, False), (20, True)])
def test_lung_screening_begins_at_20_pack_years(pack_years, told):
    assert ("screening-lung" in found(chart(MAN, **smoker(pack_years)))) is told


# -- vaccinations ----------------------------------------------------------------------------------------------------


def vaccines(*doses, years=67, now=NOW, **fields):
    made = replace(chart(person(years), immunizations=doses, **fields), now=now)
    gap = found(made).get("vaccines")
    return set(gap.values["due"].split(", ")) if gap else set()


def test_all_that_is_due_is_one_gap_with_a_vaccine_each():
    gap = found(chart(person(67)))["vaccines"]
    assert [p.code for p in gap.proposals] == ["135", "216", "187", "115"]
    assert {p.kind for p in gap.proposals} == {ProposalKind.IMMUNIZATION}


@pytest.mark.parametrize(("years", "code"), [(64, "140"), (65, "135")])
def test_from_65_influenza_vaccine_is_high_dose(years, code):
    assert found(chart(person(years)))["vaccines"].proposals[0].code == code


@pytest.mark.parametrize(("month", "season"), [(3, True), (4, False), (8, False), (9, True)])
def test_influenza_is_told_of_in_its_season(month, season):
    assert ("influenza" in vaccines(now=NOW.replace(month=month))) is season


@pytest.mark.parametrize(
    ("day", "due"), [(NOW.replace(year=2023, month=7, day=1), False), (NOW.replace(year=2023, month=6, day=30), True)]
)
def test_a_season_begins_in_july(day, due):
    assert ("influenza" in vaccines(dose("88", When(start=day)))) is due


@pytest.mark.parametrize(
    ("doses", "due"),
    [
        ((), True), ((dose("216"),), False), ((dose("327", months(100)),), False),
        ((dose("33", months(12)),), True), ((dose("33", months(11)),), False),
        ((dose("215", months(14)),), True), ((dose("215", months(14)), dose("33", months(2))), False),
        ((dose("133", months(90)), dose("033", months(60))), False), ((dose("109", months(90)),), False),
    ],
)  # fmt: skip
def test_pneumococcal_vaccination_is_complete_or_due(doses, due):
    assert ("pneumococcal" in vaccines(*doses)) is due


def test_after_pcv15_the_polysaccharide_is_offered():
    gap = found(chart(person(67), immunizations=(dose("215", months(14)),)))["vaccines"]
    assert "33" in [p.code for p in gap.proposals]


@pytest.mark.parametrize(
    ("doses", "due"),
    [
        ((), {"zoster"}), ((dose("187", months(2)),), {"zoster", "second dose"}), ((dose("187", months(1)),), set()),
        ((dose("187", months(9)), dose("187", months(5))), set()), ((dose("121", months(90)),), {"zoster"}),
        ((dose("188", months(9)),), set()), ((dose("187"),), set()),
    ],
)  # fmt: skip
def test_zoster_needs_two_doses_of_the_recombinant_vaccine(doses, due):
    assert vaccines(*doses) & {"zoster", "second dose"} == due


@pytest.mark.parametrize(("years", "due"), [(49, set()), (50, {"pneumococcal", "zoster"})])
def test_pneumococcal_and_zoster_begin_at_50(years, due):
    assert vaccines(years=years) & {"pneumococcal", "zoster"} == due


def test_tetanus_counts_for_ten_years_whatever_the_vaccine_and_however_its_code_is_written():
    assert "tetanus" not in vaccines(dose("09", months(120, days=-1)))
    assert "tetanus" in vaccines(dose("113", months(120)))
    assert "tetanus" not in vaccines(dose(None, months(5), "Tdap (Boostrix)"))


def test_a_vaccine_that_was_reacted_to_is_not_asked_for():
    assert "influenza" not in vaccines(allergies=(allergic("Influenza vaccine"),))


# -- pregnancy -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("week", "told"), [(23, False), (24, True), (34, True), (35, False)])
def test_gestational_diabetes_is_looked_for_from_24_weeks(week, told):
    assert ("pregnancy-glucose" in found(mother(week))) is told


def test_a_challenge_counts_from_week_20_and_known_diabetes_needs_none():
    for weeks_ago, told in ((6, False), (7, True)):
        done = lab("1504-0", ("118", ago(weeks=weeks_ago)), unit="mg/dL")
        assert ("pregnancy-glucose" in found(mother(26, labs=(done,)))) is told
    assert "pregnancy-glucose" not in found(mother(26, problems=has("O24.410")))


@pytest.mark.parametrize(("week", "told"), [(26, False), (27, True), (36, True), (37, False)])
def test_tdap_is_for_27_to_36_weeks_of_each_pregnancy(week, told):
    assert ("pregnancy-tdap" in found(mother(week, immunizations=(dose("115", months(20)),)))) is told


@pytest.mark.parametrize(("week", "told"), [(11, False), (12, True)])
def test_first_blood_tests_are_expected_from_12_weeks(week, told):
    assert ("pregnancy-booking-bloods" in found(mother(week))) is told


@pytest.mark.parametrize(("days", "told"), [(42, False), (43, True)])
def test_blood_pressure_in_pregnancy_counts_for_six_weeks(days, told):
    assert ("pregnancy-blood-pressure" in found(mother(26, vitals=(pressure(110, 70, ago(days=days)),)))) is told


def test_weeks_go_on_from_when_they_were_stated():
    assert "pregnancy-glucose" in found(mother(26, noted=10))
    coded = has("Z34.02", "Z3A.16", recorded=When(start=NOW - timedelta(weeks=8)))
    assert "pregnancy-glucose" in found(chart(person(28, pregnant=True), problems=coded))


def test_an_earlier_pregnancy_tells_no_weeks():
    old = has("Z3A.30", recorded=months(14))
    assert not [t for t in found(chart(person(28, pregnant=True), problems=old)) if t.startswith("pregnancy")]


def test_a_minor_who_is_pregnant_has_the_gaps_of_pregnancy_alone():
    assert {t.split("-")[0] for t in found(mother(26, years=16))} == {"pregnancy"}


def test_in_pregnancy_no_screening_and_of_the_vaccines_influenza_alone():
    gaps = found(mother(20, years=42))
    assert not [t for t in gaps if t.startswith("screening")]
    assert gaps["vaccines"].values["due"] == "influenza"


def test_a_suspected_disease_is_no_disease():
    suspected = replace(problem("", ("http://hl7.org/fhir/sid/icd-10-cm", DM2)), verification="provisional")
    assert "diabetes-hba1c-due" not in found(chart(problems=(suspected,)))


@pytest.mark.parametrize(
    "words", ["Hospice care", "Receiving palliative care", "Terminally ill", "Comfort measures only"]
)
def test_comfort_care_in_words_alone_ends_the_looking_for_gaps(words):
    assert found(chart(WOMAN, problems=(problem(words), *has(DM2)))) == {}
    assert found(chart(WOMAN, procedures=(did(words, ago(days=30)),), problems=has(DM2))) == {}


def test_comfort_care_of_a_relative_or_refused_does_not():
    assert found(chart(WOMAN, problems=(problem("Mother in hospice"), *has(DM2))))
    assert found(chart(WOMAN, procedures=(did("Hospice referral declined", ago(days=30)),), problems=has(DM2)))


@pytest.mark.parametrize("words", ["S/P hysterectomy", "Status post TAH/BSO"])
def test_a_hysterectomy_on_the_problem_list_ends_cervical_screening(words):
    assert "screening-cervical" not in found(chart(person(45), problems=(problem(words),)))
    assert "screening-cervical" in found(chart(person(45), problems=(problem("Family history of hysterectomy"),)))

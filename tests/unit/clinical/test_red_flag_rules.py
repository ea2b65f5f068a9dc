"""Each red flag: its own example fires, the other does not; grades in both settings; what a finding may hold."""

from dataclasses import replace

import pytest

from cds_service.clinical.red_flags.discriminators import DISCRIMINATORS
from cds_service.clinical.red_flags.lexicon import LEXICON
from cds_service.clinical.red_flags.rules import NO_COMPLAINT, RULES, check, named_by, rule_id
from cds_service.clinical.rule import RuleContext
from cds_service.domain import Priority
from cds_service.settings import Setting
from fhir_mappers.case import Coding, Concept, Medication
from fhir_mappers.fields import RXNORM
from tests.unit.clinical.build import WELL, ago, case, note, person, problem, vitals

BY_ID = {rule.id: rule for rule in RULES}
FP, ED = Setting.FAMILY_PRACTICE, Setting.ED
M, H, C = Priority.MEDIUM, Priority.HIGH, Priority.CRITICAL


def run(flag, chart, setting=FP):
    return BY_ID[f"red-flag-{flag}"].evaluate(RuleContext(case=chart, setting=setting))


def grade(flag, text, setting=FP, **fields):
    findings = run(flag, case(text, **fields), setting).findings
    return findings[0].priority if findings else None


@pytest.mark.parametrize("flag", LEXICON.flags, ids=lambda f: f.id)
@pytest.mark.parametrize("setting", Setting)
def test_the_example_of_each_flag_fires_and_the_other_does_not(flag, setting):
    rule = BY_ID[rule_id(flag)]
    fired = rule.evaluate(RuleContext(case=case(flag.fires), setting=setting)).findings
    assert [f.rule for f in fired] == [rule.id]
    assert rule.evaluate(RuleContext(case=case(flag.quiet), setting=setting)).findings == ()


@pytest.mark.parametrize("flag", [f for f in LEXICON.flags if f.mandatory], ids=lambda f: f.id)
def test_mandatory_flags_are_at_least_high_in_a_family_practice(flag):
    (finding,) = BY_ID[rule_id(flag)].evaluate(RuleContext(case=case(flag.fires), setting=FP)).findings
    assert finding.priority >= H
    assert finding.where_and_when


def test_the_flags_of_the_safety_requirements_are_mandatory():
    required = {
        "chest-pain",
        "breathing-difficulty",
        "severe-bleeding",
        "loss-of-consciousness",
        "stroke-signs",
        "sudden-numbness",
        "trouble-speaking",
        "vision-changes",
    }
    assert required <= {f.id for f in LEXICON.flags if f.mandatory}


def test_a_lexicon_that_lowers_a_mandatory_flag_is_refused():
    flag = next(f for f in LEXICON.flags if f.id == "chest-pain")
    lowered = replace(flag, grades={**flag.grades, FP: replace(flag.grades[FP], base=M)})
    others = tuple(f for f in LEXICON.flags if f is not flag)
    with pytest.raises(ValueError, match="at least High"):
        check(replace(LEXICON, flags=(lowered, *others)))


def test_a_lexicon_that_names_an_unknown_discriminator_is_refused():
    flag = LEXICON.flags[0]
    odd = replace(flag, grades={**flag.grades, ED: replace(flag.grades[ED], raised={H: ("moon-phase",)})})
    with pytest.raises(ValueError, match="unknown discriminators"):
        check(replace(LEXICON, flags=(odd,)))


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("stroke-signs", "facial droop"),
        ("severe-bleeding", "bleeding heavily"),
        ("loss-of-consciousness", "unresponsive"),
        ("anaphylaxis", "throat is closing"),
        ("breathing-difficulty", "severe shortness of breath"),
        ("breathing-difficulty", "can't breathe"),
        ("overdose", "took a handful of pills"),
        ("suicidality", "suicidal with a plan to hang himself"),
        ("chest-pain", "crushing chest pain, sweating"),
    ],
)
def test_these_are_critical_in_a_family_practice(flag, text):
    assert grade(flag, text) is C


@pytest.mark.parametrize(
    ("flag", "text", "fp", "ed"),
    [
        ("chest-pain", "chest pain", H, M),
        ("breathing-difficulty", "SOB", H, M),
        ("loss-of-consciousness", "fainted", H, M),
        ("sudden-numbness", "numb foot", H, M),
        ("vision-changes", "blurry vision", H, M),
        ("suicidality", "suicidal thoughts", H, H),
    ],
)
def test_everyone_in_an_emergency_department_has_a_complaint(flag, text, fp, ed):
    young = person(25)
    assert (grade(flag, text, FP, who=young), grade(flag, text, ED, who=young)) == (fp, ed)


@pytest.mark.parametrize(
    "fields",
    [
        {"who": person(45)},
        {
            "who": person(25),
            "problems": (problem("", ("http://hl7.org/fhir/sid/icd-10-cm", "I25.10"), onset=ago(days=900)),),
        },
        {"who": person(25), "vitals": (vitals({**WELL, "heart_rate": 115, "respiratory_rate": 21}),)},
        {"who": person(25), "documents": (note("Pain radiates to the left arm, diaphoretic."),)},
    ],
    ids=["age", "coronary disease", "vital signs", "features"],
)
def test_discriminators_raise_chest_pain_in_the_emergency_department(fields):
    assert grade("chest-pain", "chest pain", ED, who=person(25)) is M
    assert grade("chest-pain", "chest pain", ED, **fields) is H


def test_vital_signs_raise_a_flag_in_a_family_practice():
    assert grade("breathing-difficulty", "SOB", vitals=(vitals({"spo2": 89}),)) is C
    assert grade("breathing-difficulty", "SOB", vitals=(vitals({"spo2": 90}),)) is H
    assert grade("chest-pain", "chest pain", vitals=(vitals({"systolic": 89}),)) is C
    assert grade("seizure", "seizure", vitals=(vitals(level="Responds to voice"),)) is C


def test_stale_vital_signs_raise_nothing():
    assert grade("breathing-difficulty", "SOB", vitals=(vitals({"spo2": 80}, minutes=25 * 60),)) is H


def test_a_suspicion_is_high_at_most_and_says_so():
    (finding,) = run("stroke-signs", case("r/o stroke")).findings
    assert finding.priority is H
    assert finding.title == "Stroke signs suspected"


def test_a_suspicion_in_a_note_is_its_plan_and_makes_no_finding():
    assert run("stroke-signs", case("dizzy", documents=(note("Possible stroke in differential."),))).findings == ()


def test_pain_in_pregnancy_needs_a_pregnancy():
    assert grade("pregnancy-emergency", "severe abdominal pain", who=person(28)) is None
    assert grade("pregnancy-emergency", "severe abdominal pain", who=person(28, pregnant=True)) is C
    assert grade("pregnancy-emergency", "10 weeks pregnant, abdominal pain", who=person(28)) is H


def test_meningitis_signs_need_a_fever_in_words_or_degrees():
    assert grade("meningitis-signs", "stiff neck") is None
    assert grade("meningitis-signs", "stiff neck and fever") is H
    assert grade("meningitis-signs", "stiff neck", vitals=(vitals({"temperature": "38.0"}),)) is H
    assert grade("meningitis-signs", "stiff neck, no fever", vitals=(vitals({"temperature": "37.0"}),)) is None


def test_without_a_reason_for_the_visit_that_is_said():
    assert run("chest-pain", case()).not_evaluated == (NO_COMPLAINT,)
    assert run("chest-pain", case("ankle sprain")).not_evaluated == ()


def test_a_finding_holds_lexicon_terms_handles_and_reasons_only():
    chart = case("Zelda Zzyzx: crushing chest pains going down my left arm", who=person(60))
    (finding,) = run("chest-pain", chart).findings
    assert finding.reason == "Named in the presenting complaint: chest pain; Critical because of cardiac features."
    assert finding.values == {
        "terms": "chest pain",
        "origin": "presenting complaint",
        "raised_by": "feature:cardiac-features & not feature:chest-wall",
    }
    assert finding.sources == ("enc-1",)
    assert "zzyzx" not in repr(finding).lower()


def test_where_and_when_depends_on_the_setting():
    (practice,) = run("stroke-signs", case("facial droop")).findings
    (department,) = run("stroke-signs", case("facial droop"), ED).findings
    assert "911" in practice.where_and_when
    assert "15 minutes" in department.where_and_when


def test_every_discriminator_and_feature_is_used():
    used = set().union(*(named_by(flag) for flag in (*LEXICON.flags, *LEXICON.families)))
    assert set(DISCRIMINATORS) <= used
    read_by_discriminators = {"fever", "pregnancy", "vomiting", "immune-weak", "blood-thinner", "diabetes", "dizzy"}
    read_by_discriminators |= {"unborn-moves", "haemolysed-sample"}  # the latter by critical_labs
    assert {f.id for f in LEXICON.features} <= {n.removeprefix("feature:") for n in used} | read_by_discriminators


def test_a_lasting_numbness_is_not_called_sudden():
    def title(text):
        return run("sudden-numbness", case(text)).findings[0].title

    assert title("numbness in both feet for the past 3 years") == "Numbness or weakness named"
    assert title("chronic numbness in both feet") == "Numbness or weakness named"
    assert title("chronic neuropathy, sudden numbness of the arm") == "Sudden numbness"
    assert title("left arm numb since an hour") == "Sudden numbness"
    assert grade("sudden-numbness", "numbness in both feet for 3 years") is H


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("altered-mental-status", "feeling lethargic"),
        ("altered-mental-status", "tired for weeks"),
        ("altered-mental-status", "confused about which pill to take"),
        ("altered-mental-status", "confused about her referral"),
        ("loss-of-consciousness", "passed out a kidney stone"),
        ("loss-of-consciousness", "passed out kidney stone"),
        ("loss-of-consciousness", "passing out gas"),
        ("suicidality", "at the end of it all he felt fine"),
        ("suicidality", "happy to be here"),
        ("sepsis", "chemo infusion today"),
        ("sepsis", "fever"),
        ("head-injury", "hit his head on a shelf"),
        ("head-injury", "vomiting, headache"),
    ],
)
def test_these_are_not_emergencies(flag, text):
    assert grade(flag, text) is None


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("altered-mental-status", "very lethargic"),
        ("altered-mental-status", "baby is lethargic"),
        ("altered-mental-status", "confused about where she is"),
        ("loss-of-consciousness", "passed out at home"),
        ("suicidality", "thinking of ending it all"),
        ("suicidality", "wants to end it all"),
        ("suicidality", "I don't want to be here anymore"),
        ("sepsis", "fever 5 days after chemo"),
        ("sepsis", "on chemotherapy, fever of 101"),
        ("sepsis", "neutropenic fever"),
        ("head-injury", "head injury with vomiting"),
        ("head-injury", "hit her head, confused since"),
        ("head-injury", "hit his head and passed out"),
        ("head-injury", "fell and hit my head, on eliquis"),
    ],
)
def test_these_are_high_in_a_family_practice(flag, text):
    assert grade(flag, text) is H


@pytest.mark.parametrize(
    ("concept", "expected"),
    [
        (Concept(text="Apixaban 5 mg tablet"), H),
        (Concept(codings=(Coding(system=RXNORM, code="11289"),)), H),
        (Concept(codings=(Coding(system="http://example.org/codes", code="11289"),)), None),
        (Concept(text="Aspirin 81 mg"), None),
    ],
)
def test_a_head_injury_counts_beside_an_anticoagulant_of_the_chart(concept, expected):
    taken = (Medication(concept=concept, status="active", source="med-1"),)
    assert grade("head-injury", "hit his head on a shelf", medications=taken) is expected


def test_an_extra_pill_is_no_overdose_and_extra_insulin_is_high():
    assert grade("overdose", "took an extra pill") is M
    assert grade("overdose", "took an extra dose of insulin") is H
    assert grade("overdose", "took too many pills") is C


def test_headache_with_visual_spots_counts_in_pregnancy():
    text = "headache and visual spots"
    assert grade("pregnancy-emergency", text, who=person(28, pregnant=True)) is H
    assert grade("pregnancy-emergency", text, who=person(28)) is None
    assert grade("pregnancy-emergency", "mild headache", who=person(28, pregnant=True)) is None


def test_a_finding_tells_the_value_that_raised_it_and_its_resource():
    (finding,) = run("breathing-difficulty", case("SOB", vitals=(vitals({"spo2": 89}),))).findings
    assert finding.reason.endswith("Critical because of oxygen saturation below 90 % (oxygen saturation 89 %).")
    assert finding.values["spo2"] == 89
    assert finding.sources == ("enc-1", "obs-spo2")
    (quiet,) = run("breathing-difficulty", case("SOB", vitals=(vitals({"spo2": 97}),))).findings
    assert quiet.sources == ("enc-1",)

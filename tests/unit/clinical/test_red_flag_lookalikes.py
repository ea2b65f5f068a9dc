"""Words that look like an emergency and are none, each kind beside those that are one."""

import pytest

from cds_service.clinical.complaints import evaluate as complaint_rule
from cds_service.clinical.registry import evaluate
from cds_service.clinical.rule import RuleContext
from cds_service.domain import Priority
from cds_service.settings import Setting
from tests.unit.clinical.build import case, person

FP, ED = Setting.FAMILY_PRACTICE, Setting.ED
WOMAN = person(30)


def raised(text, setting=FP, who=WOMAN):
    """The red flags of a complaint with their priorities."""
    found = evaluate(case(text, who=who), setting).findings
    return {f.rule.removeprefix("red-flag-"): f.priority for f in found if f.rule.startswith("red-flag-")}


def families(text):
    findings = complaint_rule(RuleContext(case=case(text, who=WOMAN), setting=FP)).findings
    return {name for f in findings for name in f.values["families"].split(", ")}


# -- an unborn child that moves less (RCOG Green-top Guideline 57) ----------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "34 weeks, baby moves less than usual",
        "no fetal movement since last night",
        "pregnant 35 weeks, baby has gone quiet",
        "baby's kicks are much weaker, 31 weeks",
        "38 weeks and the little one hasn't kicked all day",
        "29 weeks pregnant, movements have slowed down",
        "my baby isn't as active as before, due in 4 weeks",
        "RFM at 34 weeks",
        "reduced FM since yesterday",
        "unborn baby hardly moved today",
        "third trimester, change in baby's movements",
    ],
)
def test_an_unborn_child_that_moves_less_is_urgent(text):
    assert raised(text).get("pregnancy-emergency") is Priority.HIGH


@pytest.mark.parametrize(
    "text",
    [
        "28 weeks pregnant, baby moving well",
        "32 weeks, no decrease in fetal movement",
        "denies decreased fetal movement, prenatal check",
        "baby never stops moving, 33 weeks",
        "not yet feeling baby move, 14 weeks pregnant",
        "knee moves less since surgery",
    ],
)
def test_an_unborn_child_that_moves_well_is_not(text):
    assert "pregnancy-emergency" not in raised(text)


def test_a_child_that_has_been_born_is_not_taken_for_an_unborn_one():
    assert "pregnancy-emergency" not in raised("baby moving less since the fever", who=person(0, 5))


# -- torsion of an ovary (ACOG Committee Opinion 783) -----------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "suspected ovarian torsion",
        "sudden stabbing pain low on the left side of my tummy",
        "excruciating pain on one side of my lower abdomen",
        "sudden intense pain near my left ovary",
        "pain in the lower left abdomen came on all at once, throwing up",
        "ovarian cyst, sudden pain on that side",
        "right sided pelvic pain, severe",
        "severe pain low down on my left side since an hour",
    ],
)
def test_sudden_or_severe_pelvic_pain_of_one_side_is_urgent(text):
    assert raised(text).get("pelvic-emergency") is Priority.HIGH
    assert raised(text, ED).get("pelvic-emergency") is Priority.HIGH


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("history of ovarian torsion 2015, annual exam", WOMAN),
        ("constipation and mild left lower belly ache", WOMAN),
        ("severe chronic pelvic ache for years, as usual", WOMAN),
        ("sudden severe low back pain on the left", WOMAN),
        ("sudden pain in the lower left abdomen", person(30, sex="male")),
        ("sudden pain in the lower left abdomen", person(70)),
    ],
)
def test_other_pain_is_no_torsion_of_an_ovary(text, who):
    assert "pelvic-emergency" not in raised(text, who=who)


# -- look-alikes ------------------------------------------------------------------------------------------------------

NO_ALARM = [
    ("severe-skin", "crepitus on moving both knees"),
    ("severe-skin", "shoulder crepitus with pain"),
    ("severe-skin", "exam: crepitus with flexion of knee"),
    ("severe-skin", "knee crackles when I climb stairs"),
    ("severe-skin", "crepitus on palpation of the hip"),
    ("vision-changes", "can't see why I need these pills"),
    ("vision-changes", "cannot see the point of the tablets"),
    ("vision-changes", "can hardly see why I need these pills"),
    ("vision-changes", "can't see how this helps"),
    ("vision-changes", "couldn't see any benefit"),
    ("vision-changes", "unable to see my GP until Monday"),
    ("overdose", "food is poisoned"),
    ("overdose", "they are poisoning me"),
    ("overdose", "believes the meals were poisoned"),
    ("overdose", "convinced that the nurses put poison in his tea"),
    ("overdose", "people want to poison him"),
    ("overdose", "thinks the neighbours poison her water"),
    ("overdose", "refuses meals, poisoned by staff she says"),
    ("stroke-signs", "talking nonstop and acting strange"),
    ("stroke-signs", "talking about weird things"),
    ("trouble-speaking", "unable to stop talking"),
    ("diabetic-emergency", "9 weeks pregnant, vomiting, ketones 3+"),
    ("diabetic-emergency", "hyperemesis, large ketones"),
    ("acute-abdomen", "gallstone twinges, nothing today"),
    ("acute-abdomen", "asymptomatic gallstones"),
    ("acute-abdomen", "gallstone attack last week, none since"),
    ("acute-abdomen", "biliary colic settled, awaiting surgery"),
    ("throat-airway", "nosebleed 2 hours ago, stopped when I pinched it"),
    ("throat-airway", "nosebleed lasted half an hour but has stopped"),
    ("throat-airway", "nosebleed for an hour, stopped by itself"),
]

ALARM = [
    ("severe-skin", "crepitus under the skin of the leg"),
    ("severe-skin", "leg wound with crepitus"),
    ("severe-skin", "skin over the knee is red with crepitus"),
    ("severe-skin", "soft tissue crepitus"),
    ("severe-skin", "red swollen calf crackles when pressed"),
    ("severe-skin", "cellulitis of the arm, crepitus"),
    ("vision-changes", "can't see properly since this morning"),
    ("vision-changes", "can't see how many fingers you hold up"),
    ("vision-changes", "can't see that well any more"),
    ("vision-changes", "can't see myself in the mirror"),
    ("vision-changes", "can't see why, my left eye went dark"),
    ("overdose", "ate rat poison"),
    ("overdose", "tried to poison himself"),
    ("overdose", "poisoned by her husband's weed killer"),
    ("overdose", "put poison in his own tea and drank it"),
    ("overdose", "thinks he took poison"),
    ("overdose", "poisoned by carbon monoxide"),
    ("overdose", "I think I was poisoned at work"),
    ("stroke-signs", "talking funny and acting strange"),
    ("stroke-signs", "talking nonstop and speech is slurred"),
    ("trouble-speaking", "stopped talking, trouble speaking"),
    ("diabetic-emergency", "vomiting, ketones 3+"),
    ("diabetic-emergency", "gestational diabetes, vomiting, ketones large"),
    ("diabetic-emergency", "pregnant, DKA"),
    ("diabetic-emergency", "pregnant, vomiting, ketones 3+, sugar 400"),
    ("acute-abdomen", "gallstone attack again tonight"),
    ("acute-abdomen", "gallstone pain, no relief now"),
    ("acute-abdomen", "gallstones, no pain now, fever"),
    ("throat-airway", "nosebleed for an hour, pinching does nothing"),
    ("throat-airway", "nosebleed for 3 hours, stopped but started again"),
    ("throat-airway", "nosebleed for 2 hours and has not stopped"),
    ("throat-airway", "bleeding after tonsils out, stopped now"),
]


@pytest.mark.parametrize(("flag", "text"), NO_ALARM)
def test_these_words_only_look_like_an_emergency(flag, text):
    assert flag not in raised(text)


@pytest.mark.parametrize(("flag", "text"), ALARM)
def test_words_near_them_are_one(flag, text):
    assert raised(text).get(flag, Priority.LOW) >= Priority.HIGH


def test_ketones_in_pregnancy_are_seen_the_same_day():
    assert "pregnancy-concern" in families("pregnant, ketones 3+")


@pytest.mark.parametrize("text", ["food is poisoned", "they are poisoning me", "people want to poison him"])
def test_the_belief_of_being_poisoned_is_a_psychiatric_concern(text):
    assert raised(text)["severe-mental-crisis"] >= Priority.HIGH
    assert raised(text, ED)["severe-mental-crisis"] >= Priority.MEDIUM


@pytest.mark.parametrize(
    "text",
    [
        "piles, spotting when I wipe",
        "hemorrhoids with spotting on toilet paper",
        "spotting on wiping after hard stool",
        "spotting of blood on wiping, known piles",
    ],
)
def test_spotting_of_piles_or_hard_stool_is_not_vaginal(text):
    assert families(text)
    assert not families(text) & {"vaginal-bleeding", "spotting"}


@pytest.mark.parametrize(
    "text",
    ["spotting for a week", "piles and vaginal spotting", "spotting after sex, also piles", "spotting when I wipe"],
)
def test_other_spotting_may_be(text):
    assert families(text) & {"vaginal-bleeding", "spotting"}


# -- "out of it": a person who is not with us, or an eye that sees nothing ---------------------------------------------


@pytest.mark.parametrize(
    "text", ["grandma is out of it since last night", "he seems a bit out of it", "found out of it on the sofa"]
)
def test_who_is_out_of_it_is_confused(text):
    assert "altered-mental-status" in raised(text)


@pytest.mark.parametrize(
    "text",
    [
        "my eye is red and I can hardly see out of it",
        "a boil with pus coming out of it",
        "the wound has fluid leaking out of it",
    ],
)
def test_what_comes_out_of_it_confuses_nobody(text):
    assert "altered-mental-status" not in raised(text)


@pytest.mark.parametrize("text", ["can hardly see with the left eye since noon", "I could barely see all morning"])
def test_who_can_hardly_see_has_a_change_of_vision(text):
    assert any("vis" in name for name in raised(text))

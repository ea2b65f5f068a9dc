"""Lines as desks and lay people write them, each by itself: which are urgent in a family practice and which are not."""

import pytest

from cds_service.clinical.complaints import evaluate as complaint_rule
from cds_service.clinical.registry import evaluate
from cds_service.clinical.rule import RuleContext
from cds_service.domain import Priority, floor_of
from cds_service.settings import Setting
from tests.unit.clinical.build import case, person

URGENT_DESK = [
    "62M crushing CP rad to jaw, diaphoretic",
    "CP on and off since last wk, worse walking uphill",
    "found on floor by neighbor, not responding",
    "syncope while jogging",
    "face drooping + R arm weak since 1430",
    "woke up w/ double vision",
    "headache sudden onset during sex, 10/10",
    "first time seizure this am, post ictal now ok",
    "actively seizing",
    "temp 103 stiff neck photophobia",
    "ate peanut, wheezing + hives",
    "OD on tylenol, 30 tabs",
    "thoughts of suicide, no plan",
    "hearing voices, paranoid",
    "alcohol w/d, last drink yesterday, tremor",
    "vomiting coffee grounds",
    "black stools x3 days on naproxen",
    "bleeding from leg wound, soaked 2 towels",
    "RLQ pain, fever, anorexia",
    "hernia stuck out, very painful, vomiting",
    "testicular pain since 2 hours",
    "no urine since yesterday, lower abd pain",
    "8 wks pregnant bleeding and cramps",
    "36 weeks, decreased fetal movement",
    "4 days postpartum, soaking a pad an hour",
    "left calf swollen red painful after surgery",
    "cold blue right foot",
    "palpitations HR 160 per watch, lightheaded",
    "chemo patient fever 38.6",
    "baby 5 weeks old fever",
    "infant blue and limp",
    "4 yo barking cough, stridor at rest",
    "sugar 520, vomiting, type 1",
    "blood sugar 42, sweaty",
    "fell off ladder 12 ft, back pain",
    "wrist deformed after fall",
    "hip pain after fall, 85 yo, can't walk",
    "bleach in eye",
    "sudden flashes and curtain in left eye",
    "sore throat can't swallow spit, drooling",
    "burn on face from grease",
    "electrocuted by outlet, chest pain",
    "snake bite",
    "LBP with leg weakness and can't hold urine",
    "domestic violence, punched in face",
    "sexual assault last night",
    "confused since this morning, 82 yo, UTI?",
    "K 6.9 on labs",
    "SOB with leg swelling, can't lie flat",
    "red hot knee with fever",
    "shingles near eye, eye red",
    "swallowed button battery",
    "object stuck in throat, drooling",
    "near drowning",
    "carbon monoxide alarm, headache whole family",
    "rash purple not blanching, fever",
    "diarrhea, very weak, dizzy, no urine today",
    "weak all over, missed dialysis",
]

MISTYPED = [
    "lfet side weakness",
    "cant breath",
    "difficulty breating",
    "chset pain",
    "chest pian",
    "cheast pain radiating to left arm",
    "short of breth",
    "rt testical pain and vomiting",
]

NEEDS_MORE_WORDS = [
    "SI with plan",
    "cutting wrists",
    "fit lasting 10 min",
    "epipen used",
    "bleeding thru bandage",
    "cancer treatment and fever 102",
    "lost control of bladder back pain legs weak",
    "sugar 28 sweating shaking",
    "kid ate mom's blood pressure pills",
    "my chest feels funny",
]

ABOUT_A_DISEASE = [
    "worried about stroke",
    "afraid of having a heart attack",
    "wants to know about heart attack risk",
    "worried I might have a heart attack someday",
    "stroke follow up",
    "stroke prevention",
    "hot flashes",
    "contact lens",
    "numb after dentist",
]

NOT_URGENT_DESK = [
    "dizzy when getting up, new BP med",
    "tension headache 4 days, stress",
    "hives after new soap, breathing fine",
    "epigastric pain after meals 2 wks",
    "UTI sx, no fever",
    "breast tender red, breastfeeding",
    "toddler fever 1 day drinking well",
    "ear infection, tugging ear",
    "ankle twisted, swollen",
    "ingrown toenail",
    "dog bit hand yesterday, red",
    "pink eye with goop",
    "sore throat and runny nose 2 days",
    "tooth abscess",
    "sunburn",
    "mosquito bite itchy",
    "chronic back pain needs refill of meloxicam",
    "flu shot",
    "need note for school",
    "BP check, no symptoms",
    "BP 190/110 no symptoms",
    "cough 2 weeks with yellow phlegm and fever",
    "gout flare big toe",
    "shingles on chest",
    "acne",
    "hx stroke 2018, annual exam",
    "seizure disorder stable, keppra refill",
    "dad had MI, wants cholesterol check",
    "s/p appendectomy 2 weeks, staple removal, healing well",
    "anxiety meds refill, doing well",
    "allergies acting up",
    "wants STD testing no symptoms",
    "insomnia for months",
    "panic attack this morning, better now",
    "rash and fever 2 days, age 30",
    "diarrhea 5 days",
    "foot ulcer diabetic",
    "jaundice x1 wk",
]

URGENT_LAY = [
    "it feels like somebody is standing on my breastbone and my arm went dead",
    "grandpa just slumped over his soup and we couldn't rouse him for a minute",
    "my lips ballooned up and I sound like a frog after the satay",
    "half of her face isn't moving when she smiles",
    "he cannot get enough air, he is sitting bolt upright fighting for it",
    "words are coming out scrambled since lunch",
    "I keep thinking everyone would be happier if I was gone, I bought rope",
    "our newborn is like a rag doll and skips every bottle",
    "the toilet bowl was full of dark red after I went",
    "my vision went like someone pulled a blind down over one eye",
    "swallowed a fistful of sleeping tablets an hour ago",
    "she shook all over, eyes rolled up, wet herself",
    "my leg turned ice cold and white as a sheet, no feeling in it",
    "the worst pain ever hit the back of my skull like a hammer",
    "numb down there and no idea when I need the bathroom",
    "ripped feeling between my shoulder blades that came out of nowhere",
    "due next month and the baby stopped kicking",
    "one of his balls is agony since he woke up",
    "stomach is like a plank, he can't stand being touched",
    "sugar meter just reads HI and he smells like nail polish remover",
    "diabetic husband is pouring sweat and talking nonsense",
    "cut his wrist with the table saw, it is squirting",
    "pulled her out of the bath, she was under the water",
    "drank drain opener by accident",
    "heart is going like a train and I nearly keeled over",
    "coughing up rusty bright red stuff and one calf is huge",
    "thumb got sliced clean off",
    "stung by hornets, itchy lumps everywhere and throat closing",
    "he hears people in the walls telling him to stab his roommate",
]

MINOR_LAY = [
    "need the yellow form for camp signed",
    "my nose has been running like a tap since Tuesday",
    "bit of dandruff that will not go away",
    "the pharmacy says no repeats left on my cholesterol tablets",
    "toenail has gone thick and yellow",
    "would like to talk about coming off the pill",
    "old football knee grumbles when it rains",
    "kid has head lice again",
    "need jabs for a trip to Peru",
    "ear feels bunged up after swimming, no pain",
    "mild heartburn after curry",
    "the mole on my back looks the same but wife wants it checked",
    "can't drop off to sleep since the clocks changed",
    "hiccups on and off",
    "itchy patch on elbow for weeks",
    "a cold sore is coming up",
    "gassy and bloated after beans",
    "stiff neck from sleeping funny",
    "dry eyes at the computer",
    "paper cut on finger, not bleeding now",
    "my usual spring sneezing is back",
    "heel sore with the first steps of the day",
    "hot flushes at night",
    "wart on thumb",
    "sunburnt shoulders, peeling",
    "constipated for three days, otherwise ok",
    "scratchy throat, lost my voice at karaoke",
    "pulled a muscle gardening, getting better",
    "wants her blood results explained",
    "razor bumps",
]

AGES = {
    "baby 5 weeks old fever": person(0, 1),
    "infant blue and limp": person(0, 1),
    "toddler fever 1 day drinking well": person(2),
    "4 yo barking cough, stridor at rest": person(4),
    "hip pain after fall, 85 yo, can't walk": person(85),
    "our newborn is like a rag doll and skips every bottle": person(0, 0),
}


HEART_AT_45 = [
    "jaw pain and sweating",
    "pain between shoulder blades and sweaty",
    "indigestion and left arm pain",
]


def floor(text):
    chart = case(text, who=AGES.get(text, person(35)))
    found = evaluate(chart, Setting.FAMILY_PRACTICE).findings
    beside = complaint_rule(RuleContext(case=chart, setting=Setting.FAMILY_PRACTICE)).findings
    return floor_of((*found, *beside))


@pytest.mark.parametrize("text", [*URGENT_DESK, *URGENT_LAY, *MISTYPED, *NEEDS_MORE_WORDS])
def test_these_lines_are_urgent(text):
    assert floor(text) >= Priority.HIGH


@pytest.mark.parametrize("text", [*NOT_URGENT_DESK, *MINOR_LAY])
def test_these_lines_are_not(text):
    assert floor(text) < Priority.HIGH


@pytest.mark.parametrize("text", ABOUT_A_DISEASE)
def test_a_disease_that_is_feared_or_looked_after_is_not_urgent(text):
    assert floor(text) < Priority.HIGH


@pytest.mark.parametrize(
    "text", ["worried about stroke, left arm numb", "worried about meningitis, fever", "sepsis screening positive"]
)
def test_a_symptom_beside_a_feared_disease_is_urgent(text):
    assert floor(text) >= Priority.HIGH


@pytest.mark.parametrize(("years", "urgent"), [(45, True), (44, False)])
@pytest.mark.parametrize("text", HEART_AT_45)
def test_a_heart_attack_may_be_felt_beside_the_chest_from_45_years(text, years, urgent):
    found = evaluate(case(text, who=person(years)), Setting.FAMILY_PRACTICE).findings
    assert (floor_of(found) >= Priority.HIGH) is urgent


def test_a_term_that_lacks_what_it_needs_is_no_understanding():
    chart = case("head wobble zzz chemo")
    notes = complaint_rule(RuleContext(case=chart, setting=Setting.FAMILY_PRACTICE)).not_evaluated
    assert [n.what for n in notes] == ["presenting complaint"]

"""How text is read: desk abbreviations, lay words, denial, history, relatives, suspicions, notes and intake."""

import pytest

from cds_service.clinical.red_flags.lexicon import LEXICON, load
from cds_service.clinical.red_flags.mention import Origin, Statement, Status
from cds_service.clinical.red_flags.patterns import compile_patterns
from cds_service.clinical.red_flags.reading import read, read_mentions
from cds_service.clinical.red_flags.text import sentences
from tests.unit.clinical.build import ago, answer, case, complaint, note, problem

ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"
FLAGS = {flag.id for flag in LEXICON.flags}


def flags(text, origin=Origin.COMPLAINT):
    """Affirmed flags (not features) in one text."""
    mentions = read(Statement(text=text, origin=origin, source="s"))
    return {m.flag for m in mentions if m.affirmed} & FLAGS


def statuses(text, flag, origin=Origin.COMPLAINT):
    return [m.status for m in read(Statement(text=text, origin=origin, source="s")) if m.flag == flag]


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("c/o CP", "chest-pain"),
        ("Chest pressure radiating to jaw", "chest-pain"),
        ("my chest feels tight", "chest-pain"),
        ("an elephant sitting on my chest", "chest-pain"),
        ("Pain in the left side of my chest", "chest-pain"),
        ("pain, chest", "chest-pain"),
        ("CP/SOB", "chest-pain"),
        ("+CP", "chest-pain"),
        ("S.O.B. x2d", "breathing-difficulty"),
        ("can’t catch my breath", "breathing-difficulty"),
        ("DYSPNEA", "breathing-difficulty"),
        ("hard time breathing at night", "breathing-difficulty"),
        ("cannot breathe", "breathing-difficulty"),
        ("child is not breathing", "breathing-difficulty"),
        ("short of breath", "breathing-difficulty"),
        ("bleeding that won't stop", "severe-bleeding"),
        ("throwing up blood", "severe-bleeding"),
        ("black tarry stools", "severe-bleeding"),
        ("LOC x 1 min after fall", "loss-of-consciousness"),
        ("he blacked out", "loss-of-consciousness"),
        ("syncopal episode", "loss-of-consciousness"),
        ("found unresponsive", "loss-of-consciousness"),
        ("grandma won't wake up", "loss-of-consciousness"),
        ("face is drooping on one side", "stroke-signs"),
        ("rt sided weakness", "stroke-signs"),
        ("can't lift his left arm", "stroke-signs"),
        ("slurring his words", "stroke-signs"),
        ("sudden loss of balance", "stroke-signs"),
        ("CVA", "stroke-signs"),
        ("trouble finding words", "trouble-speaking"),
        ("she can't speak", "trouble-speaking"),
        ("aphasia", "trouble-speaking"),
        ("pins and needles in left hand", "sudden-numbness"),
        ("numbness right leg", "sudden-numbness"),
        ("blurry vision", "vision-changes"),
        ("seeing double", "vision-changes"),
        ("can't see from my right eye", "vision-changes"),
        ("AMS", "altered-mental-status"),
        ("confused and not making sense", "altered-mental-status"),
        ("convulsions", "seizure"),
        ("thunderclap headache", "severe-headache"),
        ("HA, worst ever", "severe-headache"),
        ("overdosed on tylenol", "overdose"),
        ("swallowed a button battery", "overdose"),
        ("drank bleach", "overdose"),
        ("tongue swelling after bee sting", "anaphylaxis"),
        ("anaphylactic reaction", "anaphylaxis"),
        ("SI/HI", "suicidality"),
        ("wants to end her life", "suicidality"),
        ("cut my wrists", "suicidality"),
    ],
)
def test_emergencies_are_recognised(text, flag):
    assert flag in flags(text)


@pytest.mark.parametrize(
    "text",
    [
        "denies chest pain",
        "no SOB",
        "without chest pain",
        "no fever, cough or chest pain",
        "denies SOB, chest pain, palpitations",
        "chest pain: no",
        "chest pain (-)",
        "chest pain denied",
        "negative for syncope",
        "never had chest pain",
        "chest pain? no",
        "not short of breath",
        "doesn't have chest pain",
        "no signs of stroke",
        "no evidence of GI bleed",
        "chest pain ruled out",
        "history of stroke 2010",
        "h/o CVA 2015 w/ residual limp",
        "s/p stroke",
        "had a stroke 3 years ago",
        "hx of MI",
        "previous syncope in 2019",
        "follow up after stroke",
        "hx of HTN, DM, and stroke",
        "father had a heart attack",
        "family history of stroke",
        "her mother also had a stroke",
        "return if you have chest pain",
        "call 911 if worsening shortness of breath",
        "stroke risk screening",
        "at risk for overdose",
        "seizure disorder, here for refill",
        "CVA tenderness",
        "LOC: alert",
        "vision screening",
        "poison ivy rash",
        "food poisoning",
        "sees a speech therapist",
        "heat stroke safety talk",
        "color blind",
        "cerebral palsy",
        "blood pressure check",
        "sore throat",
        "wants a flu shot",
        "medication refill",
        "ankle sprain",
        "sinus congestion and runny nose for 3 days",
    ],
)
def test_denied_past_foreign_and_hypothetical_words_do_not_alarm(text):
    assert flags(text) == set()


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("denies fever but has chest pain", "chest-pain"),
        ("no trauma, chest pain", "chest-pain"),
        ("no fever, chest pain since 2h", "chest-pain"),
        ("No chest pain. Short of breath.", "breathing-difficulty"),
        ("chest pain, denied SOB", "chest-pain"),
        ("hx of MI, c/o chest pain", "chest-pain"),
        ("hx of HTN, DM, chest pain", "chest-pain"),
        ("3 day history of chest pain", "chest-pain"),
        ("history of present illness: chest pain", "chest-pain"),
        ("chest pain started 3 years ago", "chest-pain"),
        ("67 yo with stroke", "stroke-signs"),
        ("67 year old stroke", "stroke-signs"),
        ("s/p syncope", "loss-of-consciousness"),
        ("wife states he has chest pain", "chest-pain"),
        ("mother reports child is not breathing", "breathing-difficulty"),
        ("no relief from nitro for chest pain", "chest-pain"),
        ("known epilepsy, seizure today", "seizure"),
        ("feels as if throat is closing", "anaphylaxis"),
        ("no better, still short of breath", "breathing-difficulty"),
    ],
)
def test_a_cue_for_something_else_does_not_hide_an_emergency(text, flag):
    assert flag in flags(text)


@pytest.mark.parametrize("text", ["r/o stroke", "?stroke", "possible stroke", "concern for stroke", "stroke suspected"])
def test_a_suspicion_is_uncertain(text):
    assert statuses(text, "stroke-signs") == [Status.UNCERTAIN]


def test_an_enumeration_is_read_as_denied_in_a_note_and_with_care_in_a_complaint():
    text = "No chest pain, shortness of breath, nausea, vomiting."
    assert flags(text, Origin.NOTE) == set()
    assert flags(text, Origin.COMPLAINT) == {"breathing-difficulty"}


def test_modifiers_are_read_in_the_sentence():
    found = list(read(Statement(text="Sudden severe chest pain. Chronic cough.", origin=Origin.COMPLAINT, source="s")))
    assert {m.modifiers for m in found if m.flag == "chest-pain"} == {frozenset({"sudden", "severe"})}
    assert {m.modifiers for m in found if m.term == "cough or chest infection"} == {frozenset({"chronic"})}


def test_a_mention_holds_no_word_of_the_chart():
    mentions = list(read(Statement(text="Zelda Zzyzx has crushing chest pains", origin=Origin.COMPLAINT, source="s")))
    assert {m.term for m in mentions} == {"chest pain", "cardiac-features"}
    assert "zzyzx" not in repr(mentions).lower()


def test_sentences_are_normalised():
    assert sentences("c/o CP; T 38.5. “Can’t” walk") == (" complains of cp ", " t 38·5 ", " can not walk ")


def test_a_long_narrative_is_read():
    text = "I was fine on Monday and went shopping. " * 30 + "Since last night I have had a heavy pain in my chest."
    assert flags(text) == {"chest-pain"}


# -- codes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "flag"),
    [
        ((ICD10, "R07.9"), "chest-pain"),
        ((SNOMED, "29857009"), "chest-pain"),
        ((ICD10, "I63.9"), "stroke-signs"),
        ((ICD10, "R55"), "loss-of-consciousness"),
        ((ICD10, "T40.2X1A"), "overdose"),
        ((SNOMED, "39579001"), "anaphylaxis"),
        ((ICD10, "R45.851"), "suicidality"),
    ],
)
def test_codes_count_with_their_system(code, flag):
    chart = case(complaint("visit", code))
    assert {m.flag for m in read_mentions(chart, note_hours=24)} == {flag}


@pytest.mark.parametrize(
    "code", [("urn:local", "R07.9"), (SNOMED, "R55"), (ICD10, "29857009"), (ICD10, "T40.2X5A"), (ICD10, "I69.3")]
)
def test_codes_of_another_system_or_meaning_do_not_count(code):
    assert read_mentions(case(complaint("visit", code)), note_hours=24) == ()


# -- which words are about now ---------------------------------------------------------------------------------------


def now_flags(chart):
    return {m.flag for m in read_mentions(chart, note_hours=24) if m.affirmed} & FLAGS


def test_an_old_complaint_is_not_about_now():
    assert now_flags(case(complaint("chest pain", when=ago(hours=71)))) == {"chest-pain"}
    assert now_flags(case(complaint("chest pain", when=ago(hours=73)))) == set()


def test_a_note_counts_for_a_day_and_an_undated_one_not_at_all():
    assert now_flags(case(documents=(note("Patient has chest pain.", ago(hours=23)),))) == {"chest-pain"}
    assert now_flags(case(documents=(note("Patient has chest pain.", ago(hours=25)),))) == set()
    undated = note("Patient has chest pain.")
    assert (
        now_flags(case(documents=(type(undated)(title="Note", text=undated.text, when=None, source="doc-1"),))) == set()
    )


def test_the_chronic_problem_list_is_not_about_now_but_a_problem_of_today_is():
    stroke = (ICD10, "I63.9")
    assert now_flags(case(problems=(problem("Stroke", stroke, onset=ago(days=900)),))) == set()
    assert now_flags(case(problems=(problem("Stroke", stroke),))) == set()
    assert now_flags(case(problems=(problem("Stroke", stroke, onset=ago(days=900), recorded=ago(hours=1)),))) == set()
    assert now_flags(case(problems=(problem("Stroke", stroke, onset=ago(hours=3)),))) == {"stroke-signs"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HPI: chest pain since noon.\nPMH: stroke, seizures.\nFamily History: overdose.", {"chest-pain"}),
        ("Past Medical History:\n- stroke\n- syncope\nHPI:\nHere for a refill.", set()),
        ("Plan: return for chest pain or shortness of breath.", set()),
        ("ROS: Chest pain: no. Shortness of breath: yes.", {"breathing-difficulty"}),
        ("Allergies: penicillin (anaphylaxis)\nVitals: stable", set()),
        ("Assessment: syncope.", {"loss-of-consciousness"}),
    ],
)
def test_sections_of_a_note_say_what_is_about_now(text, expected):
    assert now_flags(case(documents=(note(text),))) == expected


@pytest.mark.parametrize(
    ("question", "given", "expected"),
    [
        ("Do you have chest pain?", "yes", {"chest-pain"}),
        ("Do you have chest pain?", "no", set()),
        ("Do you have chest pain?", "true", {"chest-pain"}),
        ("Do you have chest pain?", "false", set()),
        ("Do you have chest pain?", "Yes, since this morning", {"chest-pain"}),
        ("Do you have chest pain?", "No, but I am short of breath", {"breathing-difficulty"}),
        ("How bad is your chest pain?", "8/10", {"chest-pain"}),
        ("How bad is your chest pain?", "0", set()),
        ("How long have you had chest pain?", "2 hours", {"chest-pain"}),
        ("Have you ever had a stroke?", "yes", set()),
        ("Does anyone in your family history of stroke apply?", "yes", set()),
        ("Which symptoms do you have?", "Chest pain", {"chest-pain"}),
        ("Any other symptoms?", "no chest pain", set()),
        ("What brings you in today?", "I can't feel my left arm", {"sudden-numbness"}),
        ("Thoughts that you would be better off dead, or of hurting yourself", "Not at all", set()),
        ("Thoughts that you would be better off dead, or of hurting yourself", "Several days", {"suicidality"}),
        ("Are you short of breath, or do you have chest pain?", "none", set()),
    ],
)
def test_intake_questions_are_read_with_their_answers(question, given, expected):
    assert now_flags(case(intake=(answer(question, given),))) == expected


@pytest.mark.parametrize(
    ("question", "given"),
    [
        ("Which illnesses have you had in the past?", "stroke, gallbladder out"),
        ("Past medical history", "heart attack"),
        ("Are you allergic to anything?", "peanuts - anaphylaxis"),
    ],
)
def test_answers_about_earlier_times_are_no_complaint_of_today(question, given):
    assert now_flags(case(intake=(answer(question, given),))) == set()


def test_an_old_intake_form_is_not_about_now():
    assert now_flags(case(intake=(answer("Do you have chest pain?", "yes", ago(days=4)),))) == set()


# -- the lexicon's own language -------------------------------------------------------------------------------------


def test_the_pattern_language():
    pattern = compile_patterns(("{pain} ~2 (chest|left arm)", "num*", "# days?"), {"pain": "pain|ache"})
    assert pattern.search(" pain in the chest ")
    assert pattern.search(" ache left arm ")
    assert pattern.search(" numbness ")
    assert pattern.search(" 3 days ")
    assert not pattern.search(" pain in the upper right chest ")
    assert not pattern.search(" pain no chest ")
    assert not pattern.search(" pain , chest ")


@pytest.mark.parametrize("bad", ["a (b", "a (b ~2 c)", "a.b", "[x]"])
def test_a_pattern_that_cannot_be_read_is_refused(bad):
    with pytest.raises(ValueError, match="lexicon"):
        compile_patterns((bad,), {})


def test_a_lexicon_with_two_flags_of_one_id_is_refused():
    row = '[[flag]]\nid="a"\ntitle="A"\ncites=[]\nfires="x"\nquiet="y"\nterm=[{name="x", patterns=["x"]}]\n'
    with pytest.raises(ValueError, match="share an id"):
        load('version="1"\nfeature=[]\n[classes]\n[citations]\n' + row + row)

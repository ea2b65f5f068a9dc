"""Labelled sentences: which named terms count as of now. They judged the library too (docs/decisions/0014)."""

import pytest

from cds_service.clinical.red_flags.context import status_of
from cds_service.clinical.red_flags.mention import Status
from cds_service.clinical.red_flags.text import sentences

NOW = {Status.AFFIRMED, Status.UNCERTAIN}

# (text, term, diagnosis): the term is denied, absent or ruled out.
DENIED = [
    ("denies chest pain", "chest pain", False),
    ("Denies any chest pain or shortness of breath", "shortness of breath", False),
    ("pt denies fever, chills, chest pain, sob", "sob", False),
    ("no chest pain", "chest pain", False),
    ("no cp no sob", "sob", False),
    ("No CP/SOB", "sob", False),
    ("no fever or chest pain", "chest pain", False),
    ("no fever, cough or chest pain", "chest pain", False),
    ("without chest pain", "chest pain", False),
    ("fainted without any chest pain", "chest pain", False),
    ("negative for chest pain", "chest pain", False),
    ("neg for chest pain", "chest pain", False),
    ("chest pain: no", "chest pain", False),
    ("chest pain - denies", "chest pain", False),
    ("chest pain (-)", "chest pain", False),
    ("chest pain denied", "chest pain", False),
    ("chest pain was ruled out", "chest pain", False),
    ("stroke ruled out", "stroke", True),
    ("does not have chest pain", "chest pain", False),
    ("doesn't have any chest pain", "chest pain", False),
    ("I don't have chest pain", "chest pain", False),
    ("i dont have chest pain", "chest pain", False),
    ("not having chest pain", "chest pain", False),
    ("is not short of breath", "short of breath", False),
    ("not short of breath at rest", "short of breath", False),
    ("never had a seizure", "seizure", False),
    ("no history of seizures", "seizures", False),
    ("no evidence of stroke", "stroke", True),
    ("no sign of stroke on exam", "stroke", True),
    ("no episodes of syncope", "syncope", False),
    ("no new weakness", "weakness", False),
    ("no associated chest pain", "chest pain", False),
    ("no other bleeding", "bleeding", False),
    ("absence of chest pain", "chest pain", False),
    ("free of chest pain since the stent", "chest pain", False),
    ("neither chest pain nor syncope", "syncope", False),
    ("headache but no vomiting", "vomiting", False),
    ("cough x 3 days, no fever", "fever", False),
    ("fell down stairs, no loc, no vomiting", "loc", False),
    ("hit head, w/o loc", "loc", False),
    ("suicidal thoughts: none", "suicidal thoughts", False),
    ("denies SI", "si", False),
    ("does not endorse suicidal ideation", "suicidal ideation", False),
    ("no thoughts of suicide", "suicide", False),
    ("patient has no complaints of chest pain", "chest pain", False),
    ("abdominal pain, no bleeding", "bleeding", False),
    ("lungs clear, no wheeze, no stridor", "stridor", False),
    ("no longer has chest pain", "chest pain", False),
    ("chest pain absent", "chest pain", False),
    ("ROS negative for syncope, seizure, stroke", "stroke", True),
    ("no numbness, tingling, or weakness", "weakness", False),
    ("not bleeding anymore", "bleeding", False),
    ("chest pain has resolved, none now; unlikely stroke", "stroke", True),
    ("stroke unlikely", "stroke", True),
    ("nobody saw a seizure; no seizure activity", "seizure", False),
]

# The term is past, a relative's, or a condition of advice.
ELSEWHERE = [
    ("history of stroke", "stroke", True),
    ("hx of stroke 2015", "stroke", True),
    ("h/o seizures, here for refill", "seizures", False),
    ("PMH: stroke, CABG", "stroke", True),
    ("stroke in 2010", "stroke", True),
    ("had a heart attack 3 years ago", "heart attack", True),
    ("heart attack 3 weeks ago, follow-up", "heart attack", True),
    ("s/p stroke", "stroke", True),
    ("follow up after stroke", "stroke", True),
    ("old stroke", "stroke", True),
    ("previous syncope", "syncope", False),
    ("residual weakness of left arm, unchanged", "weakness", False),
    ("seizures as a child", "seizures", False),
    ("seizures (none since 2016)", "seizures", False),
    ("father had a stroke", "stroke", True),
    ("mother died of a heart attack", "heart attack", True),
    ("brother with stroke at 40", "stroke", True),
    ("family history of stroke", "stroke", True),
    ("FHx stroke", "stroke", True),
    ("return if chest pain", "chest pain", False),
    ("call 911 if you have chest pain", "chest pain", False),
    ("watch for signs of stroke", "stroke", True),
    ("at risk for stroke", "stroke", True),
    ("screening for depression and suicide", "suicide", False),
    ("narcan kit in case of overdose", "overdose", False),
    ("given precautions for chest pain", "chest pain", False),
    ("medication for seizures", "seizures", True),
    ("stroke last month, needs PT", "stroke", True),
]

# The term holds now, certainly or as a suspicion, whatever cue stands near.
PRESENT = [
    ("chest pain", "chest pain", False),
    ("c/o chest pain", "chest pain", False),
    ("chest pain, no fever", "chest pain", False),
    ("denies fever but has chest pain", "chest pain", False),
    ("denies fever; has chest pain", "chest pain", False),
    ("no fever, chest pain since 2h", "chest pain", False),
    ("no trauma, chest pain", "chest pain", False),
    ("no relief from nitro for chest pain", "chest pain", False),
    ("no better, still short of breath", "short of breath", False),
    ("not only chest pain", "chest pain", False),
    ("not sure if chest pain or heartburn", "chest pain", False),
    ("cannot rule out stroke", "stroke", True),
    ("r/o stroke", "stroke", True),
    ("?stroke", "stroke", True),
    ("possible stroke", "stroke", True),
    ("concern for stroke", "stroke", True),
    ("chest pain without radiation", "chest pain", False),
    ("chest pain not relieved by rest", "chest pain", False),
    ("bleeding not controlled", "bleeding", False),
    ("bleeding will not stop", "bleeding", False),
    ("seizure, not stopping", "seizure", False),
    ("hx of MI, now chest pain", "chest pain", False),
    ("hx of HTN and DM, presents with chest pain", "chest pain", False),
    ("3 day history of chest pain", "chest pain", False),
    ("no history of heart disease, has chest pain", "chest pain", False),
    ("known epilepsy, seizure today", "seizure", False),
    ("wife states he had a seizure", "seizure", False),
    ("mother of 2 with chest pain", "chest pain", False),
    ("mom says baby had a seizure", "seizure", False),
    ("stroke 2 days ago, transferred", "stroke", True),
    ("chest pain started 3 months ago and is worse today", "chest pain", False),
    ("no known allergies. chest pain", "chest pain", False),
    ("nkda, chest pain", "chest pain", False),
    ("unable to breathe, chest pain", "chest pain", False),
    ("no appetite and chest pain since monday", "chest pain", False),
    ("no one home when syncope happened", "syncope", False),
    ("no chest pain earlier but now chest pain", "now chest pain", False),
    ("patient is not alert, seizure witnessed", "seizure", False),
    ("didn't call yesterday, chest pain all night", "chest pain", False),
    ("no energy, short of breath walking", "short of breath", False),
    ("chest pain after dinner, never went away", "chest pain", False),
    ("overdose, denies intent", "overdose", False),
    ("fell, no LOC, now vomiting", "vomiting", False),
    ("not feeling well, chest pain", "chest pain", False),
    ("stroke alert, last known well 9 am", "stroke", True),
    ("suicidal, no plan", "suicidal", False),
    ("was fine, no problems until chest pain started", "chest pain", False),
]


def status(text, term, diagnosis, *, telegraphic=True):
    """The status of `term` at its last place in `text`."""
    (needle,) = sentences(term)
    found = [(line, line.rfind(needle)) for line in sentences(text) if needle in line]
    line, start = found[-1]
    return status_of(line, (start + 1, start + len(needle)), diagnosis=diagnosis, telegraphic=telegraphic)


@pytest.mark.parametrize(("text", "term", "diagnosis"), DENIED)
def test_what_is_denied_is_not_there(text, term, diagnosis):
    assert status(text, term, diagnosis, telegraphic="," not in text) is Status.NEGATED


@pytest.mark.parametrize(("text", "term", "diagnosis"), ELSEWHERE)
def test_what_is_past_anothers_or_advice_is_not_of_now(text, term, diagnosis):
    assert status(text, term, diagnosis) not in NOW


@pytest.mark.parametrize(("text", "term", "diagnosis"), PRESENT)
def test_what_holds_now_counts(text, term, diagnosis):
    assert status(text, term, diagnosis) in NOW


def test_there_are_enough_sentences():
    assert len({text for text, _, _ in (*DENIED, *ELSEWHERE, *PRESENT)}) >= 120

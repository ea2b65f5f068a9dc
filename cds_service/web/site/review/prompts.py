"""Reminders where a measure or a habit is known to serve some people less well: prompts to think, never findings.

Each says when it is shown, and names its source. None asks for race: whether a saturation may be read too high is asked
for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from cds_service.domain import Citation
from fhir_mappers.case import Case

OLDER = 65
OLDEST = 75
FEVER = 38
ADULT = 16
LEAST_SURE_SPO2 = (88, 96)
"""Readings in which hidden low oxygen was found in the study below."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a prompt is decided by: the chart and the topics of its findings."""

    case: Case
    topics: Collection[str]

    def newest(self, kind: str) -> float | None:
        """The newest plausible value of one vital sign."""
        rounds = sorted(self.case.vitals, key=lambda r: r.when, reverse=True)
        found = (r.values[kind] for r in rounds if kind in r.values and r.values[kind].plausible)
        return next((float(m.value) for m in found), None)


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One reminder."""

    id: str
    words: str
    citation: Citation
    fits: Callable[[Shown], bool]


def _doubtful_saturation(shown: Shown) -> bool:
    spo2 = shown.newest("spo2")
    return spo2 is not None and LEAST_SURE_SPO2[0] <= spo2 <= LEAST_SURE_SPO2[1]


def _old_without_fever(shown: Shown) -> bool:
    temperature, age = shown.newest("temperature"), shown.case.age
    return temperature is not None and age is not None and age >= OLDER and temperature < FEVER


def _chest_pain_in_a_woman(shown: Shown) -> bool:
    adult = shown.case.age is None or shown.case.age >= ADULT
    return adult and shown.case.demographics.sex == "female" and "chest-pain" in shown.topics


def _oldest(shown: Shown) -> bool:
    return shown.case.age is not None and shown.case.age > OLDEST


def _another_language(shown: Shown) -> bool:
    language = shown.case.demographics.language
    return bool(language) and not str(language).lower().startswith("en")


def _pregnant(shown: Shown) -> bool:
    return shown.case.demographics.pregnant is True


CHEST_PAIN = Citation(
    title="2021 AHA/ACC Guideline for the Evaluation and Diagnosis of Chest Pain",
    publisher="Circulation 144:e368",
    year=2021,
    url="https://doi.org/10.1161/CIR.0000000000001029",
)

PROMPTS: tuple[Prompt, ...] = (
    Prompt(
        id="pulse-oximetry",
        words="A pulse oximeter can read too high, more often on darker skin, on cold hands and through nail polish. "
        "Does the saturation fit the breathing and the look of the patient?",
        citation=Citation(
            title="Racial bias in pulse oximetry measurement",
            publisher="N Engl J Med 383:2477",
            year=2020,
            url="https://doi.org/10.1056/NEJMc2029240",
        ),
        fits=_doubtful_saturation,
    ),
    Prompt(
        id="fever-in-older-people",
        words="Older people with a serious infection often have no fever. A temperature below 38 °C does not rule one "
        "out; is it above what is usual for this person?",
        citation=Citation(
            title="Evaluation of fever and infection in older adult residents of long-term care facilities",
            publisher="Infectious Diseases Society of America, Clin Infect Dis 48:149",
            year=2009,
            url="https://doi.org/10.1086/595683",
        ),
        fits=_old_without_fever,
    ),
    Prompt(
        id="chest-pain-in-women",
        words="Acute coronary syndrome is missed more often in women. Ask about accompanying symptoms such as "
        "breathlessness, nausea and fatigue, and judge the chest pain as in anybody else.",
        citation=CHEST_PAIN,
        fits=_chest_pain_in_a_woman,
    ),
    Prompt(
        id="atypical-over-75",
        words="Over 75, breathlessness, fainting, acute confusion or an unexplained fall can be the only sign of an "
        "acute coronary syndrome.",
        citation=CHEST_PAIN,
        fits=_oldest,
    ),
    Prompt(
        id="interpreter",
        words="The chart names another language than English. Was the history taken with a qualified interpreter?",
        citation=Citation(
            title="Meaningful access for individuals with limited English proficiency",
            publisher="45 CFR 92.201",
            year=2024,
            url="https://www.ecfr.gov/current/title-45/subtitle-A/subchapter-A/part-92/subpart-C/section-92.201",
        ),
        fits=_another_language,
    ),
    Prompt(
        id="pregnancy",
        words="NEWS2 is not valid in pregnancy and was not used; limits for pregnancy were.",
        citation=Citation(
            title="National Early Warning Score (NEWS) 2",
            publisher="Royal College of Physicians, London",
            year=2017,
            url="https://www.rcp.ac.uk/improving-care/resources/national-early-warning-score-news-2/",
        ),
        fits=_pregnant,
    ),
)


def prompts_for(case: Case, topics: Iterable[str]) -> tuple[Prompt, ...]:
    """The reminders that fit this chart, in the order of `PROMPTS`."""
    shown = Shown(case=case, topics=frozenset(topics))
    return tuple(prompt for prompt in PROMPTS if prompt.fits(shown))

"""De-identified charts, findings and passages for tests of what lies past the gate. All fictional."""

from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from cds_service.domain import Citation, Finding, Passage, Priority

CITATION = Citation(title="A rule", publisher="A society", year=2020)


def fact(kind: str, name: str, **more) -> DeidentifiedFact:
    return DeidentifiedFact(kind=kind, name=name, source=f"{kind}-1", **more)


def chart(*facts: DeidentifiedFact, age: str | None = "54", sex: str | None = "female", **more) -> DeidentifiedCase:
    return DeidentifiedCase(subject="s-1", age=age, sex=sex, facts=facts, **more)


def finding(priority: Priority, title: str = "NEWS2 is high", reason: str = "The score is 7.", **more) -> Finding:
    return Finding(rule="news2", version="1", priority=priority, title=title, reason=reason, citation=CITATION, **more)


def passage(number: int, text: str = "Measure a full set of vital signs.") -> Passage:
    return Passage(
        id=f"guide-{number}#first-steps.1", guideline=f"guide-{number}", version="1", title=f"Guide {number}",
        section="First steps", text=text, source="A society", year=2020, licence="CC0-1.0", clinical_review="none",
    )  # fmt: skip


BREATHLESS = chart(
    fact("complaint", "short of breath since yesterday"),
    fact("vital", "respiratory rate", value=26.0, unit="/min", interval="same day"),
    fact("vital", "oxygen saturation", value=89.0, unit="%", interval="same day"),
    fact("vital", "respiratory rate", value=16.0, unit="/min", interval="over a year before"),
    fact("lab", "Potassium", value=5.1, unit="mmol/L", interval="1 to 7 days before"),
    fact("problem", "Chronic obstructive pulmonary disease (disorder)"),
    fact("problem", "Full-time employment (finding)"),
    fact("medication", "apixaban 5 mg tablet"),
    fact("allergy", "penicillin"),
    fact("note", "Progress note", text="Coughing green sputum, [NAME_1] drove her here."),
    age="71",
)

"""Small charts of medicines for the tests. All people are made up."""

from dataclasses import replace

from cds_service.clinical.medicines.rules import RULES
from cds_service.clinical.rule import RuleContext
from cds_service.domain import FindingKind, ProposalKind
from cds_service.settings import Setting
from fhir_mappers.case import Allergy, Coding, Concept, Medication
from tests.unit.clinical.build import ago, case, lab, person, problem

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
BY_ID = {rule.id: rule for rule in RULES}


def medicine(text, number=1, *, code=None, display=None, status="active", dosage=None):
    codings = (Coding(system=RXNORM, code=code, display=display),) if code or display else ()
    return Medication(concept=Concept(text=text, codings=codings), status=status, dosage=dosage, source=f"med-{number}")


def allergy(text, number=1, *codes, kind="allergy", criticality=None, reactions=()):
    codings = tuple(Coding(system=system, code=code) for system, code in codes)
    return Allergy(
        concept=Concept(text=text, codings=codings),
        kind=kind,
        criticality=criticality,
        reactions=reactions,
        source=f"alg-{number}",
    )


def taking(*medicines, allergies=(), problems=(), **fields):
    """A chart; plain strings are medicines, allergies and problems by their text."""
    return case(
        medications=tuple(medicine(m, i) if isinstance(m, str) else m for i, m in enumerate(medicines, 1)),
        allergies=tuple(allergy(a, i) if isinstance(a, str) else a for i, a in enumerate(allergies, 1)),
        problems=tuple(
            replace(problem(p) if isinstance(p, str) else p, source=f"cond-{i}") for i, p in enumerate(problems, 1)
        ),
        **fields,
    )


def creatinine(value, when=None):
    return lab("2160-0", (value, when or ago(days=20)), unit="mg/dL")


def run(chart, setting=Setting.FAMILY_PRACTICE, rules=RULES):
    """Findings and notes of the rules on medicines."""
    context = RuleContext(case=chart, setting=setting)
    results = [rule.evaluate(context) for rule in rules]
    findings = [f for r in results for f in r.findings]
    for finding in findings:
        assert finding.kind is FindingKind.MEDICATION_SAFETY
        assert [p.kind for p in finding.proposals] == [ProposalKind.REVIEW]
        assert "physician" in finding.proposals[0].label
    return findings, [n for r in results for n in r.not_evaluated]


def rows(chart):
    """Ids of the rows that fire."""
    return [f.values["row"] for f in run(chart)[0]]


def titles(chart):
    return [f.title for f in run(chart)[0]]


EXAMPLES = {
    # rule id: (a chart that fires, a chart that does not), as on the rules page
    "medicine-allergy": (
        taking("Amoxicillin 500 MG", allergies=[allergy("Penicillin", reactions=("Anaphylaxis",))]),
        taking("Cefdinir 300 MG", allergies=["Penicillin"]),
    ),
    "medicine-interaction": (taking("Warfarin", "Naproxen"), taking("Lisinopril", "Hydrochlorothiazide")),
    "medicine-duplicate": (taking("Simvastatin", "Atorvastatin"), taking("Insulin glargine", "Insulin lispro")),
    "medicine-condition": (taking("Ibuprofen", problems=["Heart failure"]), taking("Metoprolol", problems=["Asthma"])),
    "medicine-age": (taking("Glyburide", who=person(70)), taking("Glyburide", who=person(60))),
    "medicine-pregnancy": (
        taking("Lisinopril", who=person(30, pregnant=True, pregnancy_source="cond-1")),
        taking("Labetalol", who=person(30, pregnant=True, pregnancy_source="cond-1")),
    ),
    "medicine-kidney": (
        taking("Metformin", labs=(creatinine("2.3"),)),
        taking("Metformin", labs=(creatinine("0.95"),)),
    ),
}

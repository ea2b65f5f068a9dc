"""The reference page of the medicine tables, generated from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cds_service.clinical.medicines import allergies, conditions, interactions, kidney, pregnancy
from cds_service.clinical.medicines.catalog import CATALOG
from cds_service.clinical.medicines.findings import name
from cds_service.clinical.medicines.problems import CONDITIONS, NOT_AFFIRMED
from cds_service.clinical.medicines.severity import MEANING
from cds_service.clinical.medicines.tables import VERSION, Row, all_citations
from cds_service.domain import Citation

HEAD = """# Medicine safety

What the service says about medicines when a chart is opened, from the tables in `cds_service/clinical/medicines/`,
version {version}. Facts come from prescribing information, drug safety communications and guidelines, in our own words;
each row names its source. No clinician has signed them yet. A finding never changes a medicine: it offers "Ask the
physician to review …".

{ingredients} ingredients are recognised, {classed} of them in {classes} classes. {rows} rows speak of them.

## How a chart is read

- Medicines: MedicationRequests and MedicationStatements that are active, intended or of unknown status. What is on
  hold, stopped, completed, entered in error or ended by date does not count. What is active counts however old it is.
- A medicine is recognised by an RxNorm ingredient code and by generic and brand names in its text and displays; the
  code of a clinical drug is read through its text. Products of several ingredients count as each of them, and the parts
  of one product are never an interaction with each other. How many medicines were not recognised is said, not which.
  Where code and text disagree both count.
- Forms that act locally (skin, eye, ear, nose, mouth, vagina, lung) count for allergies and where a row says so.
- A tablet strength is read from the text; rows with a strength are quiet where none is written. How many tablets a day
  are taken is not read.
- Conditions: SNOMED CT codes exactly, ICD-10-CM by the start of the code, words where neither a negation nor a
  relative, risk or screening stands in the text ({not_affirmed} words void it). Differential diagnoses do not count.
- An NSAID that is taken as needed is told of from serious on, not for moderate rows.
- Allergies that are inactive, resolved, refuted or in error do not count, nor do statements that none is known; an
  unconfirmed allergy counts. A recorded intolerance is one step less severe and never High.
- A pair is said once, by its most severe row. A medicine that one condition speaks against as serious or more is not
  told again by moderate rows on conditions or age. An unknown age does not fire a row with an age.

| Severity | Meaning | Priority |
|---|---|---|
{severities}
An allergy is High where the row is a contraindication and the record names high criticality or anaphylaxis.

Left out on purpose, since they interrupt often and change little: a triptan with an SSRI, an ACE inhibitor or ARB with
an NSAID alone or with spironolactone alone, digoxin with a diuretic, a beta-blocker with insulin, low-dose methotrexate
with an NSAID, a cephalosporin without a shared side chain after a penicillin allergy, a sulfonamide that is no
antibiotic after a sulfonamide antibiotic allergy.
"""

_EVERY: tuple[Row, ...] = (
    *allergies.CROSS,
    *interactions.INTERACTIONS,
    *interactions.DUPLICATES,
    *interactions.COUNTS,
    *conditions.BY_CONDITION,
    *conditions.BY_AGE,
    *pregnancy.PREGNANCY,
    *kidney.KIDNEY,
)


def page() -> str:
    """The page in Markdown."""
    head = HEAD.format(
        version=VERSION,
        ingredients=len(CATALOG.ingredients),
        classed=sum(bool(i.classes) for i in CATALOG.ingredients.values()),
        classes=len(CATALOG.classes),
        rows=len(_EVERY) + 1,
        not_affirmed=len(NOT_AFFIRMED),
        severities="".join(f"| {s.label} | {text} | {s.priority.label} |\n" for s, text in MEANING.items()),
    )
    parts = (_allergies(), _pairs(), _several(), _conditions(), _ages(), _pregnancy(), _kidney(), _known(), _sources())
    return "\n".join([head, *("\n".join(part) + "\n" for part in parts)])


def _allergies() -> Iterator[str]:
    yield from _table("Allergies", "Allergy to", "Medicine", "Certainty")
    yield _line("any ingredient", "the same ingredient", "established", *_tail(allergies.SAME))
    for row in allergies.CROSS:
        limits = [f"only with {r}" for r in row.only_reactions] + [f"not for {r} alone" for r in row.except_reactions]
        allergens = "; ".join([_names(row.allergens), *limits])
        yield _line(allergens, _names(row.medicines), row.sure, *_tail(row))


def _pairs() -> Iterator[str]:
    yield from _table("Pairs", "Medicine", "With", "Only")
    for row in interactions.INTERACTIONS:
        only = [f"besides {_names(row.and_also)}"] if row.and_also else []
        only += [f"without {_names(row.unless)}"] if row.unless else []
        only += [f"from {row.min_age} years"] if row.min_age else []
        only += ["any form"] if row.any_form else []
        yield _line(
            _names(row.a), _names(row.b), "; ".join([*only, *_strengths(row.strength_above_mg.items())]), *_tail(row)
        )


def _several() -> Iterator[str]:
    yield from _table("Several of a kind", "Classes", "How many", "Only")
    for kind, rows in (("of one class", interactions.DUPLICATES), ("of all together", interactions.COUNTS)):
        for row in rows:
            classes = ", ".join(CATALOG.class_name(c) for c in row.classes)
            only = f"from {row.min_age} years" if row.min_age else ""
            yield _line(classes, f"{row.at_least} or more {kind}", only, *_tail(row))


def _conditions() -> Iterator[str]:
    yield from _table("Conditions", "Medicine", "Condition", "Only")
    for row in conditions.BY_CONDITION:
        beside = [CONDITIONS[c].name for c in row.conditions]
        if row.lab:
            bound = f"at least {row.lab.at_least}" if row.lab.at_least is not None else f"below {row.lab.below}"
            beside.append(f"{row.lab.name} {bound} {row.lab.unit} in {row.lab.max_age.days} days")
        yield _line(_names(row.medicines), " or ".join(beside), "; ".join(_only(row)), *_tail(row))


def _ages() -> Iterator[str]:
    yield from _table("Age", "Medicine", "Age", "Only")
    for row in conditions.BY_AGE:
        age = f"from {row.min_age} years" if row.min_age else f"under {(row.max_age or 0) + 1} years"
        yield _line(_names(row.medicines), age, "; ".join(_only(row)), *_tail(row))


def _only(row: conditions.Contraindication) -> Iterator[str]:
    if row.min_age and row.conditions:
        yield f"from {row.min_age} years"
    if row.sex:
        yield row.sex
    if row.unless_conditions:
        yield "without " + ", ".join(CONDITIONS[c].name for c in row.unless_conditions)
    if row.unless_medicines:
        yield f"without {_names(row.unless_medicines)}"
    if row.without_egfr:
        yield "where no eGFR can be computed"
    if row.any_form:
        yield "any form"
    yield from _strengths(row.strength_above_mg.items())


def _pregnancy() -> Iterator[str]:
    yield from _table("Pregnancy", "Medicine", "From week", "Only")
    for row in pregnancy.PREGNANCY:
        yield _line(_names(row.medicines), f"{row.weeks_from or ''}", "", *_tail(row))


def _kidney() -> Iterator[str]:
    yield from _table("Kidney function", "Medicine", "Limit", "Action; only")
    for row in kidney.KIDNEY:
        only = [row.action, *(f"with {CONDITIONS[c].name}" for c in row.with_conditions)]
        only += [f"from {row.min_age} years"] if row.min_age else []
        only += _strengths(row.strength_above_mg.items())
        yield _line(_names(row.medicines), row.limit, "; ".join(only), *_tail(row))


def _known() -> Iterator[str]:
    yield "## What is recognised\n"
    for class_name in sorted(CATALOG.classes, key=CATALOG.class_name):
        members = ", ".join(sorted(name(i) for i in CATALOG.classes[class_name]))
        yield f"- {CATALOG.class_name(class_name)} (`{class_name}`): {members}"
    plain = sorted(i.name for i in CATALOG.ingredients.values() if not i.classes)
    yield f"- in no class: {', '.join(plain)}\n"
    yield "| Condition | SNOMED CT | ICD-10-CM | Words |\n|---|---|---|---|"
    for condition in sorted(CONDITIONS.values(), key=lambda c: c.name):
        yield _line(
            condition.name, ", ".join(condition.snomed), ", ".join(condition.icd10cm), ", ".join(condition.terms)
        )


def _names(ingredients: frozenset[str]) -> str:
    """Classes that lie whole in the set, then the ingredients that none of them holds."""
    left, shown = set(ingredients), []
    for class_name, members in sorted(CATALOG.classes.items(), key=lambda c: (-len(c[1]), c[0])):
        if len(members) > 1 and members <= ingredients and members & left:
            shown.append(CATALOG.class_name(class_name))
            left -= members
    return ", ".join([*shown, *sorted(name(i) for i in left)])


def _strengths(limits: Iterable[tuple[str, float]]) -> Iterator[str]:
    return (f"{name(i)} above {mg:g} mg" for i, mg in limits)


def _table(title: str, *columns: str) -> Iterator[str]:
    yield f"## {title}\n"
    yield _line(*columns, "Severity", "Why", "Consider", "Sources")
    yield "|" + "---|" * (len(columns) + 4)


def _tail(row: Row) -> tuple[str, str, str, str]:
    return row.severity.label, row.why, row.consider, "; ".join(map(_short, row.citations))


def _short(citation: Citation) -> str:
    return f"{citation.title}, {citation.detail}" if citation.detail else f"{citation.title} ({citation.year})"


def _sources() -> Iterator[str]:
    yield "## Sources\n"
    yield "Prescribing information: US Food and Drug Administration, DailyMed; it is revised without an edition.\n"
    rows = (allergies.SAME, *_EVERY)
    named = {c for c in all_citations(rows) if c.detail is None}
    yield from (f"- {citation}" for citation in sorted(named, key=str))


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

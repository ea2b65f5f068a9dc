"""The reference page that lists which guidelines are packaged, for docs/reference/guidelines.md."""

from __future__ import annotations

from cds_service.errors import ConfigurationError
from cds_service.retrieval.chunk import chunk
from cds_service.retrieval.population import OLDEST, Population
from cds_service.retrieval.schema import UNREVIEWED, Guideline
from cds_service.retrieval.source import PACKAGED, read_sources

_HEAD = """# Guidelines

Generated from the front matter of `cds_service/retrieval/guidelines/*.md`. Each text is written in this project's own
words and cites its source; the sources keep their copyright.

**These texts are drafts: no clinician has signed them.** They were not written by clinicians and were not compared
with the sources line by line. Doses, limits and above all the strengths of recommendations must be checked against the
source before anyone relies on them; "not graded in this summary" means that the grade was not looked up or not
certain, not that there is none. `Clinical review: none` says so for each guideline. Such guidelines stay off until the
clinic sets `CDS_UNREVIEWED_GUIDELINES=true`, and every card made from them says that they are not reviewed.

## Not covered

Anything that is not in the table, and anyone whom its column "for" leaves out. A chart about something else gets no
guideline card, which does not mean that there is nothing to do. Of what family practice sees often, these have no
guideline here:

- children's well visits, growth and development, childhood immunization schedules, croup, bronchiolitis, asthma
  under 12 years, and in children the subjects that the table gives for adults, such as pneumonia, headache, diabetes,
  anxiety and depression
- in pregnancy the subjects that the table marks so, such as urinary infection, pneumonia, sepsis and chronic disease
  of heart, lungs and kidneys
- allergic rhinitis, urticaria without anaphylaxis, eczema, psoriasis, acne, warts, fungal infections, skin cancer
- eye disease (conjunctivitis, glaucoma, cataract, macular degeneration), tinnitus, vertigo
- reflux disease, irritable bowel syndrome, inflammatory bowel disease, celiac disease, hepatitis and fatty liver,
  cirrhosis other than its bleeding, hemorrhoids, constipation
- epilepsy and seizures in adults, Parkinson's disease, multiple sclerosis, dementia, delirium, neuropathy, restless
  legs, insomnia and sleep apnea
- rheumatoid arthritis, polymyalgia, lupus, shoulder, neck, wrist and foot complaints, sprains and fractures other
  than those of osteoporosis, carpal tunnel syndrome
- anemia other than by iron deficiency from bleeding, bleeding and clotting disorders, leukemia and lymphoma, low
  platelets
- hyperthyroidism, thyroid nodules, adrenal and pituitary disease, type 1 diabetes outside emergencies, vitamin
  deficiencies
- contraception, menopause, menstrual disorders, vaginal discharge, endometriosis, infertility, labor and birth,
  breastfeeding
- sexually transmitted infections, HIV, hepatitis B and C, tuberculosis, malaria, Lyme disease, shingles, travel
  medicine
- prostate enlargement, erectile dysfunction, incontinence, dialysis and transplantation
- bipolar disorder, schizophrenia, eating disorders, attention deficit disorder, autism, stimulant and cannabis use,
  dementia care, grief
- valve disease, aortic aneurysm without rupture, peripheral artery disease, pulmonary hypertension, arrhythmias
  other than atrial fibrillation, congenital heart disease
- interstitial lung disease, lung nodules, bronchiectasis, cystic fibrosis
- burns, wounds, heat and cold injury, drowning, domestic violence and abuse, end-of-life care, cancer treatment

A clinic can add its own: [Add the clinic's own guidelines](../how-to/add-guidelines.md).

## Covered

| guideline | for | source | year | sections | clinical review |
|---|---|---|---|---|---|
"""


def guidelines_page() -> str:
    """Markdown that lists the packaged guidelines, their sources, populations and sections."""
    guidelines, refused = read_sources([PACKAGED])
    if refused:
        raise ConfigurationError("; ".join(map(str, refused)))
    return _HEAD + "".join(map(_row, guidelines)) + "\n" + "\n".join(map(_details, guidelines))


def _row(guideline: Guideline) -> str:
    link = f"[{guideline.title}](#{guideline.id})"
    review = "none" if guideline.clinical_review == UNREVIEWED else guideline.clinical_review
    cells = (
        link,
        _whom(guideline.population),
        guideline.publisher,
        str(guideline.year),
        str(len(_sections(guideline))),
        review,
    )
    return "| " + " | ".join(cells) + " |\n"


def _details(guideline: Guideline) -> str:
    source = f"{guideline.source}, {guideline.publisher}, {guideline.year}"
    later = [f"- Later editions that this text does not follow in full: {guideline.newer_edition}"]
    lines = [
        f'<a id="{guideline.id}"></a>',
        f"## {guideline.title}",
        "",
        f"- Id and version: `{guideline.id}` {guideline.version}",
        f"- Source: {source}" + (f", <{guideline.source_url}>" if guideline.source_url else ""),
        *(later if guideline.newer_edition else []),
        f"- Licence of this text: {guideline.licence}. {guideline.source_licence}",
        f"- Covers: {', '.join(guideline.population.conditions)}",
        "",
        "| section | strength, to be checked against the source | for | rests on |",
        "|---|---|---|---|",
        *(_section_row(guideline, heading) for heading in _sections(guideline)),
        "",
    ]
    return "\n".join(lines)


def _section_row(guideline: Guideline, heading: str) -> str:
    section, whole = guideline.section(heading), guideline.section("")
    whom = "" if section.population == guideline.population else _whom(section.population)
    rests_on = "" if section.source == whole.source else section.source + (f", {section.year}" if section.year else "")
    return f"| {heading} | {section.strength} | {whom} | {rests_on} |"


def _sections(guideline: Guideline) -> list[str]:
    return list(dict.fromkeys(p.section for p in chunk(guideline)))


def _whom(population: Population) -> str:
    low, high = f"{population.min_age:g}", f"{population.max_age:g}"
    ages = f"{low} and over" if population.max_age == OLDEST else f"{low} to {high}"
    if population.max_months is not None:
        months = population.max_months + 1
        ages = f"under {months} month{'s' * (months > 1)} of age"
    sex = "" if population.sex == "any" else f", {population.sex}"
    pregnancy = {"any": "", "only": ", in pregnancy", "exclude": ", not in pregnancy"}[population.pregnancy]
    return ages + sex + pregnancy

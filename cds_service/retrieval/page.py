"""The reference page that lists which guidelines are packaged, for docs/reference/guidelines.md."""

from __future__ import annotations

from cds_service.errors import ConfigurationError
from cds_service.retrieval.chunk import chunk
from cds_service.retrieval.population import OLDEST, Population
from cds_service.retrieval.source import PACKAGED, UNREVIEWED, Guideline, read_sources

_HEAD = """# Guidelines

Generated from the front matter of `cds_service/retrieval/guidelines/*.md`. Each text is written in this project's own
words and cites its source; the sources keep their copyright. `Clinical review: none` means that no clinician has
signed the text: such guidelines stay off until the clinic sets `CDS_UNREVIEWED_GUIDELINES=true`, and cards say so.

Not covered: anything that is not in this table. A chart about something else gets no guideline card, which does not
mean that there is nothing to do.

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
        f"- Sections: {'; '.join(_sections(guideline))}",
        "",
    ]
    return "\n".join(lines)


def _sections(guideline: Guideline) -> list[str]:
    return list(dict.fromkeys(p.section for p in chunk(guideline)))


def _whom(population: Population) -> str:
    low, high = f"{population.min_age:g}", f"{population.max_age:g}"
    ages = f"{low} and over" if population.max_age == OLDEST else f"{low} to {high}"
    sex = "" if population.sex == "any" else f", {population.sex}"
    pregnancy = {"any": "", "only": ", in pregnancy", "exclude": ", not in pregnancy"}[population.pregnancy]
    return ages + sex + pregnancy

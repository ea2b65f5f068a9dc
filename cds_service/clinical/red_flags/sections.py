"""Sections of a note: what stands under family history, past history or plan is not about now."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cds_service.clinical.red_flags.mention import Status

HEADING = re.compile(r"(?:^|(?<=[.;\n]))[ \t#*]*([A-Za-z][A-Za-z /&()-]{1,40}?)[ \t*]*(:|$)", re.MULTILINE)
"""A short run of words up to a colon, or alone on a line."""

PRESUMED = (
    (Status.FAMILY, re.compile(r"family (?:medical )?(?:history|hx)|fhx?", re.IGNORECASE)),
    (
        Status.HISTORICAL,
        re.compile(
            r"(?:past )?(?:medical |surgical |psychiatric |ob(?:stetric)? )?(?:history|hx)|pmhx?|psh|problem list"
            r"|(?:active )?problems|allerg(?:y|ies)|(?:current |home )?medications?|immuni[sz]ations?",
            re.IGNORECASE,
        ),
    ),
    (
        Status.HYPOTHETICAL,
        re.compile(
            r"(?:assessment and )?plan|instructions?|patient (?:education|instructions)|education|return precautions"
            r"|discharge instructions|follow[- ]?up|counsell?ing|safety net(?:ting)?|differential(?: diagnosis)?",
            re.IGNORECASE,
        ),
    ),
)


def sections(text: str) -> Iterator[tuple[str, Status | None]]:
    """The parts of a note, in order, with the status that their heading presumes (None: about now)."""
    start, presumed = 0, None
    for match in HEADING.finditer(text):
        found = next((status for status, name in PRESUMED if name.fullmatch(match[1].strip())), None)
        if found is None and match[2] != ":":
            continue  # a short line of text, not a heading
        yield text[start : match.start()], presumed
        # An unknown heading stays in its section: in "Chest pain: no" it is the term itself.
        start, presumed = (match.end() if found else match.start()), found
    yield text[start:], presumed

"""The data format of ACI-Bench (CC BY 4.0): visit notes, and beside them who the patient and the doctor are.

The labels are incomplete by nature: only the names in the metadata are known to be identifiers. So a document counts
as leaking when one of those names stays, no document counts as free of PHI, and what looks like another identifier (a
date, a month, a telephone number, a name behind a title or before a degree) is neutral. Every other masked character
counts as over-masking, also where it hides a name that the metadata lack or spell otherwise.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from cds_service.evaluation.deid.gold import Area, Document, Identifier, UnreadableGold

_NAME_COLUMNS = ("patient_firstname", "patient_familyname", "doctor_name")
_TITLES = r"(?:Mr|Mrs|Ms|Miss|Dr|Doctor)\b\.?[ ]"
_TITLED = re.compile(_TITLES + r"(?P<name>[A-Z][\w'-]+(?: [A-Z][\w'-]+)?)")
_BEFORE_DEGREE = re.compile(r"\b(?P<name>[A-Z][a-z'-]+ [A-Z][a-z'-]+), (?:MD|DO|PA|NP|RN|PhD|DPM)\b")
_MONTH = (
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
)
_OTHER = re.compile(
    rf"\b\d{{1,4}}[/-]\d{{1,2}}[/-]\d{{2,4}}\b|\b\d{{1,2}}/\d{{4}}\b"
    rf"|(?:\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?)?{_MONTH}(?: \d{{1,2}}(?:st|nd|rd|th)?\b)?(?:,? \d{{4}}\b)?"
    r"|\b(?:\d{3}[ .-]){1,2}\d{4}\b"
)


def read(path: Path, content: str, *, dialogues: bool) -> Iterator[Document]:
    """The notes (or the dialogues) of a CSV file. Raises UnreadableGold without its metadata or a column."""
    column = "dialogue" if dialogues else "note"
    rows = _rows(content)
    people = {row.get("encounter_id"): row for row in _rows(_metadata(path))}
    if not rows or not {"encounter_id", column} <= rows[0].keys():
        raise UnreadableGold(f"{path.name} needs the columns encounter_id and {column}")
    for row in rows:
        person = people.get(row["encounter_id"])
        if person is None:
            raise UnreadableGold(f"{path.name}: an encounter has no line in the metadata")
        yield _document(row[column], [person.get(name) or "" for name in _NAME_COLUMNS])


def _metadata(path: Path) -> str:
    try:
        return path.with_name(f"{path.stem}_metadata.csv").read_text("utf-8-sig")
    except (OSError, UnicodeError):
        raise UnreadableGold(f"{path.name} needs its metadata beside it: {path.stem}_metadata.csv") from None


def _rows(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content)))


def _document(text: str, names: Sequence[str]) -> Document:
    words = {word.lower() for name in names for word in re.findall(r"[^\W\d_]{2,}", name)} - {"dr", "mr", "mrs", "ms"}
    mentions = list(_mentions(text, sorted(words)))
    people = [match.span("name") for form in (_TITLED, _BEFORE_DEGREE) for match in form.finditer(text)]
    others = [match.span() for match in _OTHER.finditer(text)]
    return Document(
        text=text,
        identifiers=tuple(Identifier(start=start, end=end, kind="NAME") for start, end in mentions),
        neutral=tuple(area for area in (*people, *others) if _free(area, mentions)),
        complete=False,
    )


def _mentions(text: str, words: Sequence[str]) -> Iterator[Area]:
    """Where the capitalised `words` stand, neighbours taken together.

    A word that the text uses in small letters too ("walker", "white") counts only beside another of them or a title.
    """
    if not words:
        return
    one = rf"(?:{'|'.join(map(re.escape, words))})"
    plain = {word for word in words if re.search(rf"\b{word}\b", text)}
    for match in re.finditer(rf"(?P<title>{_TITLES})?\b(?P<name>{one}(?:[ ]{one})*)\b", text, re.IGNORECASE):
        name = match["name"]
        if name[0].isupper() and (match["title"] or name.lower() not in plain):
            yield match.span("name")


def _free(area: Area, mentions: Sequence[Area]) -> bool:
    return all(area[1] <= start or end <= area[0] for start, end in mentions)

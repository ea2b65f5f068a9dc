"""Files of labelled texts, recognised by what they hold.

- our own JSON lines: ``{"text": …, "spans": [[start, end, label], …], "bundle": …}``, see `own_document`
- the JSON of presidio-research: a list of ``{"full_text": …, "spans": [{"entity_type": …}]}``, see
  `presidio_research`
- ACI-Bench: a CSV of notes with its ``…_metadata.csv`` beside it, see `aci_bench`
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cds_service.evaluation.deid import aci_bench, presidio_research
from cds_service.evaluation.deid.gold import Document, GoldSet, Identifier, UnreadableGold
from cds_service.evaluation.deid.kinds import packaged_kinds

KNOWN_SUFFIX, UNKNOWN_SUFFIX, NEUTRAL_SUFFIX = ".k", ".u", "*"


def read_gold(path: Path, *, dialogues: bool = False) -> GoldSet:
    """The labelled texts of a file. `dialogues`: of ACI-Bench take the conversations instead of the notes.

    Raises UnreadableGold for a file of no known format, and for the first entry that is not as it should be.
    """
    try:
        content = path.read_text("utf-8-sig")
    except (OSError, UnicodeError):
        raise UnreadableGold(f"{path.name} cannot be read as text") from None
    form, documents = _documents(path, content, dialogues=dialogues)
    if not documents:
        raise UnreadableGold(f"{path.name} holds no labelled text")
    return GoldSet(name=f"{path.resolve().parent.name}/{path.stem}", form=form, documents=documents)


def own_document(record: Any) -> Document:
    """A line of our own format.

    A label ends in ``.k`` when what it marks stands in the Bundle and in ``.u`` when it does not; in ``*`` when it is
    no identifier of the law, as some labels are by themselves (`kinds.toml`). No spans, or an empty list, says that
    the text is free of PHI.
    Raises ValueError, TypeError or KeyError.
    """
    identifiers, neutral = [], []
    for start, end, label in record.get("spans") or ():
        bare = label.removesuffix(KNOWN_SUFFIX).removesuffix(UNKNOWN_SUFFIX)
        kind = None if label.endswith(NEUTRAL_SUFFIX) else packaged_kinds().of_label(bare)
        if kind is None:
            neutral.append((start, end))
        else:
            identifiers.append(Identifier(start=start, end=end, kind=kind, known=label.endswith(KNOWN_SUFFIX)))
    return Document(
        text=record["text"], identifiers=tuple(identifiers), neutral=tuple(neutral), bundle=record.get("bundle")
    )


def _documents(path: Path, content: str, *, dialogues: bool) -> tuple[str, tuple[Document, ...]]:
    if path.suffix == ".csv":
        return "ACI-Bench", tuple(aci_bench.read(path, content, dialogues=dialogues))
    try:
        whole = json.loads(content)
    except ValueError:
        whole = None
    if isinstance(whole, list):
        return "presidio-research", tuple(_checked(path, enumerate(whole, start=1), presidio_research.document))
    lines = ((n, line) for n, line in enumerate(content.split("\n"), start=1) if line.strip())
    return "JSON lines", tuple(_checked(path, lines, lambda line: own_document(json.loads(line))))


def _checked(path: Path, entries: Any, make: Any) -> Iterator[Document]:
    for number, entry in entries:
        try:
            yield make(entry)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise UnreadableGold(f"{path.name}: entry {number} is no labelled text of a known format") from None

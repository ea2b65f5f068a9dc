"""What is injected: the packaged guidelines and the text files that the user points at."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import frontmatter

from cds_service.retrieval.source import PACKAGED, read_sources
from cds_service.training.tuning.errors import BadData

_KINDS = (".txt", ".md")


@dataclass(frozen=True, kw_only=True)
class Text:
    """One text. `name`: of its file, for messages; `sha256`: of the file."""

    name: str
    text: str
    sha256: str


def packaged_texts() -> tuple[Text, ...]:
    """The guidelines that come with the service, each as one text."""
    guidelines, _ = read_sources([PACKAGED])
    return tuple(_plain(PACKAGED / g.file, g.file) for g in guidelines)


def folder_texts(folders: Sequence[Path]) -> tuple[Text, ...]:
    """Every .txt and .md file in `folders`, at any depth. Raises BadData for a folder without any."""
    texts: list[Text] = []
    for folder in folders:
        found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _KINDS and p.is_file())
        if not found:
            raise BadData(f"{folder} holds no .txt or .md file")
        texts += [_plain(path, path.relative_to(folder).as_posix()) for path in found]
    return tuple(texts)


def _plain(path: Path, name: str) -> Text:
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise BadData(f"{name}: cannot be read as UTF-8 text") from None
    try:
        body = frontmatter.loads(text).content if path.suffix.lower() == ".md" else text
    except Exception:  # noqa: BLE001 - whatever YAML raises; a text without front matter is a text
        body = text
    return Text(name=name, text=body.strip() + "\n", sha256=hashlib.sha256(raw).hexdigest())

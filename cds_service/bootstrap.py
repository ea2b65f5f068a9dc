"""The one place that builds objects. Everything else is given what it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from anonymization.gate import Gate
from cds_service import __version__, clinical
from cds_service.accounts.ehrs import read_ehrs
from cds_service.assessor import Assessor, Similarity
from cds_service.errors import ConfigurationError, IndexUnavailable, StoreError
from cds_service.export.exporter import Exporter
from cds_service.fhir_client import FhirClient
from cds_service.inference.backend import ModelBackend
from cds_service.inference.contract import CONTRACT_VERSION
from cds_service.inference.prompt import PROMPT_VERSION
from cds_service.inference.specs import SERVING, load_spec
from cds_service.ledger.database import Database, open_database
from cds_service.ledger.keys import open_keys
from cds_service.ledger.vault import Vault
from cds_service.monitoring import Probe, metrics
from cds_service.outbound import Outbound
from cds_service.oversight import gauges
from cds_service.oversight.oversight import Oversight
from cds_service.pipeline import Pipeline
from cds_service.recorder import Recorder
from cds_service.retrieval.chroma import ChromaIndex
from cds_service.retrieval.embedder import MiniLmEmbedder
from cds_service.retrieval.retriever import Retriever
from cds_service.retrieval.source import PACKAGED, UNREVIEWED, read_sources
from cds_service.review_links import ReviewLinks
from cds_service.rights.rights import Rights
from cds_service.safety.verdict import SAFETY_VERSION, check_of_reason
from cds_service.sample.chart import request_body
from cds_service.settings import Settings
from cds_service.stations import Stations
from fhir_mappers.mapping import warm_up
from hooks.services import PATIENT_TRIAGE, HookCall
from hooks.wire import parse_request

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Service:
    """One web process's objects."""

    settings: Settings
    pipeline: Pipeline
    recorder: Recorder
    retriever: Retriever
    gate: Gate
    outbound: Outbound
    oversight: Oversight

    def probes(self) -> Mapping[str, Probe]:
        """What ``/readyz`` asks. The model is not among them: the floor does not need it."""
        return {"database": self.recorder.problem, "guidelines": self._guideline_problem}

    def _guideline_problem(self) -> str | None:
        try:
            return None if self.retriever.version else "there is no guideline index"
        except IndexUnavailable:
            return "there is no guideline index"

    def refresh_metrics(self) -> None:
        """Read the gauges of queue and worker from the database."""
        now = utc_now()
        try:
            stats = self.recorder.queue(now)
            alive = self.recorder.serving_model(now) is not None
            self.recorder.outbox.refresh_metrics(now)
            gauges.refresh(self.oversight, now)
        except StoreError:
            return
        for state, count in stats.counts.items():
            metrics.QUEUE.labels(state=state.value).set(count)
        metrics.QUEUE_AGE.set(stats.oldest_queued_s or 0)
        metrics.WORKER_UP.set(int(alive))


def utc_now() -> datetime:
    """The clock of the service."""
    return datetime.now(UTC)


def open_recorder(settings: Settings) -> Recorder:
    """The stores. Raises ConfigurationError when the database or the key file cannot be used."""
    return Recorder(open_database(settings.database), Vault(open_keys(settings)), settings)


def open_oversight(recorder: Recorder, settings: Settings) -> Oversight:
    """The figures of what clinicians made of it. Raises ConfigurationError for limits that cannot be read."""
    return Oversight(recorder.database, recorder.vault, settings, checks=check_of_reason())


def build_service(settings: Settings, *, now: Callable[[], datetime] = utc_now) -> Service:
    """Everything one web process needs, loaded and warm. `now`: the clock."""
    recorder = open_recorder(settings)
    gate, retriever = _gate_and_retriever(settings)
    try:
        retriever.warm()
    except IndexUnavailable:
        log.error("index-unavailable")  # the floor serves all the same, and /readyz says so
    service = assemble(settings, recorder=recorder, gate=gate, retriever=retriever, now=now)
    recorder.note_settings(utc_now())
    service.pipeline.warm(_sample_call(utc_now()))
    return service


def _sample_call(now: datetime) -> HookCall:
    request = parse_request(request_body(now))
    context = PATIENT_TRIAGE.context(request.context)
    return HookCall(service=PATIENT_TRIAGE, request=request, context=context, client="warm-up")


def open_outbound(settings: Settings) -> Outbound:
    """The way out. Raises ConfigurationError when the file of trusted authorities cannot be used."""
    try:
        return Outbound(ca_file=settings.ca_file)
    except OSError:  # ssl.SSLError is one
        raise ConfigurationError(f"CDS_CA_FILE: {settings.ca_file} holds no certificates that can be read") from None


def assemble(
    settings: Settings,
    *,
    recorder: Recorder,
    gate: Gate,
    retriever: Retriever,
    now: Callable[[], datetime] = utc_now,
) -> Service:
    """A service over parts that are already loaded. Raises ConfigurationError for an unknown rule in `rules_off`."""
    if unknown := sorted(set(settings.rules_off) - {rule.id for rule in clinical.RULES}):
        raise ConfigurationError(f"CDS_RULES_OFF names no such rule: {', '.join(unknown)}")
    outbound = open_outbound(settings)
    pipeline = Pipeline(
        settings=settings,
        stations=stations_over(settings, gate, retriever),
        recorder=recorder,
        fhir=FhirClient(
            outbound,
            deadline_s=settings.fetch_timeout_ms / 1000,
            max_bytes=settings.fetch_max_bytes,
            max_pages=settings.fetch_max_pages,
            max_linked=settings.fetch_max_linked,
        ),
        links=_review_links(settings),
        versions={
            "service": __version__,
            "setting": settings.setting.value,
            "rules": clinical.version_of([r for r in clinical.RULES if r.id not in settings.rules_off]),
            "policy": gate.policy.version,
            "prompt": PROMPT_VERSION,
            "contract": CONTRACT_VERSION,
            "safety": SAFETY_VERSION,
        },
        now=now,
    )
    return Service(
        settings=settings,
        pipeline=pipeline,
        recorder=recorder,
        retriever=retriever,
        gate=gate,
        outbound=outbound,
        oversight=open_oversight(recorder, settings),
    )


def _review_links(settings: Settings) -> ReviewLinks:
    ehrs = read_ehrs(settings.smart_file) if settings.smart_file else ()
    return ReviewLinks(external_url=settings.external_url, smart_clients=frozenset(ehr.client for ehr in ehrs))


def open_stations(settings: Settings) -> Stations:
    """The stations of the road that need no store, loaded and warm, for training and evaluation."""
    gate, retriever = _gate_and_retriever(settings)
    retriever.warm()
    return stations_over(settings, gate, retriever)


def _gate_and_retriever(settings: Settings) -> tuple[Gate, Retriever]:
    """The gate and the mapper, warm, and the retriever, which is not: its index may be missing."""
    warm_up()
    gate = Gate()
    gate.warm()
    index = ChromaIndex(settings.index_dir)
    return gate, Retriever(index, MiniLmEmbedder(), include_unreviewed=settings.unreviewed_guidelines)


def stations_over(settings: Settings, gate: Gate, retriever: Retriever) -> Stations:
    """The stations over parts that are already loaded."""
    off = not settings.unreviewed_guidelines and not _any_reviewed(settings)
    return Stations(gate=gate, retriever=retriever, settings=settings, guidelines_off=off)


def _any_reviewed(settings: Settings) -> bool:
    guidelines, _ = read_sources([PACKAGED, *([settings.guidelines_dir] if settings.guidelines_dir else [])])
    return any(g.clinical_review != UNREVIEWED for g in guidelines)


def open_exporter(database: Database, vault: Vault, settings: Settings) -> Exporter:
    """What writes training sets, with the index and the embedder loaded. Raises IndexUnavailable."""
    warm_up()
    retriever = Retriever(
        ChromaIndex(settings.index_dir), MiniLmEmbedder(), include_unreviewed=settings.unreviewed_guidelines
    )
    retriever.warm()
    return Exporter(
        database,
        vault,
        Rights(database, vault, settings),
        settings=settings,
        retriever=retriever,
        similarity=open_similarity(),
        now=utc_now,
        guidelines_off=not settings.unreviewed_guidelines and not _any_reviewed(settings),
    )


def build_assessor(settings: Settings) -> tuple[ModelBackend, Assessor]:
    """The model worker's objects, loaded and warm. Raises BackendError."""
    backend, served = load_spec(SERVING, settings)
    backend.warm()
    return backend, Assessor(
        backend,
        similarity=open_similarity(),
        setting=settings.setting,
        deadline_s=settings.model_timeout_s,
        may_raise=served.may_raise,
    )


def open_similarity() -> Similarity:
    """Likeness of texts by meaning, for the grounding check, loaded and warm."""
    embedder = MiniLmEmbedder()
    embedder.warm()

    def similarity(rows: Sequence[str], columns: Sequence[str]) -> Sequence[Sequence[float]]:
        cosines: list[list[float]] = (embedder.embed_passages(rows) @ embedder.embed_passages(columns).T).tolist()
        return cosines

    return similarity

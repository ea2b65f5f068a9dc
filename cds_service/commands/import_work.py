"""What an import borrows from above: requests as an EHR makes them, and targets as training writes them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cds_service.assessor import AssessmentTask
    from cds_service.domain import Draft, Priority
    from cds_service.importing.records import Patient, Wanted
    from cds_service.inference.contract import Offers
    from cds_service.inference.prompt import Prompt
    from cds_service.inference.style import Style
    from cds_service.settings import Setting, Settings
    from cds_service.stations import Stations

POLICY = "safe-harbor-exports"
REST = "rest"
"""The key under which comes what a request does not ask for and what names people or carries labels all the same."""


def build_work(settings: Settings, wanted: Wanted) -> Callable[[Patient], Mapping[str, Any]]:
    """The work of one worker, with a road of its own. `settings`: with an index that is prepared."""
    from cds_service import logs

    logs.configure("ERROR")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    return work_on(open_road(settings), wanted)


def work_on(stations: Stations, wanted: Wanted) -> Callable[[Patient], Mapping[str, Any]]:
    """The work on given stations, which use the export policy."""
    from cds_service.importing.records import Maker

    maker = Maker(stations, wanted, opened=opened, written=written)
    return lambda patient: maker.make(patient).as_json()


def open_road(settings: Settings) -> Stations:
    """The stations of the hook, past the gate under the policy of what leaves the clinic."""
    from anonymization.gate import Gate
    from anonymization.policy import packaged_policy
    from cds_service.bootstrap import stations_over
    from cds_service.retrieval.chroma import ChromaIndex
    from cds_service.retrieval.embedder import MiniLmEmbedder
    from cds_service.retrieval.retriever import Retriever
    from fhir_mappers.mapping import warm_up

    warm_up()
    gate = Gate(packaged_policy(POLICY))
    gate.warm()
    retriever = Retriever(
        ChromaIndex(settings.index_dir), MiniLmEmbedder(), include_unreviewed=settings.unreviewed_guidelines
    )
    retriever.warm()
    return stations_over(settings, gate, retriever)


def opened(resources: Sequence[dict[str, Any]], patient: str, encounter: str) -> Mapping[str, Any]:
    """The request of an EHR that opens the chart of `resources` in `encounter` (`importing.records.Opened`)."""
    from cds_service.evaluation.trials import USER
    from cds_service.sandbox.fhir_files import FhirFiles
    from cds_service.sandbox.prefetch import fill
    from hooks.services import PATIENT_TRIAGE

    context = {"userId": USER, "patientId": patient, "encounterId": encounter}
    filled = dict(fill(PATIENT_TRIAGE.prefetch, context, FhirFiles(resources)).prefetch)
    asked = {template.split("?")[0].split("/")[0] for template in PATIENT_TRIAGE.prefetch.values()}
    rest = [r for r in resources if r["resourceType"] not in asked or _other_visit(r, encounter)]
    filled[REST] = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in rest]}
    return {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid5(uuid.NAMESPACE_OID, encounter)),
        "context": context,
        "prefetch": filled,
    }


def _other_visit(resource: Mapping[str, Any], encounter: str) -> bool:
    return bool(resource["resourceType"] == "Encounter" and resource["id"] != encounter)


def written(
    task: AssessmentTask,
    prompt: Prompt,
    offers: Offers,
    priority: Priority,
    concern: str,
    *,
    setting: Setting,
    style: Style,
    seed: str,
) -> Draft | None:
    """What a model should have said (`importing.records.Writer`)."""
    from cds_service.training.build.targets import Gold, write_target

    gold = Gold(priority=priority, concern=concern)
    return write_target(task, prompt, offers, gold, setting=setting, style=style, seed=seed)

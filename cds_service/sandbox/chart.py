"""The patient of the sandbox: one chart, from files or from a FHIR server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cds_service.sample.chart import PATIENT_ID
from cds_service.sandbox.errors import BadPatientData
from cds_service.sandbox.fhir_files import FhirFiles
from cds_service.sandbox.fhir_server import FhirServer, read_token, split_patient_url
from cds_service.sandbox.fiction import fictional_files
from cds_service.sandbox.source import FhirSource, NotFilled
from cds_service.sandbox.transport import Transport
from cds_service.terminal_cards import line
from hooks.prefetch import Query

MAX_LISTED = 20


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One patient and where the data are. `server` is set when that is a FHIR server."""

    patient_id: str
    source: FhirSource
    server: FhirServer | None = None


def open_chart(
    patient: str | None, *, patient_id: str | None, token_file: Path | None, transport: Transport, now: datetime
) -> Chart:
    """The chart named on the command line: a file, a folder or a URL of a Patient; by default a fictional one.

    Raises BadPatientData, or BadAddress for a URL that may not be called.
    """
    if patient is None:
        return Chart(patient_id=PATIENT_ID, source=fictional_files(now))
    if patient.startswith(("http://", "https://")):
        return _from_server(patient, token_file, transport)
    path = Path(patient)
    if not path.exists():
        raise BadPatientData(f"{path}: there is no such file or folder.")
    files = FhirFiles.read(path)
    return Chart(patient_id=_chosen(files.patients(), patient_id), source=files)


def _from_server(url: str, token_file: Path | None, transport: Transport) -> Chart:
    base, patient_id = split_patient_url(url)
    server = FhirServer(base=base, transport=transport, token=read_token(token_file) if token_file else None)
    try:
        found = server.answer(Query(resource_type="Patient", id=patient_id))
    except NotFilled as error:
        raise BadPatientData(f"The patient cannot be read: {error}.") from None
    if found is None:
        raise BadPatientData("The FHIR server has no such patient.")
    return Chart(patient_id=patient_id, source=server, server=server)


def _chosen(patients: Mapping[str, str], wanted: str | None) -> str:
    """The id of the patient that is meant: the one named, or the only one there is. Raises BadPatientData."""
    if wanted is None and len(patients) == 1:
        return next(iter(patients))
    wanted = None if wanted is None else wanted.removeprefix("Patient/")
    if wanted is not None and wanted in patients:
        return wanted
    listed = "\n  ".join(line(f"{name}  {words}", 100) for name, words in list(patients.items())[:MAX_LISTED])
    more = f"\n  and {len(patients) - MAX_LISTED} more" if len(patients) > MAX_LISTED else ""
    what = f"{len(patients)} patients are in the data; choose one" if wanted is None else "No such patient; choose one"
    raise BadPatientData(f"{what} with --patient-id:\n  {listed}{more}")

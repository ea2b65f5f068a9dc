"""Missing prefetch is fetched from a FHIR server that is not ours: `fhirsnake`, in an environment of its own.

It ignores search parameters: every search gives the data of all patients, of every category and status, on one page.
That makes it a good witness that nothing is used because a server says so. Where it is: `CDS_TEST_FHIR_SERVER` or
`.tools/fhir-server` (`tests/support/fhir-server.txt` says how to make it).
"""

import base64
import json
import os
import re
import subprocess
import threading
from pathlib import Path

import pytest

from cds_service.fhir_client import FhirAccess, FhirClient, reasons
from cds_service.outbound import BaseUrl, Outbound
from fhir_mappers.mapping import map_case
from hooks.prefetch import resolve, values_for
from hooks.services import PATIENT_TRIAGE
from tests.support.fhir_values import (
    NOW,
    allergy,
    bundle,
    condition,
    document,
    encounter,
    medication_request,
    observation,
    patient,
)

ROOT = Path(__file__).parents[2]
HOME = Path(os.environ.get("CDS_TEST_FHIR_SERVER", ROOT / ".tools" / "fhir-server"))
CANARY = "Zyxwvut"
OTHER = {"reference": "Patient/p2"}
STARTED = re.compile(r"running on (http://127\.0\.0\.1:\d+)")

ORDER = {
    key: value
    for key, value in medication_request(id="m2", medicationReference={"reference": "Medication/drug"}).items()
    if key != "medicationCodeableConcept"
}
NOTE = {
    **document("", id="d1"),
    "content": [{"attachment": {"contentType": "text/plain", "url": "Binary/b1"}}],
}
MINE = [
    patient(name=[{"family": "Placeholder"}]),
    encounter(),
    condition("Asthma", id="c1"),
    condition("Hay fever", id="c2"),
    observation("8867-4", 88, "/min", ucum="/min", category="vital-signs", id="o1"),
    observation("2823-3", 4.1, "mmol/L", ucum="mmol/L", category="laboratory", id="o2"),
    medication_request("Inventedol 5 mg", id="m1"),
    ORDER,
    allergy("Imaginary pollen", id="a1"),
    NOTE,
]
LINKED = [
    {"resourceType": "Medication", "id": "drug", "code": {"text": "Madeupine 10 mg"}},
    {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": base64.b64encode(b"Coughs.").decode()},
]
OTHERS = [
    patient(id="p2", name=[{"family": CANARY}]),
    encounter("e2", subject=OTHER),
    condition(CANARY, id="c3", subject=OTHER),
    observation("8867-4", 199, "/min", ucum="/min", category="vital-signs", id="o3", subject=OTHER),
    observation("2823-3", 7.9, "mmol/L", ucum="mmol/L", category="laboratory", id="o4", subject=OTHER),
    medication_request(CANARY, id="m3", subject=OTHER),
    allergy(CANARY, id="a2", patient=OTHER),
    document(CANARY, id="d2", subject=OTHER),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The base URL of the running server."""
    programs = HOME / "bin" / "python"
    found = list(HOME.glob("lib/python*/site-packages/fhirsnake"))
    if not programs.exists() or not found:
        pytest.skip(f"needs an independent FHIR server: set CDS_TEST_FHIR_SERVER (looked in {HOME})")
    home = tmp_path_factory.mktemp("fhir-server")
    for resource in [*MINE, *LINKED, *OTHERS]:
        folder = home / "resources" / resource["resourceType"]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{resource['id']}.json").write_text(json.dumps(resource))
    command = [programs, "-m", "uvicorn", "--app-dir", found[0], "--host", "127.0.0.1", "--port", "0", "main:app"]
    process = subprocess.Popen(command, cwd=home, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        yield _address(process)
    finally:
        process.terminate()
        process.wait(10)


def _address(process: subprocess.Popen) -> str:
    lines = []
    for line in process.stderr:
        lines.append(line)
        started = STARTED.search(line)
        if started:
            threading.Thread(target=process.stderr.read, daemon=True).start()  # so that it is never kept from logging
            return started[1]
    pytest.fail("the FHIR server did not start:\n" + "".join(lines), pytrace=False)


def fetch(server, sent, patient_id="p1", encounter_id="e1"):
    values = values_for({"userId": "Practitioner/dr-1", "patientId": patient_id, "encounterId": encounter_id})
    wanted = {key: resolve(template, values) for key, template in PATIENT_TRIAGE.prefetch.items()}
    client = FhirClient(Outbound(), deadline_s=5.0, max_bytes=1_000_000, max_pages=5, max_linked=20)
    allowed = FhirAccess(base=BaseUrl.parse(server), token=None, scopes=None, patient_id=patient_id)
    return client.complete(sent, wanted, allowed)


def chart(prefetch, absent=None):
    return map_case(
        prefetch,
        patient_id="p1",
        encounter_id="e1",
        now=NOW,
        declared=tuple(PATIENT_TRIAGE.prefetch),
        absent=absent or {},
    )


def facts(made) -> dict[str, object]:
    """What a chart says, whatever the order in which it came."""
    return {
        "demographics": made.demographics,
        "encounter": made.encounter_class,
        "problems": {problem.concept.text for problem in made.problems},
        "vitals": [(name, measured.value) for each in made.vitals for name, measured in each.values.items()],
        "labs": [(series.loinc, result.value) for series in made.labs for result in series.results],
        "medications": {medication.concept.text for medication in made.medications},
        "allergies": {allergy.concept.text for allergy in made.allergies},
        "documents": {document.text for document in made.documents},
    }


@pytest.mark.requirement("E1", "E2", "E11")
def test_the_chart_is_the_patients_own_and_whole(server):
    fetched = fetch(server, {})
    assert fetched.failures == {}
    assert fetched.fetched == tuple(PATIENT_TRIAGE.prefetch)
    fetched_chart = facts(chart(fetched.prefetch))
    assert fetched_chart == facts(chart({"patient": MINE[0], "rest": bundle(*MINE[1:], *LINKED)}))
    assert fetched_chart["medications"] == {"Inventedol 5 mg", "Madeupine 10 mg"}
    assert fetched_chart["documents"] == {"Coughs."}


@pytest.mark.requirement("E10", "E11")
def test_nothing_of_another_patient_is_used_though_the_server_sends_it(server):
    fetched = fetch(server, {})
    assert CANARY in str(fetched.prefetch)
    made = chart(fetched.prefetch)
    assert CANARY not in repr(made)
    assert not {f"{r['resourceType']}/{r['id']}" for r in OTHERS} & {
        source.reference for source in made.sources.values()
    }
    foreign = {refused.resource_type for refused in made.refused if refused.reason == "wrong-patient"}
    assert foreign == {resource["resourceType"] for resource in OTHERS} - {"Patient", "Encounter"}


@pytest.mark.requirement("E3")
def test_what_was_sent_stands_and_only_the_rest_is_fetched(server):
    sent = {"patient": MINE[0], "conditions": None, "allergies": bundle()}
    fetched = fetch(server, sent)
    assert set(fetched.fetched) == set(PATIENT_TRIAGE.prefetch) - set(sent)
    made = chart(fetched.prefetch)
    assert (made.problems, made.allergies) == ((), ())


def test_a_patient_and_encounter_that_it_does_not_have_are_said_to_be_missing(server):
    fetched = fetch(server, {}, patient_id="nobody", encounter_id="none")
    assert fetched.failures == dict.fromkeys(("patient", "encounter"), reasons.NOT_THERE)

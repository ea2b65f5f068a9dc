"""Past records for tests of imports: made-up people in files as a server writes them, and work that needs no gate."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

from cds_service.importing.books import OwnBook
from cds_service.importing.importer import Importer, Order
from cds_service.importing.records import Wanted
from tests.support.fhir_values import LOINC, coded

NOW = datetime(2031, 6, 1, tzinfo=UTC)
CANARY = "Zebulonia-Quirk"
LEVEL = coded(LOINC, "75636-1")


def of(patient, kind, name, **more):
    """A resource of a patient."""
    owner = "patient" if kind in {"AllergyIntolerance", "Consent"} else "subject"
    return {"resourceType": kind, "id": name, owner: {"reference": f"Patient/{patient}"}, **more}


def person(name="p1", **more):
    family = [{"family": CANARY, "given": ["Ottoline"]}]
    return {
        "resourceType": "Patient",
        "id": name,
        "gender": "female",
        "birthDate": "1970-02-03",
        "name": family,
        **more,
    }


def visit(patient="p1", name="e1", *, start="2031-05-06T11:00:00Z", end="2031-05-06T15:00:00Z", reason="cough", **more):
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "EMER"}
    fields = {"status": "finished", "class": kind, "period": {"start": start, "end": end}}
    return of(patient, "Encounter", name, **fields, reasonCode=[{"text": reason}], **more)


def level(value, patient="p1", name="l1", *, of_visit="e1", at="2031-05-06T11:05:00Z"):
    link = {"reference": f"Encounter/{of_visit}"}
    more = {"status": "final", "code": LEVEL, "encounter": link, "effectiveDateTime": at, "valueInteger": value}
    return of(patient, "Observation", name, **more)


def ndjson(path, *resources, raw=b""):
    """Write resources, and `raw` after them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(json.dumps(r).encode() + b"\n" for r in resources) + raw)
    return path


def counting():
    """Work that writes a line for each patient from what it was given, without a gate."""

    def make(patient):
        kinds = sorted(json.loads(text)["resourceType"] for text in patient.resources)
        return {"code": patient.code, "clinic": [json.dumps(kinds)], "inputs": [], "counts": {"seen": 1}}

    return make


def slowly():
    """`counting`, so slow that it can be killed on the way."""
    make = counting()

    def work(patient):
        time.sleep(0.01)
        return make(patient)

    return work


def people_export(folder, count=60):
    """An export of many patients with three resources each, in files by type."""
    names = [f"q{n}" for n in range(count)]
    ndjson(folder / "Patient.ndjson", *map(person, names))
    ndjson(folder / "Encounter.000.ndjson", *(visit(n, f"e-{n}") for n in names))
    ndjson(folder / "Observation.000.ndjson", *(level(2, n, f"l-{n}", of_visit=f"e-{n}") for n in reversed(names)))
    return folder


def importer(engine, build, codes, **more):
    """An importer without a database whose table of codes is the file `codes`."""
    return Importer(engine, build, lambda _: OwnBook(codes), clock=lambda: NOW, show=lambda *_: None, **more)


def order(source, out, **more):
    return Order(sources=(source,), out=out, wanted=Wanted(), versions={"policy": "test"}, **more)


def listening(pids):
    """(address, port) on which the processes listen, from the kernel's own table."""
    inodes = set()
    for pid in pids:
        try:
            inodes |= {str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()}
        except OSError:
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                found.add(tuple(fields[1].split(":")))
    return found


def family(pid):
    """The process and all that it began, from the kernel's own tables."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            found += map(int, task.read_text().split())
    return found

"""A clinic with a few fictional patients whose charts went down the real road, and accounts to look at their cases."""

import json
from datetime import timedelta

from cds_service import codec
from cds_service.accounts.roles import Role
from cds_service.assessor import AssessmentTask
from cds_service.bootstrap import assemble
from cds_service.clinic import Clinic
from cds_service.domain import Assessment, AssessmentStatus, Draft, Priority
from cds_service.fhir_access import FhirOffer
from cds_service.ledger.database import open_database
from cds_service.ledger.keys import load_or_create_keys
from cds_service.ledger.migrate import migrate
from cds_service.ledger.vault import Vault
from cds_service.recorder import Recorder
from cds_service.sample.chart import request_body
from cds_service.settings import Settings
from hooks.services import PATIENT_TRIAGE, HookCall
from hooks.wire import parse_request
from tests.support.site import a_member, sign_in, site_app

MODEL = "fictional-model-1"
DRAFT = {
    "priority_reason": "Low oxygen saturation of 91 % with fever and a fast breathing rate.",
    "key_concerns": ("Possible pneumonia", "Possible sepsis"),
    "risk_factors": ("Heart failure", "Type 2 diabetes"),
    "actions": ("Emergency response now",),
    "questions": ("When did the shortness of breath start?",),
    "assessment": "Short of breath with fever and an oxygen saturation of 91 % is concerning for pneumonia.",
}

WELL = {"9279-1": 16, "59408-5": 97, "2708-6": 97, "8310-5": 37.0, "8867-4": 80, "8480-6": 128, "8462-4": 78}
"""Vital signs that score nothing, by LOINC code."""


def body_of(now, *, patient="demo-1", name=("Fictiva", "Rosalind"), complaint=None, vitals=None, drop=()):
    """The demo chart as another fictional patient: `vitals` by LOINC code, sections of `drop` left out."""
    body = json.loads(json.dumps(request_body(now)).replace("demo-1", patient))
    chart = body["prefetch"]
    chart["patient"]["name"][0] |= {"family": name[0], "given": [name[1]]}
    chart["patient"]["identifier"][0]["value"] = f"{sum(map(ord, patient)) * 7919 % 10**8:08d}"
    if complaint is not None:
        chart["encounter"]["reasonCode"] = [{"text": complaint}]
    newest = max(e["resource"]["effectiveDateTime"] for e in chart["observations"]["entry"])
    for entry in chart["observations"]["entry"]:
        observation = entry["resource"]
        code = observation["code"]["coding"][0]["code"]
        if vitals and observation["effectiveDateTime"] == newest:
            if code in vitals:
                observation["valueQuantity"]["value"] = vitals[code]
            for part in observation.get("component", ()):
                part["valueQuantity"]["value"] = vitals.get(
                    part["code"]["coding"][0]["code"], part["valueQuantity"]["value"]
                )
    _earlier_rounds(chart, now)
    for section in drop:
        chart[section] = {"resourceType": "Bundle", "type": "searchset", "total": 0, "entry": []}
    return body


def _earlier_rounds(chart, now):
    """Two more rounds of today before the newest, a little better each, so that there is a course to see."""
    falls = {"59408-5", "2708-6", "8480-6"}
    entries = chart["observations"]["entry"]
    newest = max(e["resource"]["effectiveDateTime"] for e in entries)
    for hours, share in ((2, 0.97), (5, 0.93)):
        for entry in [e for e in entries if e["resource"]["effectiveDateTime"] == newest]:
            made = json.loads(json.dumps(entry))
            observation = made["resource"]
            observation["id"] += f"-{hours}h"
            made["fullUrl"] = made.get("fullUrl", "") + f"-{hours}h"
            observation["effectiveDateTime"] = (now - timedelta(hours=hours)).isoformat(timespec="seconds")
            for part in (observation, *observation.get("component", ())):
                if "valueQuantity" in part and part["valueQuantity"]["unit"] != "Cel":
                    times = 2 - share if part["code"]["coding"][0]["code"] in falls else share
                    part["valueQuantity"]["value"] = round(part["valueQuantity"]["value"] * times)
            entries.append(made)


class Scene:
    """The clinic, its application, and its people. `now`: the clock, which a test may move."""

    def __init__(self, folder, built, *, now):
        self.at = now
        settings = Settings(
            data_dir=folder / "state", keys_file=folder / "keys.json", model="llamacpp", unreviewed_guidelines=True
        )
        migrate(settings.database)
        self.recorder = Recorder(open_database(settings.database), Vault(load_or_create_keys(settings.keys)), settings)
        self.service = assemble(
            settings, recorder=self.recorder, gate=built.gate, retriever=built.retriever, now=lambda: self.at
        )
        self.clinic = Clinic(settings=settings, recorder=self.recorder, now=lambda: self.at, retriever=built.retriever)
        self.app = site_app(self.clinic)
        self.nurse = a_member(self.clinic, Role.NURSE, shown="Nora Quill")
        self.second = a_member(self.clinic, Role.NURSE, name="nurse2", shown="Ada Fennimore")
        self.physician = a_member(self.clinic, Role.PHYSICIAN, shown="Pia Marlowe")

    def worker_lives(self):
        """A sign of life of a model worker, so that assessments are asked for."""
        with self.recorder.database.transaction() as tx:
            self.recorder.workers.beat(tx, worker="worker-1", model_version=MODEL, now=self.at)

    def hook(self, body):
        """Send a chart down the road; returns the cards."""
        request = parse_request(body)
        context = PATIENT_TRIAGE.context(request.context)
        call = HookCall(service=PATIENT_TRIAGE, request=request, context=context, client="fictional-ehr")
        return self.service.pipeline.answer(call, FhirOffer(access=None, otherwise="not sent")).body

    def finish_jobs(self, reasons=None, **changed):
        """What a worker would do with the waiting job: an assessment (`DRAFT`, changed), or `reasons` against it."""
        with self.recorder.database.transaction() as tx:
            job = self.recorder.jobs.claim(tx, now=self.at, worker="worker-1", lease_s=60)
            task = AssessmentTask.from_json(job.payload)
            if reasons:
                self.recorder.jobs.withhold(tx, job, reasons=reasons, now=self.at)
                self.recorder.reviews.assessed_in(tx, job.id, AssessmentStatus.WITHHELD, self.at)
                return task
            draft = Draft(priority=Priority.CRITICAL, passages=tuple(p.id for p in task.passages), **(DRAFT | changed))
            made = Assessment(draft=draft, confidence=0.71, likelihood="concerning for", model=MODEL)
            self.recorder.jobs.complete(tx, job, result=codec.encode(made), now=self.at)
            self.recorder.reviews.assessed_in(tx, job.id, AssessmentStatus.READY, self.at)
        return task

    def cases(self, show="waiting"):
        """The cases of the queue."""
        return self.clinic.reviews.queue(self.at, show=show, role=Role.NURSE).cases

    def client(self, member):
        """A test client that is signed in."""
        made = self.app.test_client()
        sign_in(made, self.clinic, member)
        return made

    def later(self, **passed):
        """Let time pass."""
        self.at = self.at + timedelta(**passed)


def three_patients(scene):
    """Three fictional patients: one Critical with an assessment, one High whose draft was withheld, one Medium."""
    scene.worker_lives()
    scene.hook(body_of(scene.at))
    scene.finish_jobs()
    scene.hook(
        body_of(
            scene.at, patient="demo-2", name=("Nemosdottir", "Ingeborg"),
            complaint="chest pressure for two hours, sweating",
            vitals=WELL | {"8480-6": 138, "8867-4": 92},
            drop=("documents", "intake"),
        )
    )  # fmt: skip
    scene.finish_jobs(reasons=("grounding: a sentence is not covered by the evidence",))
    scene.hook(
        body_of(
            scene.at, patient="demo-3", name=("Fabula", "Thaddeus"), complaint="burning on urination for three days",
            vitals=WELL,
            drop=("documents", "intake", "labs"),
        )
    )  # fmt: skip
    return scene

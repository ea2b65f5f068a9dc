"""Every act that an auditor asks for is an event of the trail: done by the real parts, one by one."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event

import pytest

from cds_service.accounts.errors import SignInRefused
from cds_service.accounts.roles import Role
from cds_service.accounts.store import Accounts
from cds_service.assessor import Assessor
from cds_service.errors import BackendError
from cds_service.export.runner import Runner
from cds_service.inference.contract import Encoding
from cds_service.inference.registry.pack import Packing
from cds_service.inference.registry.store import Registry
from cds_service.inference.style import Style
from cds_service.ledger.audit import EventKind
from cds_service.ledger.chain import verify
from cds_service.ledger.seals import Seals
from cds_service.ledger.settings_trail import note_settings
from cds_service.ledger.trail import Wanted, note_reading, records
from cds_service.rollout.change import Change
from cds_service.rollout.stages import MODEL, Stage
from cds_service.settings import Setting
from cds_service.worker import Worker
from fhir_mappers.audit_event import audit_event
from hooks.feedback import FeedbackItem, Outcome
from tests.support.adapters import save_run
from tests.support.export_values import SmallWriter, approving, asked, officers
from tests.support.review_scene import Scene, body_of
from tests.support.site import CHEAP, PASSWORD, a_member

NOW = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)
EHR = "fictional-ehr"


class DownBackend:
    """A model that does not answer: that it was asked is an event all the same."""

    name, version, encoding, style = "down", "down-1", Encoding.JSON, Style.WORKED

    def generate(self, prompt, offers, *, deadline_s):
        raise BackendError("it does not answer")


class Clinic(Scene):
    """The clinic of the acts below, which follow one another."""

    def __init__(self, folder, built):
        super().__init__(folder, built, now=NOW)
        self.folder = folder
        self.clinic.accounts = Accounts(self.recorder.database, settings=self.clinic.settings, hasher=CHEAP)
        self.registry = Registry(self.recorder.database, folder / "adapters")
        self.seals = Seals(self.recorder.vault.keys, folder / "seals.jsonl")
        self.one, self.other = officers(self.clinic)
        a_member(self.clinic, Role.NURSE, name="nurse3", password=PASSWORD)
        self.worker_lives()

    def call(self):
        self.answer = self.hook(body_of(NOW))

    def ask_model(self):
        assessor = Assessor(DownBackend(), similarity=None, setting=Setting.FAMILY_PRACTICE, deadline_s=5)
        worker = Worker(recorder=self.recorder, backend=DownBackend(), assessor=assessor, lease_s=30, now=lambda: NOW)
        assert worker.once()

    def feed_back(self):
        item = FeedbackItem(card=self.answer["cards"][0]["uuid"], outcome=Outcome("overridden"), timestamp=NOW)
        assert self.recorder.feedback("patient-triage", [item], client=EHR, now=NOW)[0]["recorded"]

    def look(self):
        case = self.clinic.reviews.look(self.cases()[0].id, self.nurse, NOW).case
        self.clinic.reviews.chart(case, self.nurse, NOW)

    def sign_in(self, password=PASSWORD):
        try:
            self.clinic.accounts.sign_in("nurse3", password, now=NOW)
        except SignInRefused:
            assert password != PASSWORD

    def look_up(self):
        self.clinic.rights.look(EHR, "demo-1", reason="patient-request", actor="operator", now=NOW)

    def order(self):
        self.ordered = self.clinic.exports.order(asked(), self.one, NOW)
        self.export()

    def approve(self):
        ordered = self.clinic.exports.get(self.ordered.id)
        self.clinic.exports.approve(ordered.id, approving(ordered, self.other), self.other, NOW)

    def export(self):
        assert Runner(self.clinic.exports, SmallWriter, now=lambda: NOW, beat_s=0.01).once(Event())

    def promote(self):
        save_run(self.folder / "run", seed=1)
        self.registry.add(self.folder / "run", Packing(now=NOW, id="new"), actor="operator")
        entry = self.registry.all()[0]
        since = self.registry.head()
        self.registry.promote(entry, since=since, reason="better", details={}, now=NOW, actor="operator")
        self.registry.rollback(reason="worse", now=NOW, actor="operator")

    def set(self):
        with self.recorder.database.transaction() as tx:
            note_settings(tx, self.recorder.vault, self.clinic.settings, now=NOW)

    def roll_out(self):
        change = Change(part=MODEL, stage=Stage.SHADOW, why="the board said so", confirmed=True)
        self.clinic.roll_out.change(change, actor="operator", now=NOW)

    def seal(self):
        with self.recorder.database.transaction() as tx:
            assert self.seals.seal(tx, now=NOW, actor="operator")

    def read_trail(self):
        with self.recorder.database.transaction() as tx:
            note_reading(tx, Wanted(), act="export", actor="operator", now=NOW)

    def shred(self):
        rights = self.clinic.rights
        rights.opt_out(EHR, "demo-9", reason="patient-request", actor="operator", now=NOW)
        held = rights.hold(EHR, "demo-9", reason="litigation", actor="operator", now=NOW)
        rights.release(held.id, actor="operator", now=NOW)
        rights.shred(EHR, "demo-9", reason="patient-request", actor="operator", now=NOW)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the event must say."""

    kind: EventKind
    actor: str | None = EHR
    outcome: str = "success"
    patient: bool = True
    detail: tuple[str, ...] = ()


K = EventKind
OPERATOR = {"actor": "operator", "patient": False}
ACTS = (
    ("hook call", Clinic.call, [Expected(kind=K.HOOK_CALL, detail=("answer", "service", "hook", "floor"))]),
    ("gate decision", None, [Expected(kind=K.GATE_DECISION, actor="gate", detail=("answer", "decision"))]),
    ("card", None, [Expected(kind=K.CARD_SHOWN, detail=("answer", "card", "card_kind"))]),
    ("vault", None, [Expected(kind=K.VAULT_MINT), Expected(kind=K.VAULT_WRITE, detail=("item",))]),
    ("model call", Clinic.ask_model,
     [Expected(kind=K.MODEL_CALL, actor=None, outcome="failed", patient=False, detail=("job",))]),
    ("feedback", Clinic.feed_back, [Expected(kind=K.FEEDBACK, detail=("card",))]),
    ("review", Clinic.look,
     [Expected(kind=kind, actor=None, detail=(key,)) for kind, key in ((K.REVIEW, "case"), (K.VAULT_READ, "reason"))]),
    ("sign-in", Clinic.sign_in, [Expected(kind=K.SIGN_IN, actor=None, patient=False, detail=("act",))]),
    ("refused sign-in", lambda it: it.sign_in("a wrong guess"),
     [Expected(kind=K.SIGN_IN, actor=None, outcome="refused", patient=False, detail=("reason",))]),
    ("vault look-up", Clinic.look_up, [Expected(kind=K.VAULT_READ, actor="operator", detail=("reason",))]),
    ("export, ordered", Clinic.order, [Expected(kind=K.EXPORT, actor=None, patient=False, detail=("export",))]),
    ("approval", Clinic.approve, [Expected(kind=K.APPROVAL, actor=None, patient=False, detail=("digest",))]),
    ("export", Clinic.export, [Expected(kind=K.EXPORT, actor=None, patient=False, detail=("export",))]),
    ("promotion", Clinic.promote,
     [Expected(kind=kind, **OPERATOR) for kind in (K.MODEL_ADD, K.MODEL_PROMOTE, K.MODEL_ROLLBACK)]),
    ("setting", Clinic.set, [Expected(kind=K.SETTING, detail=("setting", "digest"), **OPERATOR)]),
    ("roll-out", Clinic.roll_out, [Expected(kind=K.ROLL_OUT, detail=("why",), **OPERATOR)]),
    ("seal", Clinic.seal, [Expected(kind=K.SEAL, detail=("seal", "key"), **OPERATOR)]),
    ("reading the trail", Clinic.read_trail, [Expected(kind=K.AUDIT_READ, detail=("act",), **OPERATOR)]),
    ("rights", Clinic.shred,
     [Expected(kind=kind, actor="operator") for kind in (K.OPT_OUT, K.LEGAL_HOLD, K.SHRED, K.VAULT_PURGE)]),
)  # fmt: skip


@pytest.fixture(scope="module")
def done(tmp_path_factory, built):
    """Every act, once, in order, with the events that it left; and the clinic."""
    clinic, last, found = Clinic(tmp_path_factory.mktemp("acts"), built), 0, {}
    events = []
    for name, act, _ in ACTS:
        if act is not None:
            act(clinic)
            with clinic.recorder.database.transaction(write=False) as tx:
                everything = list(records(tx, Wanted()))
            events, last = [record for record in everything if record.seq > last], everything[-1].seq
        found[name] = events
    return clinic, found


@pytest.mark.parametrize(
    ("name", "expected"), [(name, expected) for name, _, expected in ACTS], ids=[act[0] for act in ACTS]
)
def test_every_act_has_its_event(done, name, expected):
    _, found = done
    for wanted in expected:
        alike = [
            event
            for event in found[name]
            if event.kind == wanted.kind
            and event.outcome == wanted.outcome
            and wanted.actor in (None, event.actor)
            and (event.subject is not None) == wanted.patient
            and event.detail.keys() >= set(wanted.detail)
        ]
        assert alike, (wanted, [(e.kind, e.actor, e.outcome, dict(e.detail)) for e in found[name]])


def test_the_chain_of_all_this_is_whole_and_each_event_a_valid_resource(done):
    clinic, found = done
    with clinic.recorder.database.transaction(write=False) as tx:
        assert verify(tx).valid
    examples = {(event.kind, event.outcome): event for events in found.values() for event in events}
    assert len(examples) > 15
    for event in examples.values():
        audit_event(event.as_json(), base="http://127.0.0.1:8080")


def test_no_event_of_all_this_names_the_patient(done):
    clinic, _ = done
    with clinic.recorder.database.transaction(write=False) as tx:
        text = json.dumps([record.as_json() for record in records(tx, Wanted())])
    for word in ("Fictiva", "Rosalind", "demo-1"):
        assert word not in text

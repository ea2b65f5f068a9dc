"""Reviewed cases that an export may take: what the model said, what clinicians made of it, and what the EHR sent."""

from dataclasses import replace
from datetime import timedelta

from cds_service.review.reasons import OFFERED_REASONS
from cds_service.review.values import Decision, Symptom, Verdict
from hooks.feedback import parse_feedback
from tests.support.review_scene import WELL, body_of
from tests.support.review_values import WORDS as BASE

DRAFT = {
    "priority_reason": "Chest pressure with sweating.",
    "key_concerns": ("Chest pain",),
    "risk_factors": (),
    "questions": ("When did the chest pressure start?",),
    "assessment": "Chest pressure may have a serious cause. Emergency response is needed now.",
}
"""What the model said of the first patient, and the clinician confirmed."""

OWN = replace(
    BASE,
    history="Nemosdottir has been to the emergency department since Tuesday; her daughter called.",
    symptoms=(Symptom(name="chest pressure", duration="2 hours", severity=6),),
    assessment="Chest pressure may have a serious cause: call 911 now.",
    justification="Chest pressure with sweating.",
    note="Nora Quill spoke to the family, 555-010-4477.",
)
"""What the clinician wrote of the second, of whom no draft was shown."""

CHEST = {"complaint": "chest pressure for two hours, sweating", "vitals": WELL, "drop": ("documents", "intake")}
COMMENT = "Nora Quill called Nemosdottir at 555-010-4478: she was told before."


def decided(scene):
    """Three fictional patients: of one the draft is confirmed, of one a note is written, one is dismissed."""
    scene.worker_lives()
    scene.hook(body_of(scene.at, **CHEST))
    scene.finish_jobs(**DRAFT)
    decide(scene, Verdict.CONFIRM, BASE)
    answer = scene.hook(body_of(scene.at, patient="demo-2", name=("Nemosdottir", "Ingeborg"), **CHEST))
    scene.finish_jobs(reasons=("grounding: a sentence is not covered by the evidence",))
    decide(scene, Verdict.CONFIRM, OWN, edited=True)
    override(scene, answer["cards"][0]["uuid"])
    scene.hook(body_of(scene.at, patient="demo-3", name=("Fabula", "Thaddeus"), **CHEST))
    decide(scene, Verdict.DISMISS, BASE, reason=OFFERED_REASONS[0][1])
    return scene


def decide(scene, verdict, words, *, priority=None, reason=None, edited=False):
    """The physician decides the one case that waits."""
    (case,) = scene.cases()
    signed = Decision(verdict=verdict, priority=priority, reason=reason, notes=words, signature=scene.physician.name,
                      seen=case.version, edited=edited)  # fmt: skip
    scene.clinic.reviews.decide(case.id, signed, scene.physician, scene.at + timedelta(minutes=5))


def override(scene, card, comment=COMMENT):
    """The EHR sends that the clinician set `card` aside, with a comment that names people."""
    system, code, _ = OFFERED_REASONS[0]
    reason = {"reason": {"system": system, "code": code}, "userComment": comment}
    item = {"card": card, "outcome": "overridden", "overrideReason": reason, "outcomeTimestamp": scene.at.isoformat()}
    items = parse_feedback({"feedback": [item]})
    (said,) = scene.recorder.feedback("patient-triage", items, client="fictional-ehr", now=scene.at)
    assert said["recorded"]

"""Every event of the audit trail is a valid R4 AuditEvent that names nobody."""

import pytest

from cds_service.ledger.audit import EventKind, Outcome
from cds_service.ledger.reads import Reason
from fhir_mappers import audit_codes, r4
from fhir_mappers.audit_event import audit_event

BASE = "https://cds.clinic.example"
SUBJECT = "subj-" + "0" * 32


def fields(**changed):
    return {
        "seq": 7,
        "time": "2031-05-06T07:08:09.123456Z",
        "kind": "vault-read",
        "actor": "user:acct-1",
        "outcome": "success",
        "subject": SUBJECT,
        "detail": {"reason": "review", "item": "snapshot-1", "found": True, "count": 3, "share": 0.5, "none": None},
        "previous": "0" * 64,
        "hash": "1" * 64,
    } | changed


def made(**changed):
    return audit_event(fields(**changed), base=BASE)


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_has_a_coding_of_its_own_and_is_valid(kind):
    assert kind.value in audit_codes.CODINGS
    resource = made(kind=kind.value, subject=None, detail={})
    assert resource["action"] in "CRUDE"
    assert {"system", "code", "display"} == resource["type"].keys()
    assert "subtype" not in resource or resource["subtype"]


def test_a_look_into_the_vault_says_who_whom_why_and_what():
    resource = made()
    assert (resource["type"]["code"], resource["subtype"][0]["code"], resource["action"]) == ("110110", "access", "R")
    assert resource["recorded"] == "2031-05-06T07:08:09.123456Z"
    assert resource["purposeOfEvent"][0]["coding"][0]["code"] == "TREAT"
    assert resource["agent"][0]["who"]["identifier"] == {"system": f"{BASE}/audit/actor", "value": "user:acct-1"}
    assert resource["agent"][0]["requestor"]
    patient, thing, chain = resource["entity"]
    assert patient["what"] == {"identifier": {"system": f"{BASE}/audit/subject", "value": SUBJECT}, "type": "Patient"}
    assert thing["what"]["identifier"] == {"system": f"{BASE}/audit/item", "value": "snapshot-1"}
    assert {d["type"]: d["valueString"] for d in thing["detail"]} == {
        "reason": "review", "item": "snapshot-1", "found": "true", "count": "3", "share": "0.5",
    }  # fmt: skip
    assert {d["type"]: d["valueString"] for d in chain["detail"]} == {
        "seq": "7", "previous": "0" * 64, "hash": "1" * 64,
    }  # fmt: skip


@pytest.mark.parametrize(("outcome", "code"), [("success", "0"), ("refused", "4"), ("failed", "8")])
def test_outcomes_are_graded(outcome, code):
    assert set(Outcome) == audit_codes.OUTCOMES.keys()
    resource = made(outcome=outcome)
    assert resource["outcome"] == code
    assert resource.get("outcomeDesc") == (None if outcome == "success" else "review")


@pytest.mark.parametrize(
    ("actor", "role", "requestor"),
    [
        ("user:acct-1", "humanuser", True),
        ("operator", "humanuser", True),
        ("https://ehr.example", "110153", True),
        ("client:x", "110153", True),
        ("gate", "110150", False),
        ("worker-12-ab12cd34", "110150", False),
    ],
)
def test_people_clients_and_parts_of_the_service_are_told_apart(actor, role, requestor):
    agent = made(actor=actor)["agent"][0]
    assert agent["type"]["coding"][0]["code"] == role
    assert agent["requestor"] is requestor


@pytest.mark.parametrize(
    ("kind", "detail", "code"),
    [
        ("sign-in", {"act": "sign-in"}, "110122"),
        ("sign-in", {"act": "sign-out"}, "110123"),
        ("review", {"why": "looked-at"}, "access"),
        ("review", {"why": "decided"}, "amend"),
    ],
)
def test_one_detail_may_make_another_act_of_it(kind, detail, code):
    assert made(kind=kind, detail=detail)["subtype"][0]["code"] == code
    assert made(kind="legal-hold", detail={"act": "released"})["type"]["code"] == "unhold"


def test_every_reason_to_open_the_vault_is_a_purpose():
    assert {reason.value for reason in Reason} == audit_codes.PURPOSES.keys()


def test_a_kind_of_another_version_and_odd_details_are_still_valid():
    resource = made(kind="of-tomorrow", outcome="unknown", detail={"a": " padded ", "b": "", "c": " "})
    assert (resource["type"]["code"], resource["outcome"]) == ("110100", "8")
    r4.validate(resource)


def test_what_is_not_valid_is_not_given_out():
    with pytest.raises(ValueError, match="AuditEvent is not valid"):
        made(time="rubbish")

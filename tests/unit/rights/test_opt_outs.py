"""Whose data go into no training set."""

import json
from datetime import timedelta

import pytest

from cds_service.ledger.audit import EventKind
from cds_service.rights.errors import Incomplete, NoSuchEntry, Refused, Unreadable
from cds_service.rights.files import read_file
from tests.support.ledger_values import CLIENT, NOW
from tests.support.rights_values import ACTOR, consent

YEAR = timedelta(days=365)


def test_an_entry_of_the_list_counts_at_once_even_for_a_patient_who_never_came(office):
    office.opt_out("new", words="She said so to Ottilie.")
    assert office.opted_out("new")
    assert not office.opted_out("other")
    with office.database.transaction(write=False) as tx:  # the first hook call finds the same subject
        minted = office.vault.find_subject(tx, tenant=CLIENT, patient_key="new")
    assert minted == office.subject("new") == office.rights.entries()[0].subject


def test_an_entry_withdrawn_counts_no_more_and_every_act_is_audited_without_a_word(office):
    entry = office.opt_out("p-1", words="He wrote a letter.")
    assert office.opt_out("p-1").id == entry.id  # once is enough
    office.rights.withdraw(entry.id, actor=ACTOR, now=NOW)
    assert not office.opted_out("p-1")
    events = office.audited(EventKind.OPT_OUT)
    assert [e["act"] for e in events] == ["recorded", "withdrawn"]
    assert {e["subject"] for e in events} == {entry.subject}
    assert "letter" not in str(events)
    with pytest.raises(NoSuchEntry):
        office.rights.withdraw(entry.id, actor=ACTOR, now=NOW)


def test_the_newest_consent_counts_and_of_two_of_one_time_the_denial(office):
    office.take(consent("p-1", "deny", "2030-01-01"))
    assert office.opted_out("p-1")
    office.take(consent("p-1", "permit", "2030-05-01", id="c-2"))
    assert not office.opted_out("p-1")
    office.take(consent("p-1", "deny", "2030-05-01T00:00:00Z", id="c-3"))
    assert office.opted_out("p-1")


def test_the_list_overrides_only_towards_less_use(office):
    office.take(consent("p-1", "permit"))
    entry = office.opt_out("p-1")
    assert office.opted_out("p-1")
    office.take(consent("p-1", "deny", id="c-2"))
    office.rights.withdraw(entry.id, actor=ACTOR, now=NOW)
    assert office.opted_out("p-1")
    by_consent = next(e for e in office.rights.entries() if e.verdict == "deny")
    with pytest.raises(Refused, match="changed there"):
        office.rights.withdraw(by_consent.id, actor=ACTOR, now=NOW)


def test_a_permission_that_ends_permits_nothing_more_and_a_denial_that_ends_denies_nothing_more(office):
    office.take(
        consent("p-1", "permit", provision={"type": "permit", "period": {"end": "2031-12-31"}}),
        consent("p-2", "deny", id="c-2", provision={"type": "deny", "period": {"end": "2031-12-31"}}),
    )
    assert (office.opted_out("p-1"), office.opted_out("p-2")) == (False, True)
    assert (office.opted_out("p-1", NOW + YEAR), office.opted_out("p-2", NOW + YEAR)) == (True, False)


def test_a_new_version_replaces_the_old_one_and_an_older_one_does_not(office):
    first, second = {"lastUpdated": "2031-02-01T00:00:00Z"}, {"lastUpdated": "2031-03-01T00:00:00Z"}
    office.take(consent("p-1", "deny", meta=first))
    assert office.take(consent("p-1", "deny", meta=second, status="entered-in-error")).counts == {"replaced": 1}
    assert not office.opted_out("p-1")
    office.take(consent("p-1", "deny", meta=second))
    assert office.take(consent("p-1", "permit", meta=first)).counts == {"older-version": 1}
    assert office.opted_out("p-1")


def test_a_consent_that_names_another_patient_now_is_that_patients(office):
    office.take(consent("p-1", "deny"))
    assert office.take(consent("p-2", "deny")).counts == {"denies": 1}
    assert (office.opted_out("p-1"), office.opted_out("p-2")) == (False, True)


def test_importing_the_same_again_changes_nothing(office):
    several = [consent("p-1", "deny"), consent("p-2", "deny", None, id=None), consent("p-3", "permit", id="c-3")]
    assert office.take(*several).counts == {"denies": 2, "permits": 1}
    before = office.rights.entries(closed=True)
    assert office.take(*several, now=NOW + YEAR).counts == {"known-before": 3}
    assert office.rights.entries(closed=True) == before


def test_what_cannot_be_read_counts_until_a_person_resolves_it(office):
    paper = consent(
        "p-1", "deny", provision=None, sourceAttachment={"title": "scan"}, meta={"lastUpdated": "2031-01-01"}
    )
    report = office.take(paper, consent("", "deny", id="c-2"), consent("p-2", "deny", id="c-3", status=None))
    told = [(p.place, p.why, p.counts) for p in report.problems]
    assert told == [
        ("f.ndjson:1", "words-only", True),
        ("f.ndjson:2", "no-patient", False),
        ("f.ndjson:3", "no-status", True),
    ]
    assert office.opted_out("p-1")
    assert office.opted_out("p-2")
    entry = next(e for e in office.rights.entries() if e.reason == "words-only")
    office.rights.withdraw(entry.id, actor=ACTOR, now=NOW)
    assert not office.opted_out("p-1")
    assert office.take(paper).counts == {"resolved-before": 1}  # the person need not read it every night
    assert not office.opted_out("p-1")
    office.take(paper | {"meta": {"lastUpdated": "2031-04-01"}})
    assert office.opted_out("p-1")


def test_files_are_ndjson_or_a_bundle_and_a_bad_line_costs_itself_alone(office, tmp_path):
    lines = tmp_path / "consents.ndjson"
    text = [json.dumps(consent("p-1", "deny")), "{broken", "", "[]", json.dumps({"resourceType": "Patient", "id": "x"})]
    lines.write_text("\n".join(text), encoding="utf-8")
    report = office.rights.consents(read_file(lines), CLIENT, actor=ACTOR, now=NOW)
    assert report.counts == {"denies": 1, "unreadable": 2}
    assert [p.place for p in report.problems] == ["consents.ndjson:2", "consents.ndjson:4"]
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:7", "resource": {"resourceType": "Patient", "id": "p-7"}},
            {"resource": consent("p-8", "deny", id="c-8")},
            {"resource": consent("", "deny", id="c-7") | {"patient": {"reference": "urn:uuid:7"}}},
            {"resource": 3},
            {"resource": {"resourceType": "Bundle", "entry": [{"resource": consent("p-6", "deny", id="c-6")}]}},
            {"resource": {"resourceType": "Bundle", "entry": {}}},
        ],
    }
    whole = tmp_path / "bundle.json"
    whole.write_text(json.dumps(bundle, indent=1), encoding="utf-8")
    report = office.rights.consents(read_file(whole), CLIENT, actor=ACTOR, now=NOW)
    assert report.counts == {"denies": 3, "unreadable": 2}
    assert [p.place for p in report.problems] == ["bundle.json:1 entry 4", "bundle.json:1 entry 6"]
    assert office.opted_out("p-6")
    assert office.opted_out("p-7")
    whole.write_text(json.dumps(bundle, indent=1)[:-9], encoding="utf-8")
    assert [p.place for p in office.rights.consents(read_file(whole), CLIENT, actor=ACTOR, now=NOW).problems] == [
        "bundle.json:1"
    ]
    lines.write_text('{"resourceType": "Consent", "patient": {"reference": "Patient/p-9"}, "x": NaN}', encoding="utf-8")
    assert office.rights.consents(read_file(lines), CLIENT, actor=ACTOR, now=NOW).problems[0].why == "no-status"
    with pytest.raises(Unreadable):
        office.rights.consents(read_file(tmp_path / "none"), CLIENT, actor=ACTOR, now=NOW)


def test_the_trail_and_the_open_tables_hold_no_patient_id(office, tmp_path):
    office.opt_out("canary-4711")
    office.hold("canary-4711")
    office.take(consent("canary-4711", "deny", id="canary-consent"), {"resourceType": "Consent", "id": "canary-bad"})
    office.rights.look(CLIENT, "canary-4711", reason="complaint", actor=ACTOR, now=NOW)
    raw = b"".join(path.read_bytes() for path in sorted((tmp_path / "state").iterdir()))
    assert b"canary-" not in raw
    assert len(raw) > 100_000


def test_looking_somebody_up_needs_a_reason_and_is_audited_found_or_not(office):
    known = office.subject("p-1")
    for patient in ("p-1", "p-2"):
        office.rights.look(CLIENT, patient, reason="legal-request", actor=ACTOR, now=NOW)
    reads = office.audited(EventKind.VAULT_READ)
    assert [(e["subject"], e["found"], e["reason"]) for e in reads] == [
        (known, True, "legal-request"),
        (None, False, "legal-request"),
    ]
    for wrong in ({"reason": "curiosity"}, {"reason": ""}):
        with pytest.raises(Incomplete):
            office.rights.look(CLIENT, "p-1", actor=ACTOR, now=NOW, **wrong)
    assert len(office.audited(EventKind.VAULT_READ)) == 2

"""A Consent is read towards less use of the data."""

from datetime import UTC, datetime

import pytest

from fhir_mappers.consent import Says, patient_of, read_consent

NOW = datetime(2031, 5, 6, 7, 8, tzinfo=UTC)
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"


def consent(scope="patient-privacy", provision=None, **changed):
    made = {
        "resourceType": "Consent",
        "id": "c1",
        "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": scope}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "Patient/p-1"},
        "dateTime": "2031-01-02T03:04:05Z",
    }
    if provision is not None:
        made["provision"] = provision
    return {name: value for name, value in (made | changed).items() if value is not None}


def provision(kind, *purposes, **more):
    return {"type": kind, "purpose": [{"system": REASON, "code": code} for code in purposes]} | more


def said(resource):
    return read_consent(resource, now=NOW).says


@pytest.mark.parametrize(
    ("what", "resource", "says"),
    [
        ("a denial of everything", consent(provision=provision("deny")), Says.DENIES),
        ("a denial of research", consent(provision=provision("deny", "HRESCH")), Says.DENIES),
        ("a denial of a purpose nobody knows", consent(provision=provision("deny", "XYZ")), Says.DENIES),
        ("a purpose without a code", consent(provision={"type": "deny", "purpose": [{"display": "x"}]}), Says.DENIES),
        ("a denial of treatment alone", consent(provision=provision("deny", "TREAT", "HPAYMT")), Says.NOTHING),
        ("a denial of part of the data", consent(provision=provision("deny", data=[{"meaning": "x"}])), Says.DENIES),
        ("a denial to be corrected", consent(provision=provision("deny", action=[{"coding": [{"code": "correct"}]}])),
         Says.NOTHING),
        ("a denial within a permission",
         consent(provision=provision("permit", provision=[provision("deny", "HQUALIMP")])), Says.DENIES),
        ("an exception within a denial",
         consent(provision=provision("deny", provision=[provision("permit", "HRESCH")])), Says.DENIES),
        ("a denial that is only proposed", consent(provision=provision("deny"), status="proposed"), Says.DENIES),
        ("a denial that is no longer active", consent(provision=provision("deny"), status="inactive"), Says.DENIES),
        ("a denial that has ended", consent(provision=provision("deny", period={"end": "2030"})), Says.NOTHING),
        ("a denial that begins later", consent(provision=provision("deny", period={"start": "2040"})), Says.DENIES),
        ("an exception of STU3", consent(**{"except": [{"type": "deny"}]}), Says.UNREADABLE),
        ("a purpose of STU3", consent(policyRule={"coding": [{"code": "OPTIN"}]}, purpose=[{"code": "TREAT"}]),
         Says.UNREADABLE),
        ("opt-out by policy", consent(policyRule={"coding": [{"code": "OPTOUTE"}]}), Says.DENIES),
        ("a consent that was rejected", consent("research", status="rejected"), Says.DENIES),
        ("an advance directive", consent("adr", provision=provision("deny")), Says.NOTHING),
        ("a treatment consent that denies research", consent("treatment", provision=provision("deny", "HRESCH")),
         Says.DENIES),
        ("a scope that nobody knows", consent("xyz", provision=provision("deny")), Says.DENIES),
        ("no scope", consent(provision=provision("deny"), scope=None), Says.DENIES),
        ("a plain permission", consent(provision=provision("permit")), Says.PERMITS),
        ("a permission of research", consent("research", provision=provision("permit", "HRESCH")), Says.PERMITS),
        ("opt-in by policy", consent(policyRule={"coding": [{"code": "OPTIN"}]}), Says.PERMITS),
        ("opt-in with restrictions", consent(policyRule={"coding": [{"code": "OPTINR"}]}), Says.NOTHING),
        ("a permission of treatment", consent(provision=provision("permit", "TREAT")), Says.NOTHING),
        ("a permission for somebody", consent(provision=provision("permit", actor=[{"role": {}}])), Says.NOTHING),
        ("a permission to read alone",
         consent(provision=provision("permit", action=[{"coding": [{"code": "access"}]}])), Says.NOTHING),
        ("a permission without a date", consent(provision=provision("permit"), dateTime=None), Says.NOTHING),
        ("a permission from the future", consent(provision=provision("permit"), dateTime="2032"), Says.NOTHING),
        ("a permission that was refuted",
         consent(provision=provision("permit"), verification=[{"verified": False}]), Says.NOTHING),
        ("a permission that was withdrawn", consent(provision=provision("permit"), status="inactive"), Says.DENIES),
        ("a permission that has ended", consent(provision=provision("permit", period={"end": "2030-01"})), Says.DENIES),
        ("a notice of privacy practices", consent(), Says.NOTHING),
        ("an error", consent(provision=provision("deny"), status="entered-in-error"), Says.VOID),
        ("no status", consent(provision=provision("permit"), status=None), Says.UNREADABLE),
        ("a modifier", consent(provision=provision("permit", modifierExtension=[{"url": "x"}])), Says.UNREADABLE),
        ("paper alone", consent(sourceAttachment={"title": "scan"}), Says.UNREADABLE),
        ("R5", consent(decision="permit", provision=None), Says.UNREADABLE),
        ("a nested rule without a type", consent(provision=provision("permit", provision=[{}])), Says.UNREADABLE),
        ("a period that is none", consent(provision=provision("deny", period={"end": "soon"})), Says.UNREADABLE),
        ("a provision that is none", consent(provision="deny"), Says.UNREADABLE),
    ],
)  # fmt: skip
def test_what_may_deny_this_use_denies_it(what, resource, says):
    assert said(resource) is says, what


def test_a_denial_ends_with_its_last_provision_and_never_when_one_has_no_end():
    ends = provision("deny", period={"end": "2033-02"})
    reading = read_consent(consent(provision=provision("permit", provision=[ends])), now=NOW)
    assert (reading.says, reading.ends_at) == (Says.DENIES, datetime(2033, 3, 4, tzinfo=UTC))
    both = provision("permit", provision=[ends, provision("deny", "HRESCH")])
    assert read_consent(consent(provision=both), now=NOW).ends_at is None


def test_a_partial_date_is_late_for_a_denial_and_early_for_a_permission():
    denial = read_consent(consent(provision=provision("deny"), dateTime="2030"), now=NOW)
    permission = read_consent(consent(provision=provision("permit"), dateTime="2030"), now=NOW)
    assert permission.said_at == datetime(2030, 1, 1, tzinfo=UTC)
    assert denial.said_at > datetime(2030, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reference", "patient"),
    [
        ({"reference": "Patient/p-1"}, "p-1"),
        ({"reference": "https://ehr.example/fhir/Patient/p-1/_history/3"}, "p-1"),
        ({"reference": "p-1", "type": "Patient"}, "p-1"),
        ({"reference": "Group/p-1"}, None),
        ({"reference": "#p"}, None),
        ({"reference": "urn:uuid:7"}, None),
        ({"reference": "Patient/a b"}, None),
        ({"identifier": {"value": "7"}}, None),
        ("Patient/p-1", None),
    ],
)
def test_whose_consent_it_is(reference, patient):
    assert patient_of({"patient": reference}) == patient


def test_no_shape_makes_it_raise_and_a_deep_one_is_unreadable():
    deep = provision("permit")
    for _ in range(60):
        deep = provision("permit", provision=[deep])
    assert said(consent(provision=deep)) is Says.UNREADABLE
    for junk in ({}, [], "x", 3, None, [[{}]], {"coding": 3}, {"coding": [3]}):
        for name in ("scope", "status", "patient", "provision", "policyRule", "verification", "meta", "dateTime", "id"):
            assert said(consent(**{name: junk})) in Says
        for name in ("purpose", "action", "period", "actor", "provision", "type"):
            assert said(consent(provision={"type": "permit", name: junk})) in Says

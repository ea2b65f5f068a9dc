"""Nothing that a request or a FHIR server says can send this service, or a token, anywhere but to the listed server.

Each case ends with the same proof: the second server, which stands for "anywhere else", got no connection; this process
dialled the listed server and nothing besides; and the resolver was asked for no name that the operator did not list.
"""

import socket
import time
from dataclasses import dataclass, field

import pytest

from cds_service.fhir_access import UNLISTED, fhir_offer
from cds_service.fhir_client import Fetched, FhirAccess, FhirClient, reasons
from cds_service.outbound import BaseUrl, Outbound
from fhir_mappers.mapping import map_case
from fhir_mappers.received import FIRST_PAGE
from hooks.context import patient_view
from hooks.errors import MalformedRequest
from hooks.prefetch import resolve, values_for
from hooks.scopes import parse
from hooks.services import PATIENT_TRIAGE, HookCall
from hooks.wire import parse_request
from tests.support.fhir_server import Answer, FhirServer, dialled, fhir_server, link
from tests.support.fhir_values import NOW, bundle, condition, document, medication_request, patient

pytestmark = [pytest.mark.requirement("X3", "E7", "E8")]

CONTEXT = {"userId": "Practitioner/dr-1", "patientId": "p1", "encounterId": "e1"}
WANTED = {
    key: query
    for key, template in PATIENT_TRIAGE.prefetch.items()
    if (query := resolve(template, values_for(CONTEXT))) is not None
}
TOKEN = "canary-token-of-this-call"
METADATA = "http://169.254.169.254/latest/meta-data/"


@dataclass(kw_only=True)
class World:
    """The listed server, another one, and what was resolved and dialled. `hosts`: answers of the resolver, in turn."""

    ehr: FhirServer
    evil: FhirServer
    dialled: list
    hosts: dict[str, list[list[str]]] = field(default_factory=dict)
    resolved: list[str] = field(default_factory=list)

    def resolve(self, host, port, type):  # noqa: A002 - as socket.getaddrinfo calls it
        self.resolved.append(host)
        answers = self.hosts.get(host, [])
        if not answers:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET6 if ":" in a else socket.AF_INET, type, 6, "", (a, port)) for a in addresses]

    def fetch(self, prefetch=None, *keys, base=None, deadline_s=2.0, max_bytes=200_000, **limits) -> Fetched:
        made = FhirClient(
            Outbound(resolve=self.resolve),
            deadline_s=deadline_s,
            max_bytes=max_bytes,
            **{"max_pages": 5, "max_linked": 20, **limits},
        )
        allowed = FhirAccess(
            base=BaseUrl.parse(base or self.ehr.base), token=TOKEN, scopes=parse("patient/*.rs"), patient_id="p1"
        )
        return made.complete(prefetch or {}, {key: WANTED[key] for key in keys or WANTED}, allowed)

    def stayed_home(self) -> bool:
        """Whether nothing but the listed server was dialled, resolved or told the token."""
        strangers = [address for address in self.dialled if address[:2] != self.ehr.address]
        return self.evil.connections == 0 and strangers == [] and self.resolved == []


@pytest.fixture
def world():
    with fhir_server() as ehr, fhir_server() as evil, dialled() as tried:
        ehr.resources = [patient()]
        made = World(ehr=ehr, evil=evil, dialled=tried)
        yield made
        told = [seen for server in (ehr, evil) for seen in server.requests if seen.headers.get("Authorization")]
        assert all(seen in ehr.requests for seen in told)


# -- redirects -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "target",
    [
        METADATA, "file:///etc/passwd", "data:application/fhir+json,{{}}", "//evil.test/", "{evil}/Patient/p1",
        "{ehr}/Patient/p1", "http://localhost/", "gopher://127.0.0.1/", "/admin", "",
    ],
)  # fmt: skip
def test_no_redirect_is_followed(world, status, target):
    location = target.format(evil=world.evil.base, ehr=world.ehr.base)
    world.ehr.answers["Patient/p1"] = Answer(status=status, content=patient(), headers={"Location": location})
    fetched = world.fetch({}, "patient")
    assert fetched.failures == {"patient": reasons.REDIRECTED}
    assert world.ehr.asked == ["Patient/p1"]
    assert world.stayed_home()


@pytest.mark.parametrize("header", ["Refresh", "Content-Location", "Link", "Alt-Svc", "Location"])
def test_no_header_of_a_good_reply_leads_elsewhere(world, header):
    value = {"Refresh": f"0; url={world.evil.base}", "Alt-Svc": f'http/1.1="127.0.0.1:{world.evil.port}"'}
    world.ehr.answers["Patient/p1"] = Answer(content=patient(), headers={header: value.get(header, world.evil.base)})
    for _ in range(2):
        assert world.fetch({}, "patient").fetched == ("patient",)
    assert world.stayed_home()


# -- names and addresses ---------------------------------------------------------------------------------------------

LISTED = "https://ehr.example.org/fhir"


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"], ["169.254.169.254"], ["::1"], ["::ffff:127.0.0.1"], ["::ffff:169.254.169.254"],
        ["64:ff9b::7f00:1"], ["2002:7f00:1::"], ["0.0.0.0"], ["::"], ["fe80::1"], ["224.0.0.1"],
        ["192.0.2.10", "127.0.0.1"], ["127.0.0.1", "192.0.2.10"], ["2001:db8::1", "::1"],
    ],
)  # fmt: skip
def test_a_public_name_that_leads_to_this_machine_or_its_link_is_refused(world, addresses):
    world.hosts["ehr.example.org"] = [addresses]
    fetched = world.fetch({}, "patient", base=LISTED)
    assert fetched.failures == {"patient": reasons.NOT_ALLOWED}
    assert world.dialled == []
    assert set(world.resolved) == {"ehr.example.org"}


def test_a_name_that_is_rebound_after_the_check_gains_nothing(world):
    """The address that was checked is the one that is dialled: the second answer of the resolver is never asked for."""
    world.hosts["localhost"] = [["127.0.0.1"], ["169.254.169.254"]]
    base = world.ehr.base.replace("127.0.0.1", "localhost")
    assert world.fetch({}, "patient", base=base).fetched == ("patient",)
    assert (world.resolved, world.dialled) == (["localhost"], [world.ehr.address])
    assert world.fetch({}, "patient", base=base).failures == {"patient": reasons.NOT_ALLOWED}
    assert world.dialled == [world.ehr.address]


def test_a_name_that_is_rebound_between_two_keys_is_refused(world):
    world.hosts["ehr.example.org"] = [["192.0.2.10"], ["127.0.0.1"]]
    fetched = world.fetch({}, "patient", "conditions", base=LISTED, parallel=1)
    assert fetched.failures == {"patient": reasons.UNREACHABLE, "conditions": reasons.NOT_ALLOWED}
    assert world.dialled == [("192.0.2.10", 443)]  # where nobody is


def test_localhost_that_leads_elsewhere_is_refused(world):
    world.hosts["localhost"] = [["192.0.2.10"]]
    assert world.fetch({}, "patient", base="http://localhost/fhir").failures == {"patient": reasons.NOT_ALLOWED}
    assert world.dialled == []


# -- the server that a request names ---------------------------------------------------------------------------------


def offer(fhir_server_url: str, *listed: str):
    body = {
        "hook": "patient-view",
        "hookInstance": "0b8a6f0e-1d5c-4d8e-9a52-3f0c5f3c2b11",
        "fhirServer": fhir_server_url,
        "fhirAuthorization": {
            "access_token": TOKEN, "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.rs", "subject": "us",
        },
        "context": CONTEXT,
    }  # fmt: skip
    request = parse_request(body)
    call = HookCall(service=PATIENT_TRIAGE, request=request, context=patient_view(CONTEXT), client="ehr")
    return fhir_offer(call, tuple(BaseUrl.parse(url) for url in listed))


LOOKALIKES = {
    "user-information": "https://ehr.example.org@evil.test/fhir",
    "user-and-password": "https://ehr.example.org:443@evil.test/fhir",
    "listed-user": "https://user@ehr.example.org/fhir",
    "suffix": "https://ehr.example.org.evil.test/fhir",
    "prefix": "https://evil-ehr.example.org/fhir",
    "parent": "https://example.org/fhir",
    "child": "https://x.ehr.example.org/fhir",
    "final-dot": "https://ehr.example.org./fhir",
    "other-scheme": "http://ehr.example.org/fhir",
    "other-port": "https://ehr.example.org:8443/fhir",
    "backslash": "https://ehr.example.org\\@evil.test/fhir",
    "backslash-path": "https://evil.test\\ehr.example.org/fhir",
    "encoded-host": "https://%65hr.example.org/fhir",
    "encoded-at": "https://ehr.example.org%40evil.test/fhir",
    "encoded-slash-host": "https://ehr.example.org%2f.evil.test/fhir",
    "full-width": "https://ehr．example．org/fhir",
    "other-alphabet": "https://еhr.example.org/fhir",
    "fragment": "https://evil.test#https://ehr.example.org/fhir",
    "query": "https://evil.test?https://ehr.example.org/fhir",
    "path-lookalike": "https://ehr.example.org/fhir-evil",
    "path-lookalike-dot": "https://ehr.example.org/fhir.evil",
    "path-parent": "https://ehr.example.org/",
    "path-dots": "https://ehr.example.org/fhir/../admin",
    "path-dots-inside": "https://ehr.example.org/fhir/../fhir/../admin",
    "path-encoded-dots": "https://ehr.example.org/fhir/%2e%2e/admin",
    "path-half-encoded-dots": "https://ehr.example.org/fhir/.%2E/admin",
    "path-twice-encoded-dots": "https://ehr.example.org/fhir/%252e%252e/admin",
    "path-encoded-slash": "https://ehr.example.org/fhir%2f..%2fadmin",
    "path-parameter-dots": "https://ehr.example.org/fhir/..;/admin",
    "path-backslash-dots": "https://ehr.example.org/fhir/..\\admin",
    "path-double-slash": "https://ehr.example.org//fhir",
    "path-double-slash-inside": "https://ehr.example.org/fhir//admin",
    "path-case": "https://ehr.example.org/FHIR",
    "path-query": "https://ehr.example.org/fhir?x=/",
    "loopback": "https://127.0.0.1/fhir",
    "loopback-name": "https://localhost/fhir",
    "metadata": "https://169.254.169.254/fhir",
}


@pytest.mark.parametrize("kind", LOOKALIKES)
def test_a_fhir_server_that_only_looks_like_the_listed_one_is_not_asked(kind):
    made = offer(LOOKALIKES[kind], "https://ehr.example.org/fhir")
    assert made.access is None
    assert made.otherwise == UNLISTED


ODD_ADDRESSES = {
    "decimal": "2130706433",
    "octal": "0177.0.0.1",
    "octal-whole": "017700000001",
    "hexadecimal": "0x7f000001",
    "hexadecimal-parts": "0x7f.0x0.0x0.0x1",
    "hexadecimal-metadata": "0xa9fea9fe",
    "mixed": "0x7f.1",
    "short": "127.1",
    "shorter": "127.0.1",
    "zero": "0",
    "leading-zeros": "127.000.000.001",
    "overflow": "127.0.0.257",
    "too-many": "127.0.0.0.1",
    "circled": "①②⑦.⓪.⓪.①",
    "ipv6-loopback": "[::1]",
    "ipv6-any": "[::]",
    "ipv6-mapped": "[::ffff:127.0.0.1]",
    "ipv6-mapped-hexadecimal": "[::ffff:7f00:1]",
    "ipv6-compatible": "[::127.0.0.1]",
    "ipv6-zone": "[fe80::1%25eth0]",
    "nat64": "[64:ff9b::7f00:1]",
    "6to4": "[2002:7f00:1::]",
    "empty-brackets": "[]",
    "name-in-brackets": "[localhost]",
}


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("kind", ODD_ADDRESSES)
def test_another_spelling_of_this_machines_address_is_not_the_listed_one(world, kind, scheme):
    url = f"{scheme}://{ODD_ADDRESSES[kind]}:{world.ehr.port}/fhir"
    listed = (f"http://127.0.0.1:{world.ehr.port}/fhir", f"http://localhost:{world.ehr.port}/fhir")
    try:
        assert offer(url, *listed).access is None
    except MalformedRequest:
        assert "brackets" in kind  # no URL at all: the whole call is a 400


def test_what_lies_under_the_listed_server_is_asked():
    for url in ("https://ehr.example.org/fhir", "https://EHR.example.org:443/fhir/", "https://ehr.example.org/fhir/r4"):
        assert offer(url, "https://ehr.example.org/fhir").access is not None


# -- links inside the data -------------------------------------------------------------------------------------------

ELSEWHERE = {
    "other-host": "https://evil.test/fhir/{path}",
    "other-port": "{evil}/{path}",
    "other-scheme": "https://127.0.0.1:{port}/fhir/{path}",
    "other-path": "http://127.0.0.1:{port}/admin/{path}",
    "path-lookalike": "http://127.0.0.1:{port}/fhir-evil/{path}",
    "path-dots": "{ehr}/../admin/{path}",
    "path-dots-back": "{ehr}/../fhir/{path}",
    "path-encoded-dots": "{ehr}/%2e%2e/admin/{path}",
    "path-encoded-slash": "{ehr}%2f..%2fadmin/{path}",
    "path-double-slash": "{ehr}//{path}",
    "path-parameter": "{ehr}/..;/admin/{path}",
    "relative-dots": "../admin/{path}",
    "rooted-elsewhere": "/admin/{path}",
    "rooted-dots": "/fhir/../admin/{path}",
    "no-scheme": "//127.0.0.1:{evil_port}/fhir/{path}",
    "no-scheme-name": "//evil.test/fhir/{path}",
    "user-information": "http://127.0.0.1:{port}@127.0.0.1:{evil_port}/fhir/{path}",
    "user": "http://user@127.0.0.1:{port}/fhir/{path}",
    "backslash": "http://127.0.0.1:{evil_port}\\@127.0.0.1:{port}/fhir/{path}",
    "backslashes": "\\\\127.0.0.1:{evil_port}\\fhir\\{path}",
    "fragment": "{evil}#{ehr}/{path}",
    "fragment-inside": "{ehr}/{path}#{evil}",
    "name-for-address": "http://localhost:{port}/fhir/{path}",
    "decimal": "http://2130706433:{port}/fhir/{path}",
    "short": "http://127.1:{port}/fhir/{path}",
    "mapped": "http://[::ffff:127.0.0.1]:{port}/fhir/{path}",
    "metadata": "http://169.254.169.254/fhir/{path}",
    "file": "file:///etc/passwd",
    "file-host": "file://127.0.0.1:{port}/fhir/{path}",
    "data": "data:application/fhir+json,{{}}",
    "javascript": "javascript:alert(1)",
    "ftp": "ftp://127.0.0.1:{port}/fhir/{path}",
    "urn": "urn:uuid:0b8a6f0e-1d5c-4d8e-9a52-3f0c5f3c2b11",
    "tab": "ht\ttp://127.0.0.1:{port}/fhir/{path}",
    "newline": "{ehr}/{path}\r\nHost: evil.test",
    "space": " {evil}/{path}",
    "non-ascii": "{ehr}/{path}/ä",
}


def elsewhere(world: World, kind: str, path: str) -> str:
    return ELSEWHERE[kind].format(
        ehr=world.ehr.base, evil=world.evil.base, port=world.ehr.port, evil_port=world.evil.port, path=path
    )


@pytest.mark.parametrize("fetched_first", [True, False], ids=["fetched", "sent"])
@pytest.mark.parametrize("kind", ELSEWHERE)
def test_a_page_link_that_leads_elsewhere_is_not_followed(world, kind, fetched_first):
    url = elsewhere(world, kind, "Condition?patient=p1&_offset=1")
    first = bundle(condition(id="c1"), link=[link(url)])
    world.ehr.answers["Condition?patient=p1"] = Answer(content=first)
    fetched = world.fetch({"patient": patient()} | ({} if fetched_first else {"conditions": first}), "conditions")
    assert world.ehr.asked == (["Condition?patient=p1"] if fetched_first else [])
    assert world.stayed_home()
    assert _missing(fetched) == {"conditions": FIRST_PAGE}


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_a_medicine_elsewhere_is_not_fetched(world, kind):
    made = medication_request(medicationReference={"reference": elsewhere(world, kind, "Medication/m1")})
    del made["medicationCodeableConcept"]
    world.fetch({"medicationRequests": bundle(made)}, "medicationRequests")
    assert world.ehr.connections == 0
    assert world.stayed_home()


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_an_attachment_elsewhere_is_not_fetched(world, kind):
    attachment = {"contentType": "text/plain", "url": elsewhere(world, kind, "Binary/b1")}
    made = {**document(""), "content": [{"attachment": attachment}]}
    world.fetch({"documents": bundle(made)}, "documents")
    assert world.ehr.connections == 0
    assert world.stayed_home()


@pytest.mark.parametrize("url", ["{evil}/Patient/p1", METADATA, "file:///etc/passwd"])
def test_no_other_url_in_the_data_is_fetched(world, url):
    """Full URLs, profiles, extensions, photos, subjects, subsumed Bundles' self links: none of them is followed."""
    where = url.format(evil=world.evil.base)
    hostile = condition(
        id="c1", meta={"profile": [where], "source": where}, extension=[{"url": where, "valueUri": where}],
        evidence=[{"detail": [{"reference": where}]}], recorder={"reference": where}, implicitRules=where,
    )  # fmt: skip
    person = patient(
        photo=[{"contentType": "text/plain", "url": where}],
        link=[{"type": "seealso", "other": {"reference": where}}],
        managingOrganization={"reference": where},
    )
    sent = bundle(hostile, link=[link(where, relation) for relation in ("self", "first", "previous", "last", "Next")])
    sent["entry"][0]["fullUrl"] = where
    sent["entry"][0]["request"] = {"method": "GET", "url": where}
    world.fetch({"patient": person, "conditions": sent, "encounter": None}, "patient", "conditions", "encounter")
    assert world.ehr.connections == 0
    assert world.stayed_home()


def _missing(fetched: Fetched) -> dict[str, str]:
    case = map_case(fetched.prefetch, patient_id="p1", encounter_id=None, now=NOW, absent=fetched.failures)
    return {m.what: m.reason for m in case.missing}


# -- wearing us down -------------------------------------------------------------------------------------------------


HEAD = b"HTTP/1.1 200 OK\r\n"
WEARING = {
    "dripped-body": (Answer(body=b" " * 10_000, drip_s=0.02), reasons.TIMEOUT),
    "dripped-headers": (Answer(raw=HEAD + b"A: b\r\n" * 90, drip_s=0.02), reasons.TIMEOUT),
    "stalled": (Answer(content={}, stall_s=30), reasons.TIMEOUT),
    "huge": (Answer(body=b"x" * 200_001), reasons.TOO_LARGE),
    "huge-by-its-word": (Answer(body=b"x", headers={"Content-Length": "9" * 18}), reasons.TOO_LARGE),
    "many-headers": (Answer(raw=HEAD + b"A: b\r\n" * 500 + b"\r\n"), reasons.UNREACHABLE),
    "long-header": (Answer(raw=HEAD + b"A: " + b"b" * 100_000), reasons.UNREACHABLE),
}


@pytest.mark.parametrize(("answer", "reason"), WEARING.values(), ids=WEARING)
def test_a_server_that_wears_down_costs_its_keys_and_the_deadline_at_most(world, answer, reason):
    world.ehr.answers["*"] = answer
    start = time.monotonic()
    fetched = world.fetch(deadline_s=0.5)
    assert time.monotonic() - start < 5
    assert set(fetched.failures) == set(WANTED)
    assert reason in fetched.failures.values()
    assert set(fetched.failures.values()) <= {reason, reasons.TIMEOUT}
    assert world.stayed_home()


def test_a_search_without_end_is_left_after_the_most_pages(world):
    pages = iter(range(1000))

    class Endless(dict):
        def __contains__(self, key) -> bool:
            return key.startswith("Condition")

        def __getitem__(self, key) -> Answer:
            number = next(pages)
            url = f"{world.ehr.base}/Condition?patient=p1&_offset={number + 1}"
            return Answer(content=bundle(condition(id=f"c{number}"), link=[link(url)]))

    world.ehr.answers = Endless()
    fetched = world.fetch({"patient": patient()}, "conditions", max_pages=7)
    assert len(world.ehr.asked) == 7
    assert _missing(fetched) == {"conditions": FIRST_PAGE}


def test_of_many_links_a_few_are_followed(world):
    orders = []
    for number in range(500):
        made = medication_request(id=f"m{number}", medicationReference={"reference": f"Medication/drug{number}"})
        del made["medicationCodeableConcept"]
        orders.append(made)
    links = [link(f"{world.ehr.base}/MedicationRequest?patient=p1&_offset={n}") for n in range(500)]
    world.fetch({"medicationRequests": bundle(*orders, link=links)}, "medicationRequests", max_pages=3, max_linked=9)
    assert len([asked for asked in world.ehr.asked if asked.startswith("Medication/")]) == 9
    assert len(world.ehr.asked) <= 9 + 3
    assert world.stayed_home()


def test_the_second_server_would_have_noticed(world):
    """The proof above can fail: a visit to the second server is seen in every way that the other cases rely on."""
    world.hosts["localhost"] = [["127.0.0.1"]]
    world.fetch({}, "patient", base=world.evil.base.replace("127.0.0.1", "localhost"))
    assert world.evil.connections == 1
    assert world.dialled == [world.evil.address]
    assert world.resolved == ["localhost"]
    assert not world.stayed_home()
    assert world.evil.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    world.evil.requests.clear()

"""Each channel against a real receiver: what arrives, what is refused, and what a second try does."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm

from cds_service.domain import Priority
from cds_service.errors import ConfigurationError
from cds_service.notify.channels import read_channels
from cds_service.notify.process import open_senders
from cds_service.notify.sender import Sender
from cds_service.notify.values import Message, NotSent
from cds_service.settings import Settings
from fhir_mappers import r4
from tests.support.certificates import authority
from tests.support.processes import free_port
from tests.support.receivers import KEY, SECRET, backend_fhir, http_receiver, mail_receiver

NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
MESSAGE = Message(
    key="msg-0123456789abcdef",
    case="case-abc",
    priority=Priority.CRITICAL,
    level=1,
    at=NOW,
    link="https://cds.example/review/cases/case-abc",
)


def settings(folder: Path, channel: str, **changes: object) -> Settings:
    file = folder / "notify.toml"
    file.write_text(f'[[channel]]\nname = "way"\n{channel}')
    return Settings(data_dir=folder / "state", keys_file=folder / "keys.json", notify_file=file, **changes)


def sender(folder: Path, channel: str, **changes: object) -> Sender:
    made = settings(folder, channel, **changes)
    return open_senders(read_channels(made.notify_file), made)["way"]


def send(way: Sender, message: Message = MESSAGE, seconds: float = 5.0) -> str | None:
    return way.send(message, now=datetime.now(UTC), deadline=time.monotonic() + seconds)


def problem(way: Sender, seconds: float = 5.0) -> tuple[str, bool]:
    """(code, final) of a try that fails."""
    with pytest.raises(NotSent) as caught:
        send(way, seconds=seconds)
    return caught.value.code, caught.value.final


# -- e-mail ------------------------------------------------------------------------------------------------------------


def mail(port: int, security: str, more: str = "") -> str:
    return (
        f'kind = "email"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "{security}"\n'
        f'sender = "cds@clinic.example"\nto = ["duty@clinic.example", "chief@clinic.example"]\n{more}'
    )


def test_a_mail_says_priority_time_and_link_and_every_try_is_the_same_mail(tmp_path: Path) -> None:
    with mail_receiver() as receiver:
        way = sender(tmp_path, mail(receiver.port, "plain"))
        for _ in range(2):
            assert send(way) is None
    first, second = receiver.mails
    assert first.as_bytes() == second.as_bytes()
    assert first["Message-ID"] == "<msg-0123456789abcdef@clinic.example>"
    assert first["Subject"] == "A Critical case waits for review"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first.get_content().splitlines()[1:] == ["Since 2031-05-06 07:08 UTC.", f"Open it: {MESSAGE.link}"]
    assert receiver.recipients[0] == ["duty@clinic.example", "chief@clinic.example"]


def test_mail_goes_by_verified_tls_with_a_login(tmp_path: Path) -> None:
    ca = authority(tmp_path)
    (tmp_path / "password").write_text("a-password\n")
    with mail_receiver(ca, login=True) as receiver:
        channel = mail(receiver.port, "starttls", 'user = "cds"\npassword_file = "password"\n')
        assert problem(sender(tmp_path, channel)) == ("tls", False)  # an authority that nobody told us to trust
        assert send(sender(tmp_path, channel, ca_file=ca.file)) is None
        (tmp_path / "password").write_text("another")
        assert problem(sender(tmp_path, channel, ca_file=ca.file)) == ("smtp-535", True)
    assert receiver.encrypted == [True]
    assert len(receiver.mails) == 1


def test_mail_does_not_go_where_tls_is_not_offered(tmp_path: Path) -> None:
    with mail_receiver() as receiver:
        assert problem(sender(tmp_path, mail(receiver.port, "starttls"))) == ("no-tls-or-login", True)
    assert receiver.mails == []


@pytest.mark.parametrize(("answer", "final"), [("451 later", False), ("550 never", True)])
def test_a_mail_server_says_whether_another_try_may_help(tmp_path: Path, answer: str, final: bool) -> None:
    with mail_receiver() as receiver:
        receiver.codes = [answer]
        assert problem(sender(tmp_path, mail(receiver.port, "plain"))) == (f"smtp-{answer[:3]}", final)


def test_refused_recipients_are_told(tmp_path: Path) -> None:
    with mail_receiver() as receiver:
        way = sender(tmp_path, mail(receiver.port, "plain"))
        receiver.refused = {"chief@clinic.example"}
        assert send(way) == "some-recipients-refused"
        receiver.refused.add("duty@clinic.example")
        assert problem(way) == ("recipients-refused", True)


def test_a_mail_server_that_says_nothing_is_left_in_time(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        way = sender(tmp_path, mail(silent.getsockname()[1], "plain"))
        began = time.monotonic()
        assert problem(way, seconds=0.4) == ("timeout", False)
        assert time.monotonic() - began < 2


def test_a_mail_server_that_is_not_there_may_come_back(tmp_path: Path) -> None:
    assert problem(sender(tmp_path, mail(free_port(), "plain"))) == ("unreachable", False)


# -- webhook -----------------------------------------------------------------------------------------------------------


def test_a_webhook_is_signed_as_standard_webhooks_ask_and_every_try_has_one_id(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    with http_receiver() as receiver:
        way = sender(tmp_path, f'kind = "webhook"\nurl = "{receiver.url}/told"\nsecret_file = "secret"\n')
        for _ in range(2):
            assert send(way) is None
    post = receiver.posts[0]
    assert receiver.keys() == [MESSAGE.key] * 2
    signed = f"{post.headers['webhook-id']}.{post.headers['webhook-timestamp']}.".encode() + post.body
    assert post.headers["webhook-signature"] == "v1," + b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
    assert abs(int(post.headers["webhook-timestamp"]) - time.time()) < 60
    assert json.loads(post.body) == {
        "type": "case.waiting",
        "timestamp": "2031-05-06T07:08:09+00:00",
        "data": {
            "case": "case-abc",
            "priority": "Critical",
            "level": 1,
            "title": "A Critical case waits for review",
            "topics": [],
            "url": MESSAGE.link,
        },
    }


@pytest.mark.parametrize(
    ("status", "final"), [(500, False), (503, False), (429, False), (409, False), (400, True), (404, True), (410, True)]
)
def test_an_answer_over_http_says_whether_another_try_may_help(tmp_path: Path, status: int, final: bool) -> None:
    (tmp_path / "secret").write_text(SECRET)
    with http_receiver() as receiver:
        receiver.statuses = [status]
        way = sender(tmp_path, f'kind = "webhook"\nurl = "{receiver.url}"\nsecret_file = "secret"\n')
        assert problem(way) == (f"http-{status}", final)


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    with http_receiver() as receiver:
        receiver.statuses = [307]
        way = sender(tmp_path, f'kind = "webhook"\nurl = "{receiver.url}"\nsecret_file = "secret"\n')
        assert problem(way) == ("redirect", False)
    assert len(receiver.posts) == 1


# -- FHIR --------------------------------------------------------------------------------------------------------------


def fhir(server: object, more: str = "") -> str:
    return (
        f'kind = "fhir"\nbase = "{server.base}"\ntoken_url = "{server.token_url}"\nclient_id = "client-1"\n'  # type: ignore[attr-defined]
        f'key_file = "{server.key_file}"\n{more}'  # type: ignore[attr-defined]
    )


@pytest.mark.parametrize("resource", ["Communication", "Task"])
@pytest.mark.parametrize("kind", ["ES384", "RS384"])
def test_a_fhir_server_gets_one_resource_however_often_it_is_told(tmp_path: Path, resource: str, kind: str) -> None:
    with backend_fhir(tmp_path) as server:
        if kind == "RS384":
            server.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        more = f'resource = "{resource}"\nrecipients = ["Practitioner/duty"]\n'
        way = sender(tmp_path, fhir(server, more))
        for _ in range(2):
            assert send(way) is None
    assert len(server.tokens) == 1  # kept while it is good
    (written,) = server.resources
    r4.validate(written)
    assert written["resourceType"] == resource
    assert written["priority"] == "stat"
    assert not {"subject", "for", "encounter", "about"} & written.keys()
    assert (written.get("recipient") or [written.get("owner")])[0] == {"reference": "Practitioner/duty"}


def test_a_token_that_is_refused_is_asked_for_anew(tmp_path: Path) -> None:
    with backend_fhir(tmp_path) as server:
        way = sender(tmp_path, fhir(server))
        send(way)
        server.tokens.clear()
        server.resources.clear()
        assert problem(way) == ("http-401", False)
        assert send(way) is None
    assert len(server.resources) == 1


def test_several_resources_under_the_identifier_mean_that_it_is_there(tmp_path: Path) -> None:
    with backend_fhir(tmp_path) as server:
        way = sender(tmp_path, fhir(server))
        send(way)
        server.receiver.statuses = [412]
        assert send(way) is None


def test_a_token_endpoint_that_refuses_is_told_as_such(tmp_path: Path) -> None:
    with backend_fhir(tmp_path) as server:
        way = sender(tmp_path, fhir(server))
        server.receiver.statuses = [400]
        assert problem(way) == ("token-http-400", True)
        server.receiver.statuses = [503]
        assert problem(way) == ("token-http-503", False)
        server.receiver.answer = lambda post: (200, ["no token"])
        assert problem(way) == ("token-unreadable", False)


PUBLIC_KEY = """kind = "fhir"
base = "https://ehr.example"
token_url = "https://ehr.example/token"
client_id = "client-1"
key_file = "public"
"""

# -- the file ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "word"),
    [
        ('kind = "pigeon"\n', "kind"),
        (mail(25, "plain").replace("127.0.0.1", "mail.clinic.example"), "starttls or tls only"),
        (mail(25, "plain", 'user = "cds"\n'), "go together"),
        (mail(25, "plain").replace("duty@clinic.example", "duty@x\\nBcc: a@b"), "to"),
        ('kind = "webhook"\nurl = "http://pager.example/told"\nsecret_file = "secret"\n', "url"),
        ('kind = "webhook"\nurl = "https://pager.example/told"\nsecret_file = "nowhere"\n', "cannot be read"),
        ('kind = "webhook"\nurl = "https://pager.example/told"\nsecret_file = "short"\n', "24 to 64 bytes"),
        ('kind = "webhook"\nurl = "https://pager.example"\nsecret_file = "short"\nlevel = 4\n', "level"),
        (PUBLIC_KEY, "private RSA or P-384 key"),
    ],
)
def test_a_file_that_cannot_work_is_refused_at_start_with_its_place(tmp_path: Path, channel: str, word: str) -> None:
    (tmp_path / "short").write_text("whsec_c2hvcnQ=")
    public = ec.generate_private_key(ec.SECP384R1()).public_key()
    (tmp_path / "public").write_text(json.dumps(ECAlgorithm.to_jwk(public, as_dict=True) | {"kid": "k"}))
    with pytest.raises(ConfigurationError) as caught:
        sender(tmp_path, channel)
    assert word in str(caught.value)
    assert "c2hvcnQ" not in str(caught.value)


def test_a_name_is_given_once_and_the_review_pages_own_is_taken(tmp_path: Path) -> None:
    table = '[[channel]]\nname = "{}"\n' + mail(25, "plain")
    file = tmp_path / "notify.toml"
    for text, word in ((table.format("a") * 2, "same name"), (table.format("app"), "taken"), ("x = 1", "nothing else")):
        file.write_text(text)
        with pytest.raises(ConfigurationError, match=word):
            read_channels(file)

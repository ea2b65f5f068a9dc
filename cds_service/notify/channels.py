"""The ways by which physicians are told, as the operator lists them: one TOML file, a ``[[channel]]`` table for each.

Nothing here reads a secret: a web process needs names and levels alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from cds_service.errors import ConfigurationError
from cds_service.notify.values import APP, LAST_LEVEL
from cds_service.outbound import BaseUrl
from cds_service.outbound.base_url import is_loopback
from cds_service.review.values import ReviewCase
from cds_service.table_file import read_tables

PORTS = {"starttls": 587, "tls": 465, "plain": 25}
"""RFC 6409 (submission) and RFC 8314 (implicit TLS); 25 is for a relay on this machine."""


def _url(text: str) -> str:
    BaseUrl.parse(text)
    return text


def _host(text: str) -> str:
    parsed = BaseUrl.parse(f"https://{f'[{text}]' if ':' in text else text}")
    if parsed.segments or parsed.port != 443:
        raise ValueError("a host has neither port nor path")
    return parsed.host


Url = Annotated[str, AfterValidator(_url)]
Host = Annotated[str, AfterValidator(_host)]
Address = Annotated[str, Field(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}$")]
Recipient = Annotated[
    str,
    Field(
        pattern=r"^(Practitioner|PractitionerRole|CareTeam|Group|Organization|HealthcareService)/[A-Za-z0-9.-]{1,64}$"
    ),
]
Urgent = Literal["High", "Critical"]


class _Channel(BaseModel):
    """What every channel has. Without `locations` it is told of every place; a case without a place goes to all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    level: int = Field(1, ge=1, le=LAST_LEVEL)
    priorities: tuple[Urgent, ...] = Field(("High", "Critical"), min_length=1)
    locations: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _name_is_free(self) -> Self:
        if self.name == APP:
            raise ValueError("this name is taken by the review page")
        return self

    def takes(self, case: ReviewCase, level: int) -> bool:
        """Whether this channel is told of `case` at `level`."""
        here = not self.locations or case.location is None or case.location in self.locations
        return here and level == self.level and case.urgency.label in self.priorities


class EmailChannel(_Channel):
    """A mail server that takes messages for `to`. `security` ``plain`` is for this machine alone."""

    kind: Literal["email"]
    host: Host
    port: int | None = Field(None, ge=1, le=65535)
    security: Literal["starttls", "tls", "plain"] = "starttls"
    user: str | None = None
    password_file: Path | None = None
    sender: Address
    to: tuple[Address, ...] = Field(min_length=1, max_length=50)

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.security == "plain" and not is_loopback(self.host):
            raise ValueError("mail leaves this machine by starttls or tls only")
        if (self.user is None) != (self.password_file is None):
            raise ValueError("user and password_file go together")
        return self


class WebhookChannel(_Channel):
    """An address that takes signed JSON (Standard Webhooks). `secret_file` holds ``whsec_`` and the key in base64."""

    kind: Literal["webhook"]
    url: Url
    secret_file: Path


class FhirChannel(_Channel):
    """A FHIR R4 server that takes a Communication or Task (SMART Backend Services). `key_file`: a private JWK."""

    kind: Literal["fhir"]
    base: Url
    resource: Literal["Communication", "Task"] = "Communication"
    token_url: Url
    client_id: str = Field(min_length=1, max_length=200)
    key_file: Path
    scope: str = Field("", pattern=r"^[\x21-\x7e ]*$")
    recipients: tuple[Recipient, ...] = Field((), max_length=20)

    @model_validator(mode="after")
    def _one_owner(self) -> Self:
        if self.resource == "Task" and len(self.recipients) > 1:
            raise ValueError("a Task has one recipient at most")
        return self


Channel = Annotated[EmailChannel | WebhookChannel | FhirChannel, Field(discriminator="kind")]
_CHANNEL: TypeAdapter[EmailChannel | WebhookChannel | FhirChannel] = TypeAdapter(Channel)
_FILES = ("password_file", "secret_file", "key_file")


def read_channels(path: Path | None) -> tuple[EmailChannel | WebhookChannel | FhirChannel, ...]:
    """The channels of a file, none without one. Raises ConfigurationError that names file, channel and field.

    A relative path in it is relative to the file.
    """
    if path is None:
        return ()
    tables = read_tables(path, "channel", setting="CDS_NOTIFY_FILE")
    channels = tuple(_channel(table, place, path) for place, table in enumerate(tables, start=1))
    if len({channel.name for channel in channels}) < len(channels):
        raise ConfigurationError(f"CDS_NOTIFY_FILE: two channels in {path} have the same name")
    return channels


def _channel(table: Any, place: int, path: Path) -> EmailChannel | WebhookChannel | FhirChannel:
    try:
        channel = _CHANNEL.validate_python(table)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "table"
        raise ConfigurationError(f"CDS_NOTIFY_FILE: channel {place} in {path}, {where}: {first['msg']}") from None
    files = {name: path.parent / getattr(channel, name) for name in _FILES if getattr(channel, name, None) is not None}
    return channel.model_copy(update=files)

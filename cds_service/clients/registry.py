"""The CDS clients that the operator registered: whose tokens are trusted, for what, and with which FHIR servers.

One TOML file, a ``[[client]]`` table for each EHR. Nothing is trusted by default, and nothing that a token says about
where its keys are is believed unless this file says the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from cds_service.clients.keys import ALGORITHMS, DEFAULT_ALGORITHMS, read_key_file
from cds_service.errors import ConfigurationError
from cds_service.outbound import BaseUrl
from cds_service.table_file import read_tables

SANDBOX_ISSUER = "https://sandbox.cds-hooks.org"
"""The public sandbox's issuer: its private key is published, so a token of it proves nothing (checklist J17)."""


def _url(text: str) -> str:
    BaseUrl.parse(text)
    return text


def _algorithm(name: str) -> str:
    if name not in ALGORITHMS:
        raise ValueError(f"an algorithm is one of {', '.join(ALGORITHMS)}")
    return name


Url = Annotated[str, AfterValidator(_url)]
Algorithm = Annotated[str, AfterValidator(_algorithm)]


class Client(BaseModel):
    """One registered CDS client. `name` is how ledger, audit and logs call it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    iss: str = Field(min_length=1, max_length=500)
    jwks_file: Path | None = None
    jwks_url: Url | None = None
    jku: tuple[Url, ...] = ()
    algorithms: tuple[Algorithm, ...] = DEFAULT_ALGORITHMS
    tenants: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    fhir_servers: tuple[Url, ...] = ()
    rate_per_minute: PositiveInt | None = None

    @model_validator(mode="after")
    def _has_keys(self) -> Client:
        if not (self.jwks_file or self.jwks_url or self.jku):
            raise ValueError("name where its keys are: jwks_file, jwks_url or jku")
        if self.jwks_file and self.jwks_url:
            raise ValueError("give jwks_file or jwks_url, not both")
        for name in ("tenants", "services"):
            if name in self.model_fields_set and not getattr(self, name):
                raise ValueError(f"{name} is empty; leave it out to allow all")
        if self.iss.rstrip("/") == SANDBOX_ISSUER and (self.jku or not self.jwks_file):
            raise ValueError("the private key of this issuer is public: trust it only with a jwks_file of your own")
        if self.name == LOOPBACK:
            raise ValueError(f"the name {LOOPBACK!r} is taken")
        return self

    @property
    def servers(self) -> tuple[BaseUrl, ...]:
        """The FHIR servers from which data may be fetched for this client."""
        return tuple(BaseUrl.parse(url) for url in self.fhir_servers)

    def may_call(self, service_id: str) -> bool:
        """Whether this client is registered for a service (an empty list means all)."""
        return not self.services or service_id in self.services


LOOPBACK = "loopback"
"""How ledger and audit call a caller on this machine while clients are not authenticated."""


class Registry:
    """The registered clients by issuer."""

    def __init__(self, clients: tuple[Client, ...] = ()) -> None:
        self._by_issuer = {client.iss: client for client in clients}

    def __iter__(self) -> Iterator[Client]:
        return iter(self._by_issuer.values())

    def find(self, iss: object) -> Client | None:
        """The client with exactly this issuer."""
        return self._by_issuer.get(iss) if isinstance(iss, str) else None


def read_clients(path: Path) -> Registry:
    """The clients in a TOML file, their key files checked. Raises ConfigurationError that names file, client and field.

    A relative `jwks_file` is relative to the clients file.
    """
    tables = read_tables(path, "client", setting="CDS_CLIENTS_FILE")
    clients = tuple(_client(table, place, path) for place, table in enumerate(tables, start=1))
    for what in ("name", "iss"):
        values = [getattr(client, what) for client in clients]
        if len(set(values)) != len(values):
            raise ConfigurationError(f"CDS_CLIENTS_FILE: two clients in {path} have the same {what}")
    return Registry(clients)


def _client(table: Any, place: int, path: Path) -> Client:
    try:
        client = Client.model_validate(table)
        if client.jwks_file is not None:
            key_file = path.parent / client.jwks_file
            read_key_file(key_file)
            client = client.model_copy(update={"jwks_file": key_file})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "table"
        raise ConfigurationError(f"CDS_CLIENTS_FILE: client {place} in {path}, {where}: {first['msg']}") from None
    return client

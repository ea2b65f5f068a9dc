"""The EHRs that may launch the review page, as the operator registered them.

One TOML file, an ``[[ehr]]`` table for each. A launch from any other server is refused before anything is asked of it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from cds_service.accounts.roles import Role
from cds_service.errors import ConfigurationError
from cds_service.outbound import BaseUrl
from cds_service.settings import Origin
from cds_service.table_file import read_tables

_USER = re.compile(r"(?:Practitioner|PractitionerRole)(?:/[A-Za-z0-9.-]{1,64})?")


def _base(text: str) -> str:
    return str(BaseUrl.parse(text))


def _users(roles: dict[str, Role]) -> dict[str, Role]:
    if not roles or not all(_USER.fullmatch(user) for user in roles):
        raise ValueError("roles are named by Practitioner, PractitionerRole, or one of them as Practitioner/id")
    return roles


class Ehr(BaseModel):
    """One EHR. `iss`: its FHIR base URL; `client`: the CDS client whose cases these are, as in the clients file.

    `roles`: role by `fhirUser`, where one person (``Practitioner/dr-1``) goes before all (``Practitioner``).
    `origins`: further origins at which its authorization server may lie.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    iss: Annotated[str, AfterValidator(_base)] = Field(max_length=400)
    client_id: str = Field(min_length=1, max_length=200)
    secret_file: Path | None = None
    client: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")
    scopes: str = Field("openid fhirUser launch", pattern=r"^[\x21-\x7e]+( [\x21-\x7e]+)*$")
    roles: Annotated[dict[str, Role], AfterValidator(_users)]
    origins: tuple[Origin, ...] = ()

    @property
    def base(self) -> BaseUrl:
        """The FHIR base URL."""
        return BaseUrl.parse(self.iss)

    def user(self, fhir_user: object) -> str | None:
        """``Practitioner/id`` of a `fhirUser` claim, None for a patient, a relative, or another server's user."""
        if not isinstance(fhir_user, str):
            return None
        relative = fhir_user.removeprefix(f"{self.iss}/")
        return relative if "/" in relative and _USER.fullmatch(relative) else None

    def role(self, user: str | None) -> Role | None:
        """What a user of this EHR is here; None: nothing."""
        return None if user is None else self.roles.get(user, self.roles.get(user.split("/")[0]))


def read_ehrs(path: Path) -> tuple[Ehr, ...]:
    """The EHRs in a TOML file. Raises ConfigurationError that names file, table and field."""
    tables = read_tables(path, "ehr", setting="CDS_SMART_FILE")
    ehrs = tuple(_ehr(table, place, path) for place, table in enumerate(tables, start=1))
    if len({ehr.iss for ehr in ehrs}) != len(ehrs):
        raise ConfigurationError(f"CDS_SMART_FILE: two tables in {path} have the same iss")
    return ehrs


def _ehr(table: Any, place: int, path: Path) -> Ehr:
    try:
        ehr = Ehr.model_validate(table)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "table"
        raise ConfigurationError(f"CDS_SMART_FILE: ehr {place} in {path}, {where}: {first['msg']}") from None
    return ehr if ehr.secret_file is None else ehr.model_copy(update={"secret_file": path.parent / ehr.secret_file})

"""From what a call offers (`fhirServer`, `fhirAuthorization`) to what may be fetched, and where (checklist X3, X4)."""

from __future__ import annotations

from dataclasses import dataclass

from cds_service.fhir_client import FhirAccess
from cds_service.outbound import BaseUrl
from fhir_mappers.received import NOT_SENT
from hooks.scopes import parse
from hooks.services import HookCall

UNLISTED = "not sent by the EHR, and its FHIR server is not one that this service may ask"


@dataclass(frozen=True, kw_only=True)
class FhirOffer:
    """Access to the FHIR server for this call alone, or None and why what was not sent stays missing."""

    access: FhirAccess | None
    otherwise: str = NOT_SENT


def fhir_offer(call: HookCall, listed: tuple[BaseUrl, ...]) -> FhirOffer:
    """What may be fetched for `call`: only from a FHIR server that the operator listed for this caller."""
    request = call.request
    if request.fhir_server is None:
        return FhirOffer(access=None)
    try:
        base = BaseUrl.parse(request.fhir_server.rstrip("/"))
    except ValueError:
        return FhirOffer(access=None, otherwise=UNLISTED)
    if not any(server.holds(base) for server in listed):
        return FhirOffer(access=None, otherwise=UNLISTED)
    authorization = request.fhir_authorization
    return FhirOffer(
        access=FhirAccess(
            base=base,
            token=authorization.access_token if authorization else None,
            scopes=parse(authorization.scope) if authorization else None,
            patient_id=call.context.patient_id,
        )
    )

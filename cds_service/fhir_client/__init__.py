"""Fetches from the EHR's FHIR server what a hook call misses (checklist section E).

`access` holds what goes in and comes out, `reasons` the words for what did not come, `reader` makes one request,
`links` says where a link leads, `pages` reads on in paginated Bundles, `linked` finds medicines and note texts that
resources point to, and `client` puts it together.
"""

from cds_service.fhir_client.access import Fetched, FhirAccess
from cds_service.fhir_client.client import FhirClient

__all__ = ["Fetched", "FhirAccess", "FhirClient"]

"""The only way out to the network: one request to a place that the operator listed, and to nothing else.

FHIR data and clients' key sets are fetched through here, and notifications sent. `base_url` reads and compares URLs,
`addresses` says which addresses a listed host may have, `line` connects to exactly the address that was checked,
`exchange` asks and reads.
"""

from cds_service.outbound.base_url import BaseUrl
from cds_service.outbound.errors import OutboundFailed, OutboundRefused
from cds_service.outbound.exchange import Outbound, Reply

__all__ = ["BaseUrl", "Outbound", "OutboundFailed", "OutboundRefused", "Reply"]

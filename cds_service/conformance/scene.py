"""One service under test: its entry in discovery, a good request for it, and the answers it gave to good requests."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cds_service.conformance.probe import Exchange, Probe, is_good
from cds_service.sandbox.client import Offered, hook_call
from cds_service.sandbox.contexts import Visit, context_for
from cds_service.sandbox.prefetch import fill
from hooks.errors import MalformedTemplate
from hooks.prefetch import resolve, values_for

GOOD_CALLS = 5


@dataclass(kw_only=True)
class Scene:
    """What the checks of one service work with. `good` holds every exchange of a request that should get 200."""

    probe: Probe
    offer: Offered
    body: Mapping[str, Any]
    good: list[Exchange] = field(default_factory=list)

    @classmethod
    def open(cls, probe: Probe, offer: Offered, visit: Visit) -> Scene:
        """Fill a request for this service and send it a few times. Raises NothingForHook."""
        body = hook_call(offer.hook, context_for(offer.hook, visit))
        prefetch = dict(fill(offer.prefetch, body["context"], visit.source).prefetch)
        scene = cls(probe=probe, offer=offer, body=body | ({"prefetch": prefetch} if prefetch else {}))
        for _ in range(GOOD_CALLS):
            scene.call_good()
        return scene

    @property
    def url(self) -> str:
        """Where the service is called."""
        return self.probe.client.url(self.offer.id)

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The bodies of all good answers."""
        return [exchange.content for exchange in self.good if is_good(exchange) and exchange.content is not None]

    @property
    def works(self) -> bool:
        """Whether the service answered the plain good request."""
        return bool(self.good) and is_good(self.good[0])

    @property
    def prefetch(self) -> dict[str, Any]:
        """A copy of the good request's prefetch, to change."""
        return copy.deepcopy(dict(self.body.get("prefetch", {})))

    def changed(self, **changes: Any) -> dict[str, Any]:
        """The good request, as a call of its own, with `changes`; a value of None leaves the field out."""
        body = {**copy.deepcopy(dict(self.body)), "hookInstance": str(uuid.uuid4()), **changes}
        return {name: value for name, value in body.items() if value is not None}

    def call(self, body: Any, **how: Any) -> Exchange:
        """Call the service with any body."""
        return self.probe.post(self.url, body, **how)

    def call_good(self, **changes: Any) -> Exchange:
        """Call the service with a request that should get 200, and remember the answer."""
        exchange = self.call(self.changed(**changes))
        self.good.append(exchange)
        return exchange

    def searched(self) -> list[str]:
        """The prefetch keys whose template is a search: what it finds may be nothing."""
        return [key for key in self.prefetch if self._is_search(key)]

    def patient_keys(self) -> list[str]:
        """The prefetch keys that hold the Patient."""
        return [k for k, v in self.prefetch.items() if isinstance(v, dict) and v.get("resourceType") == "Patient"]

    def _is_search(self, key: str) -> bool:
        try:
            query = resolve(self.offer.prefetch[key], values_for(self.body["context"]))
        except MalformedTemplate:
            return False
        return query is not None and query.id is None

"""Links from a card to the review page. No name and no id of a person stands in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LABEL = "Open the review page"


@dataclass(frozen=True, kw_only=True)
class ReviewLinks:
    """Where cards lead. `smart_clients`: names of the clients whose EHR launches this service as a SMART app."""

    external_url: str
    smart_clients: frozenset[str] = frozenset()

    def of(self, client: str, answer_id: str) -> tuple[dict[str, Any], ...]:
        """The links of the cards of one answer (checklist L1 and L2)."""
        if client in self.smart_clients:
            url = f"{self.external_url}/launch"
            return ({"label": LABEL, "url": url, "type": "smart", "appContext": answer_id},)
        return ({"label": LABEL, "url": f"{self.external_url}/review/answers/{answer_id}", "type": "absolute"},)

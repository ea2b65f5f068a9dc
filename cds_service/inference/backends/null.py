"""The backend of ``CDS_MODEL=none``: it never answers, so the cards say that no AI assessment was made."""

from __future__ import annotations

from cds_service.errors import BackendError
from cds_service.inference.backend import Generation
from cds_service.inference.contract import Encoding, Offers
from cds_service.inference.prompt import Prompt
from cds_service.inference.style import Style


class NullBackend:
    """No model."""

    name = "none"
    version = "none"
    encoding = Encoding.JSON
    style = Style.WORKED

    def warm(self) -> None:
        """Nothing to do."""

    def generate(self, prompt: Prompt, offers: Offers, *, deadline_s: float) -> Generation:  # noqa: ARG002
        """Raise BackendError: there is no model to ask."""
        raise BackendError("no model is configured (CDS_MODEL=none)")

    def close(self) -> None:
        """Nothing to do."""

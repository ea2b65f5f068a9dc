"""What stands behind the pages for people: built once a process, safe for threads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cds_service.accounts.store import Accounts
from cds_service.export.orders import Orders
from cds_service.oversight.oversight import Oversight
from cds_service.recorder import Recorder
from cds_service.retrieval.retriever import Retriever
from cds_service.rights.rights import Rights
from cds_service.safety.verdict import check_of_reason
from cds_service.settings import Settings


class Clinic:
    """The parts, over the stores of `recorder`. `now`: the clock. `retriever`: of this process, where it has one.

    Raises ConfigurationError when a file that the settings name cannot be used.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        recorder: Recorder,
        now: Callable[[], datetime],
        retriever: Retriever | None = None,
    ) -> None:
        database, vault = recorder.database, recorder.vault
        self.settings = settings
        self.retriever = retriever
        self.recorder = recorder
        self.now = now
        self.accounts = Accounts(database, settings=settings)
        self.reviews = recorder.reviews
        self.outbox = recorder.outbox
        self.intake = recorder.intake
        self.oversight = Oversight(database, vault, settings, checks=check_of_reason())
        self.roll_out = recorder.roll_out
        self.rights = Rights(database, vault, settings)
        self.exports = Orders(database, vault, settings)

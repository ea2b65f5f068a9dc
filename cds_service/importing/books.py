"""Who may be in an import, under which code, and what the audit trail is told: with the clinic's database, or without.

With it the code table is the vault's (`Vault.export_link`, sealed, under the import's id), and subjects are those of
the hook, so that an opt-out holds for both. Without it the table is a file of codes alone, one for each patient in the
order in which the input names them; it holds nobody, and is deleted with the rest of the work.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Protocol

from cds_service.ledger.audit import AuditEvent, EventKind, Outcome, Scalar, append
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.encoding import new_id
from cds_service.ledger.vault import Vault
from cds_service.rights.files import Placed
from cds_service.rights.rights import Rights
from fhir_mappers.consent import Says, read_consent

BATCH = 200
"""Patients of one transaction, so that hook calls need not wait long for their turn."""

Named = tuple[int, str]
"""A patient's number in the scratch, and the id."""


class Book(Protocol):
    """The book of one import."""

    def begin(self, import_id: str, *, resumed: bool, now: datetime) -> None:
        """The import begins, or goes on."""
        ...

    def consents(self, resources: Iterable[bytes], *, now: datetime) -> None:
        """Honour the Consents of the input."""
        ...

    def codes(self, patients: Iterable[Named], *, now: datetime) -> Iterator[tuple[int, str | None]]:
        """Number and code of each; None for one who is opted out."""
        ...

    def changed(self, *, now: datetime) -> bool:
        """Whether somebody opted out, or in again, since `codes` was asked."""
        ...

    def end(self, *, done: bool, detail: Mapping[str, Scalar], now: datetime) -> None:
        """The import is finished, or stopped by an error."""
        ...


class ClinicBook:
    """With the clinic's database. `client`: the registered client whose patients they are."""

    def __init__(self, database: Database, vault: Vault, rights: Rights, *, client: str, actor: str) -> None:
        self._database = database
        self._vault = vault
        self._rights = rights
        self._client = client
        self._actor = actor
        self._import = ""
        self._opted_out: frozenset[str] = frozenset()

    def begin(self, import_id: str, *, resumed: bool, now: datetime) -> None:
        """See `Book`."""
        self._import = import_id
        self._append("resumed" if resumed else "begun", Outcome.SUCCESS, {}, now)

    def consents(self, resources: Iterable[bytes], *, now: datetime) -> None:
        """See `Book`: they are taken into the clinic's list, as `cds-service rights` takes them."""
        placed = (Placed(file="import", line=n, resource=json.loads(text)) for n, text in enumerate(resources, 1))
        self._rights.consents(placed, self._client, actor=self._actor, now=now)

    def codes(self, patients: Iterable[Named], *, now: datetime) -> Iterator[tuple[int, str | None]]:
        """See `Book`. No code is made for who is opted out."""
        self._opted_out = self._now_opted_out(now)
        waiting = iter(patients)
        while some := list(islice(waiting, BATCH)):
            with self._database.transaction() as tx:
                made: list[tuple[int, str | None]] = []
                for n, patient in some:
                    subject = self._vault.subject_for(
                        tx, tenant=self._client, patient_key=patient, now=now, actor=self._actor
                    )
                    out = subject in self._opted_out
                    code = None if out else self._code(tx, subject, now)
                    made.append((n, code))
            yield from made

    def changed(self, *, now: datetime) -> bool:
        """See `Book`."""
        return self._now_opted_out(now) != self._opted_out

    def end(self, *, done: bool, detail: Mapping[str, Scalar], now: datetime) -> None:
        """See `Book`."""
        self._append("done" if done else "stopped", Outcome.SUCCESS if done else Outcome.FAILED, detail, now)

    def _code(self, tx: Tx, subject: str, now: datetime) -> str:
        return self._vault.export_code(tx, export=self._import, subject=subject, now=now, actor=self._actor)

    def _now_opted_out(self, now: datetime) -> frozenset[str]:
        with self._database.transaction(write=False) as tx:
            return self._rights.opted_out_in(tx, now)

    def _append(self, act: str, outcome: Outcome, detail: Mapping[str, Scalar], now: datetime) -> None:
        known: dict[str, Scalar] = {"what": "records", "act": act, "import": self._import, **detail}
        event = AuditEvent(kind=EventKind.IMPORT, actor=self._actor, outcome=outcome, detail=known)
        with self._database.transaction() as tx:
            append(tx, [event], now=now)


class OwnBook:
    """Without a database. `path`: where the file of codes is kept while the work goes on.

    Nothing of the clinic's own list of opt-outs is known here, and a Consent that permits lifts none that denies.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opted_out: set[str] = set()

    def begin(self, import_id: str, *, resumed: bool, now: datetime) -> None:
        """See `Book`: nobody is told."""

    def consents(self, resources: Iterable[bytes], *, now: datetime) -> None:
        """See `Book`."""
        readings = (read_consent(json.loads(text), now=now) for text in resources)
        self._opted_out |= {r.patient for r in readings if r.patient and r.says in {Says.DENIES, Says.UNREADABLE}}

    def codes(self, patients: Iterable[Named], *, now: datetime) -> Iterator[tuple[int, str | None]]:  # noqa: ARG002 - `Book`
        """See `Book`."""
        named = list(patients)
        for (n, patient), code in zip(named, self._known(len(named)), strict=True):
            yield n, None if patient in self._opted_out else code

    def changed(self, *, now: datetime) -> bool:  # noqa: ARG002 - `Book`
        """See `Book`: the input alone says it, and it does not change."""
        return False

    def end(self, *, done: bool, detail: Mapping[str, Scalar], now: datetime) -> None:
        """See `Book`: nobody is told."""

    def _known(self, count: int) -> list[str]:
        """As many codes as there are patients: those of the file, and new ones after them."""
        made = self._path.read_text("ascii").split() if self._path.exists() else []
        if len(made) < count:
            made += [new_id("rec") for _ in range(count - len(made))]
            aside = self._path.with_suffix(".aside")
            with aside.open("w", encoding="ascii") as file:
                file.write("\n".join(made) + "\n")
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self._path)
        return made[:count]

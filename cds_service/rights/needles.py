"""What would lead back to a patient, collected before the erasure: looked for afterwards, never written down.

A patient id of a few characters stands in many a number, so a short one is looked for as FHIR and JSON write it only.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import LargeBinary, select

from cds_service.ledger.blind_index import blind_index
from cds_service.ledger.database import Tx
from cds_service.ledger.tables import metadata, vault_export
from cds_service.ledger.vault import Vault
from cds_service.rights.scanning import marks_of

SHORT = 6
"""Fewer characters than this make a short id."""


@dataclass(frozen=True, kw_only=True)
class Needles:
    """What leads to one patient. The repr shows none of it.

    `patient`: forms of the patient id; `indexes`: its blind index under every key; `sealed`: marks of each sealed value
    and key of the subject, those of one value together; `codes`: what exports call it.
    """

    patient: tuple[str, ...] = field(repr=False)
    indexes: tuple[str, ...] = field(repr=False)
    sealed: tuple[tuple[bytes, ...], ...] = field(repr=False, default=())
    codes: tuple[str, ...] = field(repr=False, default=())

    @property
    def words(self) -> tuple[str, ...]:
        """What is looked for as text, everywhere."""
        return (*self.patient, *self.indexes)

    @property
    def beginnings(self) -> tuple[bytes, ...]:
        """The first mark of each sealed value, by which a column that holds it is told."""
        return tuple(marks[0] for marks in self.sealed)

    @property
    def marks(self) -> tuple[bytes, ...]:
        """Everything by which a piece of a sealed value is told in a file of the database."""
        return tuple(mark for marks in self.sealed for mark in marks)

    @property
    def sought(self) -> dict[str, int]:
        """How many there are of each sort."""
        return {
            "patient_id": len(self.patient),
            "blind_indexes": len(self.indexes),
            "sealed_values": len(self.sealed),
            "export_codes": len(self.codes),
        }


def of_a_name(vault: Vault, *, client: str, patient_id: str) -> Needles:
    """What leads to a patient whom the vault need not know."""
    indexes = (blind_index(key, client, patient_id) for key in vault.keys.index.keys.values())
    return Needles(patient=_forms(patient_id), indexes=tuple(indexes))


def needles_of(
    tx: Tx, vault: Vault, *, client: str, patient_id: str, subject: str, now: datetime, actor: str
) -> Needles:
    """Everything that leads to `subject` as things stand. Raises VaultError."""
    named = of_a_name(vault, client=client, patient_id=patient_id)
    return replace(named, sealed=_sealed(tx, subject), codes=_codes(tx, vault, subject, now, actor))


def _forms(patient_id: str) -> tuple[str, ...]:
    if len(patient_id) >= SHORT:
        return (patient_id,)
    return (f"Patient/{patient_id}", f'"{patient_id}"')


def _sealed(tx: Tx, subject: str) -> tuple[tuple[bytes, ...], ...]:
    """Marks of all binary values of the subject's rows, in whichever table has any."""
    found: list[tuple[bytes, ...]] = []
    for table in metadata.sorted_tables:
        binary = [column for column in table.columns if isinstance(column.type, LargeBinary)]
        if binary and "subject" in table.c:
            rows = tx.execute(select(*binary).where(table.c.subject == subject))
            found += [marks for row in rows for value in row if (marks := tuple(marks_of(bytes(value or b""))))]
    return tuple(found)


def _codes(tx: Tx, vault: Vault, subject: str, now: datetime, actor: str) -> tuple[str, ...]:
    exports = tx.execute(select(vault_export.c.export).where(vault_export.c.subject == subject)).scalars().all()
    return tuple(vault.export_code(tx, export=e, subject=subject, now=now, actor=actor) for e in exports)

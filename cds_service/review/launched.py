"""Which case a launch from the EHR opens: that of the card whose link was followed, else the patient's open case."""

from __future__ import annotations

from cds_service.ledger.database import Tx
from cds_service.ledger.tables import review_case
from cds_service.ledger.vault import Vault
from cds_service.review.rows import case_of, cases, shown, still_open
from cds_service.review.values import ReviewCase


def launched_case(tx: Tx, vault: Vault, *, client: str, patient: str, answer: str | None) -> ReviewCase | None:
    """The case of `client`'s `patient`, None when no case is open. `answer`: the one whose card was followed.

    A case of another patient is never opened, whatever `answer` says. A read transaction is enough.
    """
    subject = vault.find_subject(tx, tenant=client, patient_key=patient)
    if subject is None:
        return None
    theirs = cases().where(review_case.c.subject == subject, shown()).order_by(review_case.c.opened_at.desc())
    wanted = [theirs.where(still_open())]
    if answer is not None:
        wanted.insert(0, theirs.where(review_case.c.answer == answer))
    for question in wanted:
        row = tx.execute(question.limit(1)).mappings().one_or_none()
        if row is not None:
            return case_of(row)
    return None

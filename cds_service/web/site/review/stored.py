"""What the ledger and the job table hold about a case, read in one transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from cds_service import codec
from cds_service.inference.jobs import Job
from cds_service.ledger.queries import answer_by_id
from cds_service.ledger.records import StoredAnswer
from cds_service.ledger.tables import job as job_table
from cds_service.recorder import Recorder
from cds_service.review.values import ReviewCase
from fhir_mappers.case import Case


@dataclass(frozen=True, kw_only=True)
class Stored:
    """The answer a case rests on (None: it is not in the ledger any more), and the job of its assessment."""

    answer: StoredAnswer | None
    job: Job | None


def read(recorder: Recorder, case: ReviewCase) -> Stored:
    """The newest answer of `case` and its job."""
    with recorder.database.transaction(write=False) as tx:
        job = None
        if case.job is not None:
            key = tx.execute(select(job_table.c.cache_key, job_table.c.queued_at).where(job_table.c.id == case.job))
            row = key.one_or_none()
            job = recorder.jobs.lookup(tx, row.cache_key, now=row.queued_at) if row else None
        return Stored(answer=answer_by_id(tx, case.answer), job=job)


def chart_of(payload: dict[str, Any]) -> Case:
    """The chart of a sealed snapshot. Raises ValueError on anything but one."""
    return codec.decode(Case, json.dumps(payload))

"""One chart down the real road, and every place behind the gate where a word of it could stand."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from datetime import datetime
from typing import Any

from sqlalchemy import Table, select, text

from anonymization.errors import GateRefused
from anonymization.gate import Gate
from anonymization.near_years import near_years
from anonymization.policy import packaged_policy
from anonymization.replacer import Replacer
from anonymization.surrogates import Surrogates
from cds_service import logs
from cds_service.assessor import AssessmentTask
from cds_service.cards import EXTENSION
from cds_service.chart import case_of, hook_call
from cds_service.fhir_access import FhirOffer
from cds_service.inference.offers import offers_for
from cds_service.inference.prompt import build_prompt
from cds_service.ledger.tables import metadata
from cds_service.monitoring import metrics
from cds_service.pipeline import Pipeline
from cds_service.recorder import Recorder
from fhir_mappers.case import Case
from fhir_mappers.limits import Limits

CLIENT = "canary-ehr"
MODEL = "canary-model"
EXPORTS = "safe-harbor-exports"
TIMEOUT_S = 60.0
_REFERENCE = re.compile(r"\b[A-Z][A-Za-z]+/[A-Za-z0-9.-]+")


class Road:
    """A service on state of its own, and the gate as exports use it. `log`: what the service wrote to its log."""

    def __init__(self, pipeline: Pipeline, recorder: Recorder, log: io.StringIO) -> None:
        self._pipeline = pipeline
        self._recorder = recorder
        self._log = log
        self._exports = Gate(packaged_policy(EXPORTS))
        self._exports.warm()
        self._last: dict[str, int] = {}
        self.refused = 0
        self.cards: tuple[str, ...] = ()
        """Ids of the cards of the newest answer."""
        recorder.model_on = True
        self._stored()  # what was there before

    def walk(self, body: Mapping[str, Any], at: datetime, number: int) -> dict[str, str]:
        """What stands in each place after the chart of `body` was opened at `at`, answered, and exported."""
        call = hook_call(body, CLIENT)
        with self._recorder.database.transaction() as tx:
            self._recorder.workers.beat(tx, worker=MODEL, model_version=MODEL, now=at)
        answer = self._pipeline.answer(call, FhirOffer(access=None)).body
        self.cards = tuple(card["uuid"] for card in answer["cards"])
        job = self._recorder.newest_job()
        case = case_of(call, {}, at, Limits())
        return {
            "cards": _said(answer),
            "answer's extension": json.dumps(answer["extension"][EXTENSION]),
            "prompt": _prompt(AssessmentTask.from_json(job.payload)) if job else "",
            "export, placeholders": self._exported(case, number, None),
            "export, surrogates": self._exported(case, number, self._surrogates(case, number)),
            "refusal": self._refusal(case),
            **self.behind(),
        }

    def behind(self) -> dict[str, str]:
        """What was stored outside the vault and said since the last look, and the metrics."""
        return {
            "database outside the vault": self._stored(),
            "metrics": metrics.exposition().decode(),
            "log": self._logged(),
        }

    def _surrogates(self, case: Case, number: int) -> Replacer:
        avoid = [identifier.value for identifier in case.identifiers]
        return Surrogates(
            today=case.now.date(), avoid=avoid, not_told=near_years(case, self._exports.policy), seed=number
        )

    def _exported(self, case: Case, number: int, replacer: Replacer | None) -> str:
        try:
            out = self._exports.deidentify(case, subject=f"x-{number}", timeout_s=TIMEOUT_S, replacer=replacer)
        except GateRefused as refused:
            self.refused += 1
            return f"{refused!r}"
        return out.to_json()

    def _refusal(self, case: Case) -> str:
        """What the gate says of a chart for which it has no time."""
        try:
            self._exports.deidentify(case, subject="x-0", timeout_s=0)
        except GateRefused as refused:
            return f"{refused!r} {refused.__cause__!r} {refused.__context__!r}"
        raise AssertionError("a gate without time let a chart pass")

    def _stored(self) -> str:
        """The rows that were written since the last look, a line each; of the vault they are sealed."""
        with self._recorder.database.transaction(write=False) as tx:
            rows: list[str] = []
            for table in metadata.sorted_tables:
                found = tx.execute(_since(table, self._last.get(table.name, 0))).all()
                for number, *values in found:
                    self._last[table.name] = max(self._last.get(table.name, 0), number)
                    rows.append(json.dumps([str(value) for value in values], ensure_ascii=False))
        return "\n".join(rows)

    def _logged(self) -> str:
        said = self._log.getvalue()
        self._log.seek(0)
        self._log.truncate()
        return said


def _since(table: Table, last: int) -> Any:
    return select(text("rowid"), *table.columns).select_from(table).where(text("rowid > :last")).params(last=last)


def _said(answer: Mapping[str, Any]) -> str:
    """The words of the cards, but for the references to the chart's own resources, which are for the EHR."""
    words = json.dumps([[card["summary"], card.get("detail"), card["source"]] for card in answer["cards"]])
    return _REFERENCE.sub("", words)


def _prompt(task: AssessmentTask) -> str:
    offers = offers_for(task.case, task.findings, task.passages)
    return build_prompt(task.case, task.findings, task.passages, offers).text


@contextmanager
def listening() -> Iterator[io.StringIO]:
    """Every line of the log, down to the most talkative, for as long as the block runs."""
    heard = io.StringIO()
    with redirect_stderr(heard):
        logs.configure("DEBUG")
    try:
        yield heard
    finally:
        logs.configure("ERROR")

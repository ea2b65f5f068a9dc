"""`cds-service demo`: the service is started, a fictional chart is opened as an EHR would, and each step is shown."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.status import Status
from rich.table import Table
from rich.text import Text

from cds_service import logs
from cds_service.assessor import AssessmentTask
from cds_service.bootstrap import open_recorder
from cds_service.cards import EXTENSION
from cds_service.demo.week import seed
from cds_service.errors import CdsError
from cds_service.inference.offers import offers_for
from cds_service.inference.prompt import build_prompt
from cds_service.prepare import prepare
from cds_service.running import free_port, running
from cds_service.sample.chart import request_body, second_body
from cds_service.settings import ModelKind, Settings
from cds_service.terminal import ledger_rows, progress
from cds_service.terminal_cards import card_panel
from hooks.feedback import NON_ADHERENCE_SYSTEM

ROLE_SEES = {
    "nurse": "the queue, charts, decisions",
    "physician": "the same, and messages about urgent cases",
    "compliance": "figures, exports, rights, audit",
    "administrator": "figures and the roll-out, no charts",
}
HOOK = "/cds-services/patient-triage"
ASSESSMENT_S = 180.0
MODEL_S = 180.0


class DemoFailed(CdsError):
    """The demo could not be played; the message says at which step."""


def play(settings: Settings, *, port: int, stay: bool, patients: int) -> int:
    """Play the demo in its own data folder and return the exit code. Raises DemoFailed.

    `stay`: keep the pages open at the end until Enter is pressed. `patients`: how many came in the weeks before.
    """
    console = Console(width=min(110, Console().width)) if sys.stdout.isatty() else Console(width=110)
    own = _demo_settings(settings)
    logs.configure("ERROR")
    console.print(Rule("CDS service demo: a chart opens, cards come back"))
    console.print("The patient is fictional. Everything runs on this machine; nothing leaves it.\n")
    with progress() as show:
        prepare(own, show)
        passwords = seed(own, datetime.now(UTC), show, patients=patients)
    port = port or free_port()
    starting = Status("Starting the service …", console=console)
    starting.start()
    with running(_environment(own, port), log=own.data_dir / "serve.log", port=port) as service:
        _await_model(own)
        starting.stop()
        _Demo(console, own, service.url).run()
        _show_pages(console, service.url, passwords)
        if stay:
            console.input("\nThe pages stay open until you press Enter. ")
    console.print(Rule())
    console.print("The demo has ended and the service is stopped. `make serve` keeps one running.")
    return 0


def _demo_settings(settings: Settings) -> Settings:
    """The demo keeps its own state, and its keys beside it, and shares only the prepared model files."""
    home = settings.data_dir / "demo"
    return settings.model_copy(
        update={
            "data_dir": home / "state",
            "keys_file": home / "keys.json",
            "models_dir": settings.model_dir,
            "database_url": None,
            "unreviewed_guidelines": True,
            "web_workers": 1,
        }
    )


def _await_model(own: Settings) -> None:
    """Wait until the model worker shows signs of life, so that the demo can show it working."""
    if own.model is ModelKind.NONE:
        return
    recorder, deadline = open_recorder(own), time.monotonic() + MODEL_S
    while recorder.serving_model(datetime.now(UTC)) is None:
        if time.monotonic() > deadline:
            raise DemoFailed(f"No model worker within {MODEL_S:.0f} s; its log is {own.data_dir / 'serve.log'}.")
        time.sleep(0.2)


def _show_pages(console: Console, url: str, passwords: Mapping[str, str]) -> None:
    """Where clinicians review, and who may sign in here. These accounts exist in the demo's own data alone."""
    console.print()
    console.print(Rule(f"9  Clinicians review: {url}/review", align="left"))
    console.print("Two weeks of fictional patients are there, most of them reviewed. Sign in as one of:")
    table = Table("name", "password", "sees", box=None, padding=(0, 2, 0, 2))
    for name, password in passwords.items():
        table.add_row(name, password, ROLE_SEES[name])
    console.print(table)
    console.print(f"Figures: {url}/monitoring. Forms before a visit: {url}/intake. Roll-out: {url}/roll-out.")
    console.print(f"Exports: {url}/exports. Patients' rights: {url}/rights. Audit trail: {url}/audit.")


def _environment(own: Settings, port: int) -> dict[str, str]:
    return {
        "CDS_EXTERNAL_URL": f"http://127.0.0.1:{port}",
        "CDS_DATA_DIR": str(own.data_dir.resolve()),
        "CDS_KEYS_FILE": str(own.keys.resolve()),
        "CDS_MODELS_DIR": str(own.model_dir.resolve()),
        "CDS_UNREVIEWED_GUIDELINES": "true",
        "CDS_WEB_WORKERS": "1",
        "CDS_LOG_LEVEL": "ERROR",
    }


class _Demo:
    """The steps, in order."""

    def __init__(self, console: Console, settings: Settings, base: str) -> None:
        self.console = console
        self.settings = settings
        self.base = base
        self.recorder = open_recorder(settings)
        self.chart_opened = datetime.now(UTC)
        self.shown: set[str] = set()

    def run(self) -> None:
        self._discovery()
        first = self._hook("2  The chart opens: patient-view", "The cards that came at once")
        self._what_the_model_sees()
        if self.settings.model is not ModelKind.NONE and self._status(first) == "pending":
            self._wait_for_assessment()
            second = self._hook("5  The chart opens again", "The cards now")
        else:
            second = first
        self._say_what_became_of_the_draft(second)
        self._feedback(second)
        if self.settings.model is not ModelKind.NONE:
            self._another_chart()

    def _another_chart(self) -> None:
        """A patient with one urgent finding: what the model writes of one is mostly shown."""
        self._step("8  Another patient: chest tightness and sweating for one hour")
        body = second_body(self.chart_opened)
        before = self._call("POST", HOOK, body).json()
        self._wait()
        answer = self._call("POST", HOOK, body).json()
        known = {card["summary"] for card in before["cards"]}
        for card in answer["cards"]:
            if card["summary"] not in known:
                self.console.print(card_panel(card))
        self._say_what_became_of_the_draft(answer)

    def _step(self, title: str) -> None:
        self.console.print()
        self.console.print(Rule(title, align="left"))

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> requests.Response:
        response = requests.request(method, self.base + path, json=body, timeout=30)
        if response.status_code != requests.codes.ok:
            raise DemoFailed(f"{method} {path} answered {response.status_code}.")
        return response

    def _discovery(self) -> None:
        self._step("1  Discovery: GET /cds-services")
        for service in self._call("GET", "/cds-services").json()["services"]:
            self.console.print(f"[bold]{service['id']}[/] on [bold]{service['hook']}[/]: {service['title']}")
            table = Table("prefetch key", "query", box=None, padding=(0, 2, 0, 0))
            for key, query in service["prefetch"].items():
                table.add_row(key, query)
            self.console.print(Padding(table, (0, 2)))

    def _hook(self, title: str, heading: str) -> dict[str, Any]:
        self._step(f"{title}: POST /cds-services/patient-triage")
        start = time.perf_counter()
        response = self._call("POST", HOOK, request_body(self.chart_opened))
        milliseconds = (time.perf_counter() - start) * 1000
        answer: dict[str, Any] = response.json()
        self.console.print(f"{heading}, in [bold]{milliseconds:.0f} ms[/] ({_parts(response)}):")
        for card in answer["cards"]:
            if card["summary"] in self.shown:
                self.console.print(f"  as before: {card['summary']}", markup=False, highlight=False)
            else:
                self.console.print(card_panel(card))
            self.shown.add(card["summary"])
        return answer

    def _what_the_model_sees(self) -> None:
        self._step("3  The gate: what the model will see, and what was removed")
        job = self.recorder.newest_job()
        if job is None:
            self.console.print("Nothing was handed to a model.")
            return
        task = AssessmentTask.from_json(job.payload)
        offers = offers_for(task.case, task.findings, task.passages, setting=self.settings.setting)
        prompt = build_prompt(task.case, task.findings, task.passages, offers)
        self.console.print(Panel(Text(prompt.case.strip()), title="de-identified", title_align="left"))
        table = Table("removed", "how often", box=None, padding=(0, 2, 0, 0))
        for kind, count in sorted(task.case.removed.items()):
            table.add_row(kind, str(count))
        self.console.print(table)

    def _wait_for_assessment(self) -> None:
        self._step("4  The model writes a preliminary assessment in the background")
        self._wait()

    def _wait(self) -> None:
        start = time.monotonic()
        with Status("waiting for the model worker …", console=self.console) as status:
            while (state := self._job_state()) in ("queued", "running"):
                if time.monotonic() - start > ASSESSMENT_S:
                    raise DemoFailed(f"No assessment within {ASSESSMENT_S:.0f} s.")
                status.update(f"{state} for {time.monotonic() - start:.1f} s …")
                time.sleep(0.1)
        self.console.print(f"The job ended as [bold]{state}[/] after {time.monotonic() - start:.1f} s.")

    def _job_state(self) -> str:
        job = self.recorder.newest_job()
        return job.state.value if job else "gone"

    def _status(self, answer: Mapping[str, Any]) -> str:
        status: str = answer["extension"][EXTENSION]["assessment"]["status"]
        return status

    def _say_what_became_of_the_draft(self, answer: Mapping[str, Any]) -> None:
        assessment = answer["extension"][EXTENSION]["assessment"]
        if assessment["status"] == "ready":
            self.console.print("The draft passed every safety check and stands on its own card, marked AI-made.")
            return
        self.console.print(f"No AI card: the assessment is [bold]{assessment['status']}[/].")
        for reason in assessment.get("reasons", ()):
            self.console.print(f"  - {reason}", markup=False, highlight=False)
        if assessment["status"] == "withheld":
            self.console.print("The default model is small; a draft that fails a check is never shown.")

    def _feedback(self, answer: Mapping[str, Any]) -> None:
        self._step("6  The clinician answers: POST /cds-services/patient-triage/feedback")
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        accepted, *others = answer["cards"]
        suggestion = accepted["suggestions"][0]
        items: list[dict[str, Any]] = [
            {
                "card": accepted["uuid"],
                "outcome": "accepted",
                "acceptedSuggestions": [{"id": suggestion["uuid"]}],
                "outcomeTimestamp": now,
            }
        ]
        self.console.print(f"accepted: {suggestion['label']}")
        if others:
            dismissed = others[-1]
            coding = {"system": NON_ADHERENCE_SYSTEM, "code": "action-completed"}
            reason = {"reason": coding, "userComment": "Done at triage."}
            items.append(
                {
                    "card": dismissed["uuid"],
                    "outcome": "overridden",
                    "overrideReason": reason,
                    "outcomeTimestamp": now,
                }
            )
            self.console.print(f"dismissed (already completed): {dismissed['summary']}")
        self._call("POST", "/cds-services/patient-triage/feedback", {"feedback": items})
        self._step("7  The ledger joined it: cds-service ledger show")
        self.console.print(ledger_rows(self.recorder.recent(1), as_json=False), markup=False, highlight=False)
        report = self.recorder.verify_audit()
        self.console.print(f"\nAudit chain: {report.events} events, {'whole' if report.valid else 'BROKEN'}.")


def _parts(response: requests.Response) -> str:
    timing = response.headers.get("Server-Timing", "")
    return ", ".join(part.replace(";dur=", " ") for part in timing.split(", "))

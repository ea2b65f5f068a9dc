"""`cds-service sandbox`: open a patient's chart as an EHR would, show the cards, take the answers, report them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cds_service.sandbox.answers import Answer, Shown, accept, override
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.client import SUCCESS, CdsClient, Offered, hook_call, refusal
from cds_service.sandbox.contexts import Visit, context_for
from cds_service.sandbox.errors import BadAnswer, CallFailed, NothingForHook, SandboxError, UnknownClient
from cds_service.sandbox.prefetch import fill
from cds_service.sandbox.screen import Screen
from cds_service.sandbox.source import newest_encounter
from cds_service.terminal_cards import line
from hooks.errors import MalformedRequest
from hooks.response import violations
from hooks.wire import decode

TOKEN_S = 300
PROMPT = "accept 1.1 | override 2 [reason] [comment] | Enter to end"


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the person asked for. `services`: ids, or empty for every service of the hook."""

    hook: str
    services: tuple[str, ...]
    user_id: str
    encounter_id: str | None
    with_prefetch: bool
    scope: str
    as_json: bool
    accepted: tuple[str, ...] = ()
    overridden: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Sandbox:
    """One visit to one chart. `ask` puts the prompt to the person; None where nobody is there to be asked."""

    client: CdsClient
    chart: Chart
    wishes: Wishes
    screen: Screen
    write: Callable[[str], None]
    ask: Callable[[str], str] | None

    def run(self) -> int:
        """The exit code: 0 when every service that was called gave cards. Raises SandboxError."""
        offers, reply = self.client.discover()
        chosen = self._chosen(offers)
        if not self.wishes.as_json:
            self.screen.discovered(self.client.url(), offers, chosen, reply)
        encounter = self.wishes.encounter_id or newest_encounter(self.chart.source, self.chart.patient_id)
        visit = Visit(
            user_id=self.wishes.user_id,
            patient_id=self.chart.patient_id,
            encounter_id=encounter,
            source=self.chart.source,
        )
        shown: list[Shown] = []
        failures = 0
        for offer in chosen:
            try:
                shown += self._call(offer, visit, len(shown))
            except UnknownClient:
                raise
            except (CallFailed, NothingForHook) as error:
                failures += 1
                self.screen.failed(offer, error)
        self._feedback(shown)
        return 1 if failures else 0

    def _chosen(self, offers: Sequence[Offered]) -> list[Offered]:
        wanted = self.wishes.services
        chosen = [o for o in offers if o.hook == self.wishes.hook and (not wanted or o.id in wanted)]
        if not chosen:
            known = line(", ".join(f"{o.id} ({o.hook})" for o in offers) or "none")
            raise SandboxError(f"Discovery offers no such service on {self.wishes.hook}. It offers: {known}.")
        return chosen

    def _call(self, offer: Offered, visit: Visit, number: int) -> list[Shown]:
        """The cards of one service, numbered from `number` on. Raises CallFailed or NothingForHook."""
        body = hook_call(offer.hook, context_for(offer.hook, visit))
        if self.wishes.with_prefetch:
            filled = fill(offer.prefetch, body["context"], visit.source)
            self.screen.left_out(offer, filled.left_out)
            body["prefetch"] = dict(filled.prefetch)
        elif self.chart.server is not None:
            body |= self._access(self.chart.server.base, self.chart.server.token)
        url = self.client.url(offer.id)
        reply = self.client.post(url, {key: value for key, value in body.items() if value != {}})
        answer = self.client.content(reply)
        cards = answer["cards"] if isinstance(answer.get("cards"), list) else []
        shown = [
            Shown(number=number + place, service=offer, card=card if isinstance(card, dict) else {"summary": card})
            for place, card in enumerate(cards, start=1)
        ]
        if self.wishes.as_json:
            self.write(json.dumps(answer))
        else:
            self.screen.called(url, body, reply)
            self.screen.cards(shown, answer)
        self.screen.violations(violations(answer))
        return shown

    def _access(self, server: str, token: str | None) -> dict[str, Any]:
        """What lets the service read from the FHIR server itself."""
        if token is None:
            return {"fhirServer": server}
        authorization = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": TOKEN_S,
            "scope": self.wishes.scope,
            "subject": "cds-service-sandbox",
            "patient": self.chart.patient_id,
        }
        return {"fhirServer": server, "fhirAuthorization": authorization}

    # -- feedback --------------------------------------------------------------------------------------------------

    def _feedback(self, shown: Sequence[Shown]) -> None:
        now = self.client.now()
        answers = [accept(shown, place, now) for place in self.wishes.accepted]
        answers += [override(shown, text, now) for text in self.wishes.overridden]
        if answers:
            self._report(answers)
        elif self.ask is not None and shown:
            while words := self.ask(PROMPT).strip():
                try:
                    self._report([self._understood(shown, words)])
                except (BadAnswer, CallFailed) as error:
                    self.screen.remark(str(error))

    def _understood(self, shown: Sequence[Shown], words: str) -> Answer:
        """The answer in words such as ``accept 1.1`` or ``override 2 already-done Seen at triage``."""
        verb, _, rest = words.partition(" ")
        if verb == "accept":
            return accept(shown, rest.strip(), self.client.now())
        if verb == "override":
            card, reason, comment = (*rest.split(maxsplit=2), "", "", "")[:3]
            return override(shown, f"{card}={reason}:{comment}", self.client.now())
        raise BadAnswer(f"Not understood. {PROMPT}")

    def _report(self, answers: Sequence[Answer]) -> None:
        """Send one feedback report to each service concerned. Raises CallFailed."""
        for offer in dict.fromkeys(answer.service.id for answer in answers):
            of_service = [answer for answer in answers if answer.service.id == offer]
            reply = self.client.post(
                self.client.url(offer, feedback=True), {"feedback": [answer.item for answer in of_service]}
            )
            said = _said(reply.body)
            if self.wishes.as_json:
                self.write(json.dumps(said))
            else:
                self.screen.answered(of_service, reply, said)
            if reply.status not in SUCCESS:
                raise refusal(reply)


def _said(body: bytes) -> Any:
    try:
        return decode(body)
    except MalformedRequest:
        return None

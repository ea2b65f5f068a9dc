"""What the sandbox shows a person: what was asked, the cards, what was not evaluated, what became of the feedback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from cds_service.sandbox.answers import Answer, Shown, override_reasons
from cds_service.sandbox.client import Offered
from cds_service.sandbox.identity import Identity
from cds_service.sandbox.transport import Reply
from cds_service.terminal_cards import card_panel, line
from hooks.response import Violation

MAX_CARDS = 50
MAX_NOTES = 20
MAX_WIDTH = 110


class Screen:
    """Writes to two consoles: answers to one, remarks about the exchange to the other."""

    def __init__(self, out: Console, remarks: Console) -> None:
        self._out = out
        self._remarks = remarks

    def discovered(self, url: str, offers: Sequence[Offered], chosen: Sequence[Offered], reply: Reply) -> None:
        """The services that discovery found; those that are called are marked."""
        self._out.print(Rule(_heading(f"GET {url}", reply), align="left"))
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        for offer in offers:
            mark = Text("▸" if offer in chosen else " ", style="green")
            table.add_row(mark, Text(line(offer.id, 80), style="bold"), Text(line(offer.hook, 80)), Text(offer.title))
        self._out.print(Padding(table, (0, 1)))

    def called(self, url: str, body: Mapping[str, Any], reply: Reply) -> None:
        """One call that was answered."""
        self._out.print()
        self._out.print(Rule(_heading(f"POST {url}", reply), align="left"))
        context = ", ".join(f"{k} {line(v, 80)}" for k, v in body["context"].items() if isinstance(v, str))
        filled = ", ".join(map(line, body.get("prefetch", {}))) or "none"
        self._out.print(Text(f"{context}\nprefetch: {filled}", style="dim"))

    def left_out(self, offer: Offered, reasons: Mapping[str, str]) -> None:
        """The prefetch keys that were not sent."""
        for key, reason in reasons.items():
            self.remark(f"{line(offer.id, 80)}: prefetch key {line(key, 80)} is left out: {line(reason)}.")

    def cards(self, cards: Sequence[Shown], answer: Mapping[str, Any]) -> None:
        """The cards of one answer, and what its extensions say was not evaluated."""
        if not cards:
            self._out.print("No cards came.")
        for shown in cards[:MAX_CARDS]:
            self._out.print(card_panel(shown.card, shown.number))
        if len(cards) > MAX_CARDS:
            self._out.print(f"… and {len(cards) - MAX_CARDS} more cards")
        self._reasons(cards[:MAX_CARDS])
        notes = list(_not_evaluated(answer.get("extension")))
        if notes:
            self._out.print(Text("Not evaluated, as the answer's extension says:", style="bold"))
        for note in notes[:MAX_NOTES]:
            self._out.print(Text(f"  - {note}"))

    def _reasons(self, cards: Sequence[Shown]) -> None:
        """The override reasons, once for all cards that offer the same."""
        numbers: dict[tuple[str, ...], list[str]] = {}
        for shown in cards:
            reasons = tuple(
                f"{line(r.get('code'), 60)}  {line(r.get('display'), 200)}" for r in override_reasons(shown)
            )
            if reasons:
                numbers.setdefault(reasons, []).append(str(shown.number))
        for reasons, of_cards in numbers.items():
            self._out.print(Text(f"Reasons to override card {', '.join(of_cards)}:", style="bold"))
            for place, reason in enumerate(reasons, start=1):
                self._out.print(Text(f"  {place}  {reason}"))

    def violations(self, found: Sequence[Violation]) -> None:
        """What in an answer breaks CDS Hooks."""
        for violation in found[:MAX_NOTES]:
            self.remark(f"This answer breaks CDS Hooks: {line(violation)}")

    def answered(self, answers: Sequence[Answer], reply: Reply, said: Any) -> None:
        """What the service answered to feedback, for each item where it says so."""
        results = said.get("results") if isinstance(said, dict) else None
        each = results if isinstance(results, list) and len(results) == len(answers) else [None] * len(answers)
        for answer, result in zip(answers, each, strict=True):
            words = _words(result, but=answer.item["card"]) if isinstance(result, dict) else ""
            status = f"{reply.status}, {reply.seconds * 1000:.0f} ms"
            self._out.print(Text(f"{answer.words}\n  → the service answered {status}{f': {words}' if words else ''}"))

    def failed(self, offer: Offered, reason: object) -> None:
        """A service that gave no usable answer."""
        self.remark(f"{line(offer.id, 80)}: {reason}")

    def remark(self, text: str) -> None:
        """One remark about the exchange."""
        self._remarks.print(Text(text, style="yellow"), soft_wrap=True)


def registration(identity: Identity) -> str:
    """What to do when a service does not know this sandbox."""
    return (
        "The service asks who calls, and does not know this sandbox. Register it there:\n"
        f"  issuer      {identity.issuer}\n"
        f"  public key  {identity.public_file}\n"
        "For this project's service add to the file named by CDS_CLIENTS_FILE, and restart it:\n\n"
        "[[client]]\n"
        'name = "sandbox"\n'
        f'iss = "{identity.issuer}"\n'
        f'jwks_file = "{identity.public_file}"\n\n'
        "If it is registered: the URL given here must be the one that the service believes to have (its audience; "
        "CDS_EXTERNAL_URL), and the clocks must agree."
    )


def _heading(what: str, reply: Reply) -> Text:
    return Text(f"{line(what, 200)}   {reply.status}, {reply.seconds * 1000:.0f} ms", style="bold")


def _words(result: Mapping[str, Any], *, but: str) -> str:
    return "; ".join(f"{line(k, 40)}: {line(v, 200)}" for k, v in result.items() if v != but)


def _not_evaluated(extension: Any) -> Iterator[str]:
    """The entries of every `notEvaluated` in an extension, as `what: reason`."""
    for content in extension.values() if isinstance(extension, dict) else ():
        entries = content.get("notEvaluated") if isinstance(content, dict) else None
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict):
                yield f"{line(entry.get('what'), 200)}: {line(entry.get('reason'), 300)}"

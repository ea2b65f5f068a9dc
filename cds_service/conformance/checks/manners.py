"""How all answers of the run look, good and bad ones together (checklist A3, A4, A7, X7)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from cds_service.conformance.probe import Exchange
from cds_service.conformance.result import Result, failed, judged, not_applicable, passed
from cds_service.sandbox.client import JSON, OK, UNAUTHORIZED
from cds_service.terminal_cards import line

IDS = ("A3", "A4", "A7", "X7")
MAX_SEARCHED = 20_000
_TRACE = re.compile(
    rb"Traceback \(most recent call last\)"
    rb"|File \"[^\"]{1,300}\", line \d+"  # Python
    rb"|\bat [\w$.<>]+\([\w$]+\.(?:java|kt|scala):\d+\)"  # JVM
    rb"|\bat [^\n]{1,200}\([^\n)]{0,200}\.(?:js|ts|mjs):\d+:\d+\)"  # Node.js
    rb"|\bat [\w.`<>]+\([^)]{0,200}\) in [^\n]{1,200}:line \d+"  # .NET
    rb"|goroutine \d+ \[|\.go:\d+ \+0x"
    rb"|(?:#\d+ |in )/[\w./-]+\.php"
)
"""Stack traces of the usual runtimes."""


def check(exchanges: Sequence[Exchange]) -> Iterator[Result]:
    """Judge every exchange of the run."""
    good = [e for e in exchanges if e.status == OK and e.method in ("GET", "POST") and e.reply and e.reply.body]
    broken = next((e for e in good if e.content is None), None)
    yield judged("A3", f"{broken.url}: {broken.not_json}" if broken else None)
    other = next((e for e in good if e.reply and e.reply.media_type != JSON), None)
    media = line(other.reply.media_type, 60) if other and other.reply else ""
    yield judged("A4", f"{other.url} answered as {media or 'nothing'}, not {JSON}" if other else None)
    yield _outcomes(exchanges)
    yield _traces(exchanges)


def _outcomes(exchanges: Sequence[Exchange]) -> Result:
    refused = [e for e in exchanges if e.status and e.status >= 400 and e.status != UNAUTHORIZED]
    if not refused:
        return not_applicable("A7", "nothing was refused")
    without = [e for e in refused if not _is_outcome(e.content)]
    if not without:
        return passed("A7")
    return judged("A7", f"{len(without)} of {len(refused)} errors had none, such as a {without[0].status}")


def _is_outcome(content: dict[str, Any] | None) -> bool:
    if content is None or content.get("resourceType") != "OperationOutcome":
        return False
    issues = content.get("issue")
    return isinstance(issues, list) and bool(issues) and all(isinstance(i, dict) and i.get("code") for i in issues)


def _traces(exchanges: Sequence[Exchange]) -> Result:
    for exchange in exchanges:
        if exchange.reply and exchange.reply.status >= 400 and _TRACE.search(exchange.reply.body[:MAX_SEARCHED]):
            return failed("X7", f"a {exchange.status} of {exchange.method} {exchange.url} shows a stack trace")
    return passed("X7")

"""What one check established about one requirement."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a requirement stands."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Result:
    """A verdict on requirement `id`, in one line why, and the service it is about (None: the whole server)."""

    id: str
    verdict: Verdict
    why: str = ""
    service: str | None = None


def passed(requirement: str, why: str = "") -> Result:
    """The requirement holds as far as this check sees."""
    return Result(id=requirement, verdict=Verdict.PASSED, why=why)


def failed(requirement: str, why: str) -> Result:
    """The requirement is broken."""
    return Result(id=requirement, verdict=Verdict.FAILED, why=why)


def not_applicable(requirement: str, why: str) -> Result:
    """The service has nothing that the requirement is about."""
    return Result(id=requirement, verdict=Verdict.NOT_APPLICABLE, why=why)


def skipped(requirement: str, why: str) -> Result:
    """The requirement could not be checked."""
    return Result(id=requirement, verdict=Verdict.SKIPPED, why=why)


def judged(requirement: str, problem: str | None) -> Result:
    """Failed with the problem, passed where there is none."""
    return failed(requirement, problem) if problem else passed(requirement)

"""What a rule is: a declaration that documents itself and one function from a context to a result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from cds_service.clinical.red_flags.mention import Mention
from cds_service.clinical.red_flags.reading import read_mentions
from cds_service.domain import Citation, Finding, NotEvaluated, Priority
from cds_service.settings import Setting
from fhir_mappers.case import Case

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class RuleContext:
    """All that a rule may look at: the chart, the care setting, and when vital signs count as stale (hours)."""

    case: Case
    setting: Setting
    stale_hours: int = 24
    _made: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def once(self, name: str, make: Callable[[RuleContext], T]) -> T:
        """What `make` gives, made once a case and kept under `name`: several rules share one reading of the chart."""
        if name not in self._made:
            self._made[name] = make(self)
        made: T = self._made[name]
        return made

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """Every lexicon term in the current complaint, intake answers and recent notes; read once a case."""
        return read_mentions(self.case, note_hours=self.stale_hours)

    def names(self, *flags: str) -> bool:
        """Whether any of `flags` (ids of the red-flag lexicon) is affirmed now."""
        return any(m.flag in flags and m.affirmed for m in self.mentions)


@dataclass(frozen=True, kw_only=True)
class RuleResult:
    """What one rule established and what it could not judge."""

    findings: tuple[Finding, ...] = ()
    not_evaluated: tuple[NotEvaluated, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One clinical rule. The rules page of the documentation is generated from these fields.

    `fires` and `quiet` are one example each in words; `limits` is an optional table (first row: heading) of the
    numbers or terms that the rule uses. `priorities` are those its findings can have.
    """

    id: str
    version: str
    title: str
    summary: str
    population: str
    citations: tuple[Citation, ...]
    priorities: tuple[Priority, ...]
    evaluate: Callable[[RuleContext], RuleResult]
    fires: str
    quiet: str
    limits: tuple[tuple[str, ...], ...] = ()

    @property
    def urgent(self) -> bool:
        """Whether what it finds can be High or Critical."""
        return max(self.priorities) >= Priority.HIGH

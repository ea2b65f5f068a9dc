"""The priority of one mention: the grade of its term, raised or lowered by discriminators.

``flag:x``, ``feature:x``: that flag or feature is affirmed too. ``modifier:x``: the sentence that names the term says
sudden, severe, mild, chronic, ... (`context.toml`). The others stand in `discriminators.py`. ``a & not b`` joins two.
"""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.clinical.red_flags.discriminators import DISCRIMINATORS
from cds_service.clinical.red_flags.lexicon import Flag, Grade, Term
from cds_service.clinical.red_flags.mention import Mention, Status
from cds_service.clinical.rule import RuleContext
from cds_service.domain import Priority

NOT = "not "


def grade(context: RuleContext, flag: Flag, term: Term, mention: Mention) -> tuple[Priority, tuple[str, ...]] | None:
    """Priority of one mention and the discriminators that set it; None when what the term needs is not there.

    A suspicion ("rule out", "possible") is never graded above High.
    """
    if not all(holds(context, name, mention) for name in term.needs):
        return None
    chosen = term.grades.get(context.setting) or flag.grades[context.setting]
    priority, decided_by = _decided(context, chosen, mention)
    if mention.status is Status.UNCERTAIN and priority > Priority.HIGH:
        return Priority.HIGH, ()
    return priority, decided_by


def holds(context: RuleContext, name: str, mention: Mention) -> bool:
    """Whether the discriminator `name` holds, or all of those joined by ``&``. Raises KeyError for an unknown name."""
    return all(_holds(context, part, mention) for part in name.split(" & "))


def atoms(name: str) -> tuple[str, ...]:
    """The single discriminators of a joined one."""
    return tuple(part.removeprefix(NOT) for part in name.split(" & "))


def positive(names: Iterable[str]) -> tuple[str, ...]:
    """The single discriminators that hold, of joined ones: those that must not be there are left out."""
    parts = (part for name in names for part in name.split(" & "))
    return tuple(dict.fromkeys(part for part in parts if not part.startswith(NOT)))


def words(name: str) -> str:
    """A discriminator in plain words."""
    return " and ".join(_words(part) for part in name.split(" & "))


def in_short(name: str) -> str:
    """What of a discriminator holds, for the reason of a finding: what must not be there is left out."""
    parts = [part for part in name.split(" & ") if not part.startswith(NOT)]
    return " and ".join(_words(part) for part in parts) or words(name)


def _holds(context: RuleContext, name: str, mention: Mention) -> bool:
    if name.startswith(NOT):
        return not _holds(context, name.removeprefix(NOT), mention)
    kind, _, what = name.partition(":")
    if kind == "modifier":
        return what in mention.modifiers
    if kind in ("flag", "feature", "family"):
        return context.names(what)
    return DISCRIMINATORS[name][1](context)


def _decided(context: RuleContext, chosen: Grade, mention: Mention) -> tuple[Priority, tuple[str, ...]]:
    for priority in sorted(chosen.raised, reverse=True):
        names = tuple(name for name in chosen.raised[priority] if holds(context, name, mention))
        if names:
            return priority, names
    for priority in sorted(chosen.lowered):
        names = tuple(name for name in chosen.lowered[priority] if holds(context, name, mention))
        if names:
            return priority, names
    return chosen.base, ()


def _words(name: str) -> str:
    if name.startswith(NOT):
        return f"not {_words(name.removeprefix(NOT))}"
    kind, _, what = name.partition(":")
    if kind == "modifier":
        return MODIFIER_WORDS[what]
    if kind in ("flag", "feature", "family"):
        return what.replace("-", " ")
    return DISCRIMINATORS[name][0]


MODIFIER_WORDS = {
    "sudden": "a sudden start",
    "severe": "a severe degree",
    "mild": "a mild degree",
    "chronic": "a duration of months or years",
    "days": "a duration of days or weeks",
    "resolved": "being over now",
    "usual": "being as usual",
    "quiet": "having no symptom now",
    "stopped": "having stopped",
    "again": "having started again",
}
"""What the sentence says of the term, as a noun."""

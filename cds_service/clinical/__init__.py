"""The clinical floor: deterministic rules from an identified `Case` to `Finding`s. Pure: no I/O, no clock.

A rule is one file with its source; the tables that hold its numbers and words are data. `RULES` lists them all,
`evaluate` runs them.
"""

from cds_service.clinical.registry import RULES, RULES_VERSION, URGENT, Evaluation, evaluate, version_of
from cds_service.clinical.rule import Rule, RuleContext, RuleResult

__all__ = [
    "RULES",
    "RULES_VERSION",
    "URGENT",
    "Evaluation",
    "Rule",
    "RuleContext",
    "RuleResult",
    "evaluate",
    "version_of",
]

"""All rules in the open, and the one function that runs them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cds_service.clinical import care_gaps, complaints, critical_labs, critical_vitals, kidney_injury, news2
from cds_service.clinical.medicines import rules as medicines
from cds_service.clinical.red_flags import rules as red_flags
from cds_service.clinical.rule import Rule, RuleContext, RuleResult
from cds_service.clinical.scores import high_shock_index, long_qt
from cds_service.domain import Finding, NotEvaluated
from cds_service.settings import Setting
from fhir_mappers.case import Case

RULES: tuple[Rule, ...] = (
    *red_flags.RULES,
    complaints.RULE,
    news2.RULE,
    *critical_vitals.RULES,
    high_shock_index.RULE,
    long_qt.RULE,
    critical_labs.RULE,
    kidney_injury.RULE,
    *medicines.RULES,
    *care_gaps.RULES,
)
"""Every rule, in the order in which findings of one priority are shown."""


def version_of(rules: Sequence[Rule]) -> str:
    """One version for a set of rules: changes when a rule comes, goes or changes its version."""
    named = "\n".join(f"{rule.id}@{rule.version}" for rule in rules)
    return "rules-" + hashlib.sha256(named.encode()).hexdigest()[:12]


RULES_VERSION = version_of(RULES)

URGENT: Mapping[str, bool] = {rule.id: rule.urgent for rule in RULES}
"""Id of each rule, and whether what it finds can be High or Critical."""

SWITCHED_OFF = "switched off by a setting of this clinic"
IN_SHADOW = "it runs in shadow here: evaluated and recorded, not told"
DECEASED = NotEvaluated(what="all clinical rules", reason="the chart says that the patient has died")


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What all rules say about one case. `failed` holds ids of rules that broke; each is in `not_evaluated` too.

    `shadowed`: what rules in shadow found, which is recorded and told to nobody.
    """

    findings: tuple[Finding, ...] = ()
    shadowed: tuple[Finding, ...] = ()
    not_evaluated: tuple[NotEvaluated, ...] = ()
    failed: tuple[str, ...] = ()


def evaluate(
    case: Case,
    setting: Setting,
    *,
    stale_hours: int = 24,
    rules: Sequence[Rule] = RULES,
    off: Collection[str] = (),
    shadow: Collection[str] = (),
) -> Evaluation:
    """Run every rule. Findings stand by priority, highest first, then in the order of `rules`.

    Vital signs and notes older than `stale_hours` do not count as now. `off`: ids of rules that the clinic switched
    off; each is named as not evaluated. `shadow`: ids of rules that tell nothing here; one that could find something
    urgent is named too. A rule that breaks costs itself alone and is named in `failed`. Nothing is
    evaluated for a patient who has died.
    """
    if case.demographics.deceased:
        return Evaluation(not_evaluated=(DECEASED,))
    context = RuleContext(case=case, setting=setting, stale_hours=stale_hours)
    findings: list[Finding] = []
    shadowed: list[Finding] = []
    notes: list[NotEvaluated] = []
    failed: list[str] = []
    for rule in rules:
        if rule.id in off:
            notes.append(NotEvaluated(what=rule.title, reason=SWITCHED_OFF))
            continue
        result = _run(rule, context)
        if result is None:
            failed.append(rule.id)
            notes.append(NotEvaluated(what=rule.title, reason="the rule failed; the patient was not checked for it"))
            continue
        (shadowed if rule.id in shadow else findings).extend(result.findings)
        notes += result.not_evaluated
        if rule.id in shadow and rule.urgent:
            notes.append(NotEvaluated(what=rule.title, reason=IN_SHADOW))
    findings.sort(key=lambda f: (-f.priority, f.rank))  # stable: rule order within a priority and rank
    return Evaluation(
        findings=tuple(findings),
        shadowed=tuple(shadowed),
        not_evaluated=tuple(dict.fromkeys(notes)),
        failed=tuple(failed),
    )


def _run(rule: Rule, context: RuleContext) -> RuleResult | None:
    try:
        return rule.evaluate(context)
    except Exception:  # noqa: BLE001 - whatever breaks in one rule must not cost the others; its text may quote the chart
        return None

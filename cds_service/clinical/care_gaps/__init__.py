"""Care gaps: what is overdue or out of target in the routine care of the opened chart, as suggestions.

Every finding is Low, of kind CARE_GAP, with a rank; cards show a few. Tables: `gaps.toml` (rules, numbers, sources),
`conditions.toml`, `services.toml` (codes and words). `parts` decides whether something absent was looked for at all.
"""

from cds_service.clinical.care_gaps import (
    airways,
    atrial_fibrillation,
    cancer_screening,
    ckd,
    depression,
    diabetes,
    heart_failure,
    hypertension,
    lipids,
    pregnancy,
    vaccines,
)
from cds_service.clinical.rule import Rule

RULES: tuple[Rule, ...] = (
    pregnancy.RULE,
    atrial_fibrillation.RULE,
    heart_failure.RULE,
    ckd.RULE,
    hypertension.RULE,
    lipids.RULE,
    airways.RULE,
    diabetes.RULE,
    depression.RULE,
    cancer_screening.RULE,
    vaccines.RULE,
)
"""Every care-gap rule; findings are ordered by rank."""

__all__ = ["RULES"]

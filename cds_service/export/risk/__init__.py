"""How easily somebody is found again in an export, and what makes it harder: equivalence classes and generalisation.

`subject_of` reads what an attacker may know of a person from de-identified cases, `Generaliser.plan` finds how coarse
it must be told for every person to stand among at least k, `Plan.apply` does it, and `report` says all of it.
"""

from cds_service.export.risk.plan import Plan
from cds_service.export.risk.report import RiskReport, report
from cds_service.export.risk.search import Generaliser
from cds_service.export.risk.subject import Subject, subject_of

__all__ = ["Generaliser", "Plan", "RiskReport", "Subject", "report", "subject_of"]

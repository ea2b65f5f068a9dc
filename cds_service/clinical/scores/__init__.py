"""Clinical scores: each takes a `RuleContext` and gives a `Score`, or `NotComputed` with what is missing.

One subject a file, each with its source, population and exclusions. Pure: no I/O, no clock.
"""

from cds_service.clinical.scores.bmi import bmi
from cds_service.clinical.scores.cha2ds2_vasc import cha2ds2_vasc
from cds_service.clinical.scores.egfr import egfr
from cds_service.clinical.scores.kidney_stage import albuminuria, kidney_stage
from cds_service.clinical.scores.prevent import prevent
from cds_service.clinical.scores.qtc import qtc
from cds_service.clinical.scores.score import NotComputed, Score
from cds_service.clinical.scores.shock_index import shock_index

__all__ = [
    "NotComputed",
    "Score",
    "albuminuria",
    "bmi",
    "cha2ds2_vasc",
    "egfr",
    "kidney_stage",
    "prevent",
    "qtc",
    "shock_index",
]

"""The risk report of an export: what an attacker could do with it, what was done about it, and what that cost."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cds_service.export.risk import small_cells
from cds_service.export.risk.ages import AGE_LEVELS, PLACE_LEVELS
from cds_service.export.risk.classes import Measures, bands, by, diversity, journalist, measure, sizes
from cds_service.export.risk.hierarchy import TOP, classification
from cds_service.export.risk.plan import Plan
from cds_service.export.risk.steps import WEIGHTS
from cds_service.export.risk.subject import QUASI_IDENTIFIERS, Subject
from cds_service.export.risk.utility import LeftOut, Utility, utility

Json = dict[str, Any]
LEVEL_NAMES = {
    "age_band": AGE_LEVELS,
    "sex": ("as stated", "not told"),
    "zip3": PLACE_LEVELS,
    "year": ("as stated", "not told"),
}
NO_POPULATION = (
    "no population was given: how many people outside the export look alike is not known, so the people in the export "
    "are taken as all there are, which is the worst case"
)


@dataclass(frozen=True, kw_only=True)
class RiskReport:
    """The figures as they may leave the clinic: no combination is listed, no count of one to four persons is told."""

    content: Mapping[str, Any]

    def as_json(self) -> Json:
        """Plain JSON values."""
        return dict(self.content)

    def markdown(self) -> str:
        """The same to read."""
        from cds_service.export.risk.markdown import written

        return written(self.content)

    def figure(self) -> bytes:
        """A PNG of class sizes before and after; equal reports give equal bytes on one version of matplotlib."""
        from cds_service.export.risk.figure import drawn

        return drawn(self.content)

    def short(self) -> Json:
        """What an officer reads before approving: the risk as it is, and as the plan makes it."""
        keys = ("subjects", "classes", "k", "unique_share", "prosecutor_highest", "prosecutor_mean")
        short = {name: {key: self.content[name][key] for key in keys} for name in ("before", "after")}
        return {"threshold": self.content["threshold"], "applied": self.content["applied"], **short}


def report(
    subjects: Sequence[Subject], *, plan: Plan, applied: bool, population: Sequence[Subject] | None = None
) -> RiskReport:
    """The report on `subjects`, for whom `plan` was made. `applied`: whether the export is as the plan says.

    `population`: everybody of whom the export is a sample, told like `subjects`; without it journalist risk is not
    stated. Raises ValueError when it lacks a class of the export.
    """
    after = list(plan.generalised(subjects))
    medicines = _without_medicines(subjects), _without_medicines(after)
    content: Json = {
        "threshold": plan.k,
        "applied": applied,
        "reached": plan.refused is None,
        "refused": plan.refused,
        "hierarchy": f"ICD-10-CM {classification().version}",
        "quasi_identifiers": list(QUASI_IDENTIFIERS),
        "before": _figures(subjects, plan.k),
        "after": _figures(after, plan.k),
        "medicines_known_too": {"before": medicines[0], "after": medicines[1]},
        "contributions": _contributions(subjects, plan.k),
        "diversity": {"before": _diversity(subjects), "after": _diversity(after)},
        "journalist": _journalist(subjects, population),
        "generalisation": _generalisation(plan, utility(subjects, plan), len(subjects)),
    }
    return RiskReport(content=content)


def _figures(subjects: Sequence[Subject], threshold: int) -> Json:
    classes = sizes(subjects, by())
    measures = measure(classes, threshold)
    return {**_measured(measures), "subjects_by_class_size": small_cells.table(bands(classes, threshold))}


def _measured(found: Measures) -> Json:
    return {
        "subjects": small_cells.shown(found.subjects),
        "classes": found.classes,
        "k": found.least,
        "median_class": found.median,
        "unique_share": small_cells.share(found.unique, found.subjects),
        "share_in_classes_below_threshold": small_cells.share(found.below, found.subjects),
        "prosecutor_highest": round(found.highest, 4),
        "prosecutor_mean": round(found.mean, 4),
        "marketer": round(found.mean, 4),
    }


def _without_medicines(subjects: Sequence[Subject]) -> Json:
    """The classes when the attacker knows the medicines as well: no plan holds them to a threshold."""

    def key(subject: Subject) -> Hashable:
        return by()(subject), frozenset(o for o in subject.others if o.startswith("medication"))

    found = measure(sizes(subjects, key), 2)
    return {"k": found.least, "unique_share": small_cells.share(found.unique, found.subjects)}


def _contributions(subjects: Sequence[Subject], threshold: int) -> Json:
    """Each quasi-identifier by itself, and what all the others do without it."""
    found: Json = {}
    classes: dict[str, int] = {}
    for field in QUASI_IDENTIFIERS:
        alone = measure(sizes(subjects, by([field])), threshold)
        without = measure(sizes(subjects, by(f for f in QUASI_IDENTIFIERS if f != field)), threshold)
        classes[field] = without.classes
        found[field] = {
            "alone": {
                "classes": alone.classes,
                "unique_share": small_cells.share(alone.unique, alone.subjects),
            },
            "without": {
                "classes": without.classes,
                "unique_share": small_cells.share(without.unique, without.subjects),
                "prosecutor_mean": round(without.mean, 4),
            },
        }
    return {"most": min(QUASI_IDENTIFIERS, key=lambda f: classes[f]) if subjects else None, "by_field": found}


def _diversity(subjects: Sequence[Subject]) -> Json:
    return {
        found.attribute: {
            "values": found.values,
            "distinct_l": found.distinct,
            "entropy_l": round(found.entropy, 2),
            "share_given_away": small_cells.share(found.same, len(subjects)),
        }
        for found in diversity(subjects, by())
    }


def _journalist(subjects: Sequence[Subject], population: Sequence[Subject] | None) -> Json:
    if population is None:
        return {"stated": False, "why": NO_POPULATION}
    found = journalist(sizes(subjects, by()), sizes(population, by()))
    return {
        "stated": True,
        "population": len(population),
        "highest": round(found.highest, 4),
        "mean": round(found.mean, 4),
        "marketer": round(found.marketer, 4),
    }


def _generalisation(plan: Plan, cost: Utility, subjects: int) -> Json:
    whole = sum(cost.entries.values())
    return {
        "most_suppressed_share": plan.most_suppressed,
        "suppressed": small_cells.shown(len(plan.suppressed)),
        "suppressed_share": small_cells.share(len(plan.suppressed), subjects),
        "people_by_level": {name: _by_level(name, counts) for name, counts in cost.fields.items()},
        "weights": dict(WEIGHTS),
        "condition_entries": whole,
        "condition_entries_share": {name: _ratio(count, whole) for name, count in cost.entries.items()},
        "condition_entries_merged_share": _ratio(cost.problems_merged, whole),
        "mean_condition_level": _mean_level(cost),
        "highest_condition_level": TOP,
        "precision": round(cost.precision, 4),
        "utility_kept": round(cost.kept, 4),
        "certainty_penalty": round(cost.penalty, 4),
        "other_facts_removed_share": _ratio(cost.others_removed, cost.others),
        "suppressed_by_priority": {name: _left_out(group) for name, group in cost.by_priority.items()},
        "suppressed_urgent": _left_out(cost.urgent),
        "suppressed_not_urgent": _left_out(cost.not_urgent),
    }


def _by_level(name: str, counts: Mapping[int, int]) -> Json:
    people = sum(counts.values())
    return {words: small_cells.share(counts.get(n, 0), people) for n, words in enumerate(LEVEL_NAMES[name])}


def _mean_level(cost: Utility) -> float | None:
    whole = sum(cost.entries.values())
    return round(sum(n * c for n, c in enumerate(cost.entries.values())) / whole, 2) if whole else None


def _ratio(part: int, whole: int) -> float | None:
    """A share of entries, of which one person has many: to whole per cents, so that no entry can be counted."""
    return round(part / whole, 2) if whole else None


def _left_out(group: LeftOut) -> Json:
    return {
        "subjects": small_cells.shown(group.subjects),
        "suppressed_share": small_cells.share(group.suppressed, group.subjects),
    }

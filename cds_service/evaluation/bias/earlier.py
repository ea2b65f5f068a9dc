"""Figures of other attributes from an earlier measurement of the same models.

So one attribute may be measured on more cases without measuring all the others again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cds_service.evaluation.bias.measure import Figures, Model, Report
from cds_service.shares import Share, wilson

SAME = ("prompt", "contract", "safety")
"""Versions that must be the same: what is asked and how an answer is judged."""

_SHARES = ("floor_changed", "priority_changed", "outcome_changed", "concerns_changed", "wording_changed")


class OtherMeasurement(ValueError):
    """The file is of something else; the message says of what."""


def with_earlier(report: Report, content: Mapping[str, Any]) -> Report:
    """`report` with the attributes that it lacks, from a ``bias.json``. Raises OtherMeasurement."""
    try:
        if content["kind"] != "bias" or content["version"] != 1:
            raise OtherMeasurement("it is no bias.json of this version")
        different = [name for name in SAME if content["versions"].get(name) != report.versions.get(name)]
        if different:
            raise OtherMeasurement(f"it was measured with another version of: {', '.join(different)}")
        known = {(m["adapter"], m["spec"] == "floor"): m for m in content["models"]}
        models = [_joined(model, known.get((model.adapter, model.spec == "floor"))) for model in report.models]
    except (KeyError, TypeError, AttributeError):
        raise OtherMeasurement("it is damaged") from None
    return replace(report, models=models, command=f"{report.command}; before it: {content['command']}")


def _joined(model: Model, earlier: Mapping[str, Any] | None) -> Model:
    if earlier is None:
        raise OtherMeasurement("it lacks one of the models")
    if earlier["may_raise"] is not model.may_raise:
        raise OtherMeasurement("it was measured with another leave to raise")
    attributes = {name: _figures(f) for name, f in earlier["attributes"].items()} | dict(model.attributes)
    groups = {a: {g: _figures(f) for g, f in found.items()} for a, found in earlier["groups"].items()}
    return replace(model, attributes=attributes, groups=groups | dict(model.groups))


def _figures(content: Mapping[str, Any]) -> Figures:
    counts: dict[str, Any] = {name: content[name] for name in ("pairs", "same_prompt", "told_apart", "unanswered")}
    return Figures(**counts | {name: _share(content[name]) for name in _SHARES})


def _share(content: Mapping[str, Any]) -> Share:
    return wilson(content["k"], content["n"])

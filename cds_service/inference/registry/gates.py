"""Whether an adapter may serve: its measured figures against those of what serves, gate by gate (``gates.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from cds_service.inference.registry.errors import AdapterRefused
from cds_service.inference.registry.intervals import paired, unpaired
from cds_service.inference.registry.manifest import BIAS, EVALUATION, Adapter

FLOOR = "floor"
"""The spec of no model, in an evaluation file."""

KINDS = {"evaluation": EVALUATION, "bias": BIAS}
"""By the name in a gate: the file of an adapter."""

NOT_RULED_OUT = "the figures do not rule out that it is worse by more than the margin"
WORSE = "it is worse"
OTHERWISE = (
    "it was measured with another leave to raise a priority than it has (`evaluate assessment --raising`; "
    "`evaluate bias` by its id in the registry)"
)

_ANY = "*"
_KEPT = "kept"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One row of ``gates.toml``. `against`: another metric of the same model, instead of the serving model.

    `margin` None: the share itself must not be worse. `needs`: what must have been measured where a gate looks at
    several figures: the metrics themselves, the attributes of a bias, or the kinds of differences that are kept.
    """

    id: str
    report: Literal["evaluation", "bias"]
    metric: str
    better: Literal["higher", "lower"]
    margin: float | None = None
    cases: int
    why: str
    against: str | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a gate says of one figure. `low`: the worst that the difference may be, more being better."""

    gate: str
    figure: str
    passed: bool
    reason: str
    cases: int | None = None
    candidate: float | None = None
    serving: float | None = None
    low: float | None = None
    margin: float | None = None


@cache
def gates() -> tuple[Gate, ...]:
    """Every gate, in file order."""
    text = (files(__package__) / "gates.toml").read_text(encoding="utf-8")
    return tuple(Gate(**row | {"needs": tuple(row.get("needs", ()))}) for row in tomllib.loads(text)["gate"])


def judge(candidate: Adapter, serving: str | None) -> tuple[Verdict, ...]:
    """What every gate says of `candidate` against the adapter of identity `serving`, or the model alone (None).

    Raises AdapterRefused for a file of figures that is damaged.
    """
    return tuple(
        verdict
        for report in KINDS
        for verdict in _judge_report(candidate, serving, report, [g for g in gates() if g.report == report])
    )


@dataclass(frozen=True, kw_only=True)
class _Both:
    """One file with the entries of both models, and the comparisons of them case by case."""

    candidate: Mapping[str, Any]
    serving: Mapping[str, Any]
    paired: Sequence[Mapping[str, Any]]
    may_raise: bool


def _judge_report(candidate: Adapter, serving: str | None, report: str, own: Sequence[Gate]) -> Iterator[Verdict]:
    name = KINDS[report]
    content = candidate.report(name)
    if content is None:
        yield Verdict(gate=report, figure=name, passed=False, reason="not measured: add the adapter again with it")
        return
    try:
        ours = _entry(content, candidate.manifest.identity)
        theirs = _floor(content) if report == "bias" and serving is None else _entry(content, serving)
        missing = "this adapter" if ours is None else "what serves now"
        if ours is None or theirs is None:
            yield Verdict(gate=report, figure=name, passed=False, reason=f"{missing} was not measured in it")
            return
        ours = _as_it_would_serve(ours, may_raise=candidate.manifest.may_raise)
        if ours is None:
            yield Verdict(gate=report, figure=name, passed=False, reason=OTHERWISE)
            return
        both = _Both(
            candidate=ours,
            serving=theirs,
            paired=[
                p for p in content.get("paired", ()) if {p["model"], p["against"]} == {ours["spec"], theirs["spec"]}
            ],
            may_raise=candidate.manifest.may_raise,
        )
        for gate in own:
            yield from _judge_gate(gate, both)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise AdapterRefused(f"{name} is damaged: measure again") from None


def _entry(content: Mapping[str, Any], identity: str | None) -> Mapping[str, Any] | None:
    entries: list[Mapping[str, Any]] = content["models"]
    return next((e for e in entries if e["adapter"] == identity and e["spec"] != FLOOR), None)


def _floor(content: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The rules alone: what patients get while nothing serves, and so what their groups must not fall behind.

    The model alone is no measure of bias: nearly all that it writes is withheld, and nothing changes what is not shown.
    """
    entries: list[Mapping[str, Any]] = content["models"]
    return next((e for e in entries if e["spec"] == FLOOR), None)


def _as_it_would_serve(entry: Mapping[str, Any], *, may_raise: bool) -> Mapping[str, Any] | None:
    """The figures of `entry` with or without leave to raise a priority; None where they were not measured so.

    What was measured with leave beside the rest (``raising``) was not paired with the other model.
    """
    if entry.get("may_raise", False) is may_raise:
        return entry
    raising = entry.get("raising") if may_raise else None
    if not raising:
        return None
    return {
        **entry,
        "spec": None,
        "sets": raising,
        "gain": {name: figures["gain"] for name, figures in raising.items()},
    }


def _judge_gate(gate: Gate, both: _Both) -> Iterator[Verdict]:
    if gate.against is not None:
        if both.may_raise:
            ours, theirs = (_by_set(both.candidate, metric) for metric in (gate.metric, gate.against))
            yield _compare(gate, gate.metric, ours, theirs, _gained(both.candidate, gate.metric))
        return
    figures = _figures(gate, both)
    if not figures:
        yield Verdict(gate=gate.id, figure=gate.metric, passed=False, reason="not measured")
    for figure, ours, theirs in figures:
        pairs = _paired(both, figure) if gate.report == "evaluation" else None
        yield _compare(gate, figure, ours, theirs, pairs)


Counts = Mapping[str, tuple[int, int]]
"""How many of how many, by the name of a set."""


def _figures(gate: Gate, both: _Both) -> list[tuple[str, Counts, Counts]]:
    """Each figure that the gate looks at, with both models' counts."""
    if gate.report == "evaluation":
        names = [gate.metric]
        if gate.metric.endswith(_ANY):
            beginning = gate.metric.removesuffix(_ANY)
            found = {m for model in (both.candidate, both.serving) for s in model["sets"].values() for m in s}
            names = sorted({m for m in found if m.startswith(beginning)}.union(gate.needs))
        return [(name, _by_set(both.candidate, name), _by_set(both.serving, name)) for name in names]
    ours, theirs = _bias(gate, both.candidate), _bias(gate, both.serving)
    return [(name, {name: ours[name]} if name in ours else {}, {name: theirs[name]} if name in theirs else {})
            for name in sorted({*ours, *theirs, *(_told(gate, need) for need in gate.needs)})]  # fmt: skip


def _by_set(model: Mapping[str, Any], metric: str) -> Counts:
    return {name: _count(metrics[metric]) for name, metrics in model["sets"].items() if metric in metrics}


def _bias(gate: Gate, model: Mapping[str, Any]) -> Counts:
    if gate.metric == _KEPT:
        return {name: _count(share) for name, share in model[_KEPT].items()}
    return {_told(gate, name): _count(figures[gate.metric]) for name, figures in model["attributes"].items()}


def _told(gate: Gate, name: str) -> str:
    """How the figure of an attribute, or of a kind of difference that is kept, is called."""
    return name if gate.metric == _KEPT else f"{name} {gate.metric}"


def _count(share: Mapping[str, Any]) -> tuple[int, int]:
    k, n = share["k"], share["n"]
    if not isinstance(k, int) or not isinstance(n, int) or not 0 <= k <= n:
        raise ValueError("a share that counts nothing")
    return k, n


def _paired(both: _Both, metric: str) -> tuple[int, int, int] | None:
    """Cases, and those that hold by the candidate or by the serving model alone; None where they were not paired."""
    n = first = second = 0
    for pair in both.paired:
        if pair["metric"] == metric:
            n += pair["n"]
            forward = pair["model"] == both.candidate["spec"]
            first += pair["first"] if forward else pair["second"]
            second += pair["second"] if forward else pair["first"]
    return (n, first, second) if n else None


def _gained(model: Mapping[str, Any], metric: str) -> tuple[int, int, int] | None:
    """As `_paired`, of rules and model together against the rules alone."""
    pairs = [gains[metric] for gains in model.get("gain", {}).values() if metric in gains]
    n, first, second = (sum(pair[name] for pair in pairs) for name in ("n", "first", "second"))
    return (n, first, second) if n else None


def _compare(
    gate: Gate, figure: str, ours: Counts, theirs: Counts, pairs: tuple[int, int, int] | None = None
) -> Verdict:
    (k1, n1), (k2, n2) = (tuple(map(sum, zip(*c.values(), strict=True))) if c else (0, 0) for c in (ours, theirs))
    cases = min(n1, n2)
    if set(ours) != set(theirs):
        return Verdict(gate=gate.id, figure=figure, passed=False, reason="not measured on the same sets", cases=cases)
    if cases < gate.cases:
        reason = f"too few cases: at least {gate.cases} decide"
        return Verdict(gate=gate.id, figure=figure, passed=False, reason=reason, cases=cases)
    _, low, high = paired(*pairs) if pairs is not None else unpaired((k1, n1), (k2, n2))
    worst = low if gate.better == "higher" else -high
    if gate.margin is None:
        worst = (k1 / n1 - k2 / n2) * (1 if gate.better == "higher" else -1)
    passed = worst >= 0 if gate.margin is None else worst > -gate.margin
    return Verdict(
        gate=gate.id,
        figure=figure,
        passed=passed,
        reason="" if passed else WORSE if gate.margin is None else NOT_RULED_OUT,
        cases=cases,
        candidate=k1 / n1,
        serving=k2 / n2,
        low=worst,
        margin=gate.margin,
    )

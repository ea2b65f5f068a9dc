"""The gates of a promotion: what passes, what does not, and by which interval."""

import json

import pytest

from cds_service.evaluation.bias.kept import kept_pairs
from cds_service.inference.registry.errors import AdapterRefused
from cds_service.inference.registry.gates import gates, judge
from cds_service.inference.registry.intervals import paired, unpaired
from cds_service.inference.registry.manifest import Adapter, Base, Manifest
from cds_service.inference.style import Style
from cds_service.safety.verdict import CHECKS
from cds_service.twins import ATTRIBUTES
from tests.support.adapters import bias, evaluation, share

OWN, FORMER = "1" * 64, "2" * 64
"""Identities of the candidate and of an adapter that serves."""


def unchanged(_content):
    """Leave a file of figures as it is."""


@pytest.fixture
def measured(tmp_path):
    """An adapter with figures beside the model alone and `FORMER`; `figures` and `changes` are its own that differ.

    `edit` and `edit_bias` change the files before they are written; `known` are the files that it has.
    """

    def make(*, figures=None, changes=None, edit=unchanged, edit_bias=unchanged, may_raise=False, former=None,
             known=("evaluation.json", "bias.json")):  # fmt: skip
        others = [("base", None, {}), *([("old", FORMER, {})] if former else [])]
        contents = {"evaluation.json": evaluation(*others, ("new", OWN, figures or {})),
                    "bias.json": bias(*others, ("new", OWN, changes or {}))}  # fmt: skip
        contents["bias.json"]["models"][-1]["may_raise"] = may_raise
        edit(contents["evaluation.json"])
        edit_bias(contents["bias.json"])
        for name, content in contents.items():
            (tmp_path / name).write_text(json.dumps(content))
        base = Base(id="tiny", architecture="Gemma3ForCausalLM", sha256="a" * 64, gguf_sha256=None)
        manifest = Manifest(
            id="new", kind="tune", made="2026-03-01", base=base, data="d" * 64, style=Style.COMPACT,
            prompt_version="4", contract="1", may_raise=may_raise, licence="x", identity=OWN,
            files=dict.fromkeys(known, "0" * 64),
        )  # fmt: skip
        return Adapter(folder=tmp_path, manifest=manifest, digest="3" * 64)

    return make


def failed(adapter, serving=None):
    return {(v.gate, v.figure) for v in judge(adapter, serving) if not v.passed}


def test_an_adapter_as_good_as_the_model_alone_passes_every_gate(measured):
    adapter = measured()
    verdicts = judge(adapter, None)
    assert all(v.passed for v in verdicts)
    assert {v.gate for v in verdicts} == {gate.id for gate in gates()} - {"raises-well"}


@pytest.mark.parametrize(
    ("figures", "gate"),
    [
        ({"under_triage": share(1000, 4000)}, ("under-triage", "under_triage")),
        ({"contract_valid": share(3800, 4000)}, ("contract", "contract_valid")),
        ({"check:grounding": share(3400, 4000)}, ("safety-checks", "check:grounding")),
        ({"grounded": share(3500, 4000)}, ("grounding", "grounded")),
        ({"ready": share(3300, 4000)}, ("ready", "ready")),
    ],
)
def test_each_gate_alone_stops_what_is_worse(measured, figures, gate):
    assert failed(measured(figures=figures)) == {gate}


@pytest.mark.parametrize(
    ("changes", "gate"),
    [
        ({"priority_changed": share(8, 100)}, ("bias-priority", "sex priority_changed")),
        ({"outcome_changed": share(20, 100)}, ("bias-outcome", "sex outcome_changed")),
        ({"concerns_changed": share(30, 100)}, ("bias-concerns", "sex concerns_changed")),
    ],
)
def test_each_kind_of_bias_alone_stops_it(measured, changes, gate):
    assert failed(measured(changes=changes)) == {gate}


def test_while_nothing_serves_bias_is_measured_against_the_rules_alone(measured):
    def withheld(content):
        base = next(m for m in content["models"] if m["spec"] == "base")
        base["attributes"]["sex"] = base["attributes"]["sex"] | {"outcome_changed": share(60, 100)}

    adapter = measured(changes={"outcome_changed": share(20, 100)}, edit_bias=withheld)
    assert failed(adapter) == {("bias-outcome", "sex outcome_changed")}

    def no_rules(content):
        content["models"] = content["models"][1:]

    assert failed(measured(edit_bias=no_rules)) == {("bias", "bias.json")}


def test_fewer_under_triaged_is_better_and_more_ready_is_better(measured):
    assert not failed(measured(figures={"under_triage": share(0, 4000), "ready": share(4000, 4000)}))


def test_too_few_cases_decide_nothing(measured):
    verdicts = judge(measured(figures={"under_triage": share(0, 150)}), None)
    assert [v.reason for v in verdicts if v.gate == "under-triage"] == ["too few cases: at least 200 decide"]


def test_it_is_judged_against_what_serves_and_not_against_the_model_alone(measured):
    assert not failed(measured(former=True), FORMER)
    assert {gate for gate, _ in failed(measured(), FORMER)} == {"evaluation", "bias"}


def test_without_figures_or_with_those_of_another_adapter_nothing_passes(measured):
    assert failed(measured(known=())) == {("evaluation", "evaluation.json"), ("bias", "bias.json")}

    def rename(content):
        content["models"][-1]["adapter"] = "0" * 64

    verdicts = judge(measured(edit=rename, edit_bias=rename), None)
    assert {v.reason for v in verdicts} == {"this adapter was not measured in it"}


def test_figures_on_other_sets_are_no_comparison(measured):
    def move(content):
        model = content["models"][-1]
        model["sets"] = {"elsewhere": model["sets"]["held-out"]}

    verdicts = judge(measured(edit=move), None)
    assert {v.reason for v in verdicts if v.figure == "ready"} == {"not measured on the same sets"}


def test_figures_are_added_up_over_sets(measured):
    def split(content):
        for model in content["models"][1:]:
            model["sets"] = {name: {**model["sets"]["held-out"], "ready": share(120, 150)} for name in ("one", "two")}

    ready = [v for v in judge(measured(edit=split), None) if v.figure == "ready"]
    assert [(v.cases, v.candidate) for v in ready] == [(300, 0.8)]


def pair(metric, first, second):
    return {"model": "new", "against": "base", "set": "held-out", "metric": metric, "n": 400, "both": 300,
            "first": first, "second": second}  # fmt: skip


@pytest.mark.parametrize(("first", "second", "passes"), [(0, 0, True), (0, 6, True), (12, 0, False)])
def test_the_same_cases_paired_decide_more_sharply(measured, first, second, passes):
    def add_pairs(content):
        content["paired"] = [pair("under_triage", first, second)]

    assert (("under-triage", "under_triage") not in failed(measured(edit=add_pairs))) is passes


def test_pairs_told_the_other_way_round_count_the_same(measured):
    def add_pairs(content):
        content["paired"] = [pair("ready", 0, 60) | {"model": "base", "against": "new"}]

    better = next(v for v in judge(measured(edit=add_pairs), None) if v.figure == "ready")
    assert better.low > 0.1


def raising(figures, first, second):
    """Lets the candidate be measured with leave to raise too, as `evaluate assessment --raising` writes it."""

    def act(content):
        gain = {"n": 4000, "both": 2000, "first": first, "second": second}
        measured = content["models"][-1]["sets"]["held-out"] | figures | {"gain": {"exact": gain}}
        content["models"][-1]["raising"] = {"held-out": measured}

    return act


@pytest.mark.parametrize(("first", "second", "passes"), [(500, 0, True), (60, 50, False), (0, 500, False)])
def test_raising_must_be_earned_case_by_case(measured, first, second, passes):
    adapter = measured(edit=raising({}, first, second), may_raise=True)
    assert (("raises-well", "exact") not in failed(adapter)) is passes


def test_an_adapter_that_may_raise_is_judged_by_what_it_does_then(measured):
    worse = {"under_triage": share(1500, 4000)}
    assert failed(measured(edit=raising(worse, 500, 0), may_raise=True)) == {("under-triage", "under_triage")}


def test_figures_with_another_leave_to_raise_than_it_has_decide_nothing(measured):
    def with_leave(content):
        content["models"][-1]["may_raise"] = True

    assert failed(measured(may_raise=True)) == {("evaluation", "evaluation.json")}
    assert failed(measured(edit=with_leave)) == {("evaluation", "evaluation.json")}


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.update(version=2),
        lambda c: c.update(kind="bias"),
        lambda c: c.update(models=[1]),
        lambda c: c["models"][-1]["sets"]["held-out"].update(ready={"n": 3, "k": 5}),
        lambda c: c["models"][-1]["sets"]["held-out"].update(ready={"n": 3}),
    ],
)
def test_damaged_figures_are_an_error(measured, change):
    with pytest.raises(AdapterRefused, match="measure again"):
        judge(measured(edit=change), None)


def test_lost_differences_that_matter_stop_it(measured):
    def lose(content):
        for model, kept in zip(content["models"], (4, 4, 3), strict=True):
            model["kept"]["pregnancy"] = share(kept, 4)

    assert failed(measured(edit_bias=lose)) == {("bias-kept", "pregnancy")}


def drop(part, name):
    """Takes a figure out of all entries, as a file that was measured before there was one."""

    def act(content):
        for model in content["models"]:
            (model["sets"]["held-out"] if part == "sets" else model[part]).pop(name, None)

    return act


@pytest.mark.parametrize(
    ("edits", "figure"),
    [
        ({"edit": drop("sets", "check:medication")}, "check:medication"),
        ({"edit_bias": drop("attributes", "race or ethnicity")}, "race or ethnicity priority_changed"),
        ({"edit_bias": drop("kept", "age band")}, "age band"),
    ],
)
def test_a_figure_that_neither_model_has_is_missing_and_not_equal(measured, edits, figure):
    assert figure in {name for _, name in failed(measured(**edits))}


def test_the_gates_need_every_check_attribute_and_difference_that_there_is():
    needed = {gate.id: set(gate.needs) for gate in gates() if gate.needs}
    assert needed.pop("safety-checks") == {f"check:{check.id}" for check in CHECKS}
    assert needed.pop("bias-kept") == {pair.kind for pair in kept_pairs()}
    assert needed == {name: set(ATTRIBUTES) for name in ("bias-priority", "bias-outcome", "bias-concerns")}


def test_bias_measured_without_the_leave_to_raise_says_nothing_of_an_adapter_that_has_it(measured):
    def without_leave(content):
        content["models"][-1]["may_raise"] = False

    adapter = measured(edit=raising({}, 500, 0), edit_bias=without_leave, may_raise=True)
    assert failed(adapter) == {("bias", "bias.json")}


def test_every_gate_says_why():
    for gate in gates():
        assert len(gate.why) > 40
        assert gate.margin is None or 0 <= gate.margin <= 0.2


def test_intervals_are_those_of_the_papers():
    """Newcombe 1998, example (a) of table II, method 10; Agresti and Min 2005, with the formula written out."""
    value, low, high = unpaired((56, 70), (48, 80))
    assert (round(value, 4), round(low, 4), round(high, 4)) == (0.2, 0.0524, 0.3339)
    value, low, high = paired(100, 10, 4)
    middle, half = 6 / 102, 1.959964 * (15 - 36 / 102) ** 0.5 / 102
    assert (value, low, high) == pytest.approx((0.06, middle - half, middle + half))

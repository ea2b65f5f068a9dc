"""Pairs that differ in who the patient is: what changes is counted, and what must differ is kept."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from cds_service.assessor import AssessmentTask, Assessor
from cds_service.domain import Draft, Priority
from cds_service.evaluation.assessment.cases import CaseSet
from cds_service.evaluation.bias.answers import Answers, plain
from cds_service.evaluation.bias.earlier import OtherMeasurement, with_earlier
from cds_service.evaluation.bias.kept import Walked, kept_pairs
from cds_service.evaluation.bias.measure import Report, measure
from cds_service.evaluation.bias.pairs import Pair, Side
from cds_service.evaluation.bias.show import draw, for_page
from cds_service.inference.backend import Generation
from cds_service.inference.backends.null import NullBackend
from cds_service.inference.contract import Encoding, encode
from cds_service.inference.style import Style
from cds_service.settings import Setting


def side(sex="female", *, complaint="cough", floor=Priority.LOW, rules=(), passages=()):
    facts = (DeidentifiedFact(kind="complaint", name=complaint, interval="same day", source="e-1"),)
    case = DeidentifiedCase(subject="s", age="40", sex=sex, pregnant=None, facts=facts)
    task = AssessmentTask(case=case, findings=(), passages=(), not_evaluated=(), versions={})
    return Side(floor=floor, rules=rules, passages=passages, task=task)


def pair(attribute="sex", group="male", first=None, second=None):
    return Pair(
        case="c1",
        setting=Setting.ED,
        attribute=attribute,
        group=group,
        first=first or side(),
        second=second or side("male"),
    )


def floor_alone(pairs, kept=()):
    return measure("floor", None, pairs, kept, Answers(None), lambda share: None)


def test_a_pair_that_a_rule_tells_apart_says_nothing_of_bias():
    apart = pair(second=side("male", rules=(("sex-rule", Priority.LOW),)))
    figures = floor_alone([pair(), apart]).attributes["sex"]
    assert (figures.pairs, figures.told_apart) == (1, 1)


def test_a_rule_that_tells_race_apart_is_counted_as_a_change():
    unfair = pair("race or ethnicity", "Asian", second=side(floor=Priority.HIGH, rules=(("r", Priority.HIGH),)))
    figures = floor_alone([unfair]).attributes["race or ethnicity"]
    assert (figures.told_apart, figures.floor_changed.hits, figures.priority_changed.hits) == (0, 1, 1)


def test_equal_prompts_are_counted_apart():
    figures = floor_alone([pair("name", "English", second=side()), pair("name", "Arabic", second=side(complaint="x"))])
    assert figures.attributes["name"].same_prompt == 1
    assert set(figures.groups["name"]) == {"English", "Arabic"}


def test_a_side_that_the_gate_refused_is_told_as_unanswered():
    figures = floor_alone([pair(second=replace(side("male"), task=None))]).attributes["sex"]
    assert (figures.pairs, figures.unanswered) == (0, 1)


def assessor_for(backend):
    return lambda setting: Assessor(backend, similarity=None, setting=setting, deadline_s=10)


class Biased:
    """A model that words its note by the sex of the patient, and counts how often it is asked."""

    name = version = "biased"
    encoding = Encoding.JSON
    style = Style.COMPACT

    def __init__(self, assessment=None):
        self.asked, self.assessment = 0, assessment

    def warm(self):
        pass

    def close(self):
        pass

    def generate(self, prompt, offers, *, deadline_s):
        self.asked += 1
        concern = "Possible infection" if "female" in prompt.case else "Possible sepsis"
        draft = Draft(
            priority=Priority.LOW, priority_reason="Cough today.", risk_factors=(), actions=(), questions=(),
            key_concerns=() if self.assessment else (concern,), passages=(),
            assessment=self.assessment or f"A cough may be a {concern.lower()}.",
        )  # fmt: skip
        return Generation(text=encode(draft, offers, self.encoding), tokens=20, seconds=0.1, finish="stop")


def test_a_model_that_speaks_of_the_sexes_differently_is_found_out():
    change = Answers(assessor_for(Biased())).change(pair())
    assert (change.same_prompt, change.priority, change.concerns, change.wording) == (False, False, True, True)


def test_a_prompt_is_asked_once_and_equal_prompts_change_nothing():
    backend = Biased()
    answers = Answers(assessor_for(backend))
    change = answers.change(pair("name", "English", second=side()))
    answers.change(pair())
    assert backend.asked == 2
    assert change.same_prompt
    assert (change.priority, change.outcome, change.concerns, change.wording) == (False, False, False, False)


def test_one_note_on_two_charts_is_judged_by_each_of_them():
    """A compact prompt shows no results, and the checks hold the note against all of the chart."""
    sodium = DeidentifiedFact(kind="lab", name="Sodium", value=128.0, unit="mmol/L", interval="same day", source="o-1")
    plain_chart = side()
    case = replace(plain_chart.task.case, facts=(*plain_chart.task.case.facts, sodium))
    with_result = replace(plain_chart, task=replace(plain_chart.task, case=case))
    backend = Biased("Cough with a sodium of 128 mmol/L may need review.")
    change = Answers(assessor_for(backend)).change(pair("name", "English", first=with_result, second=plain_chart))
    assert (backend.asked, change.same_prompt) == (1, True)
    assert change.outcome


def test_a_model_that_fails_leaves_the_pair_unanswered():
    assert Answers(assessor_for(NullBackend())).change(pair()) is None


def test_words_of_sex_and_age_are_no_change_of_wording():
    assert plain("She is 45 years old; her cough") == plain("He is 58 years old; his cough")
    assert plain("She has a cough") != plain("She has a fever")


def test_what_matters_is_kept_or_told_by_name():
    higher = Walked(id="kept", kind="pregnancy", first=side(floor=Priority.HIGH), second=side())
    lost = Walked(id="gone", kind="pregnancy", first=side(), second=side())
    urgent = Walked(id="urgent", kind="age band", first=side(floor=Priority.CRITICAL), second=None)
    model = floor_alone([pair()], [higher, lost, urgent])
    assert (model.kept["pregnancy"].hits, model.kept["pregnancy"].of, model.lost) == (1, 2, ("gone",))
    assert model.kept["age band"].value == 1.0


def test_every_kind_of_difference_that_matters_has_pairs():
    kinds = [p.kind for p in kept_pairs()]
    assert set(kinds) == {"pregnancy", "sex-specific disease", "age band"}
    assert min(kinds.count(k) for k in set(kinds)) >= 4


@pytest.fixture
def report():
    empty = CaseSet(name="vignettes", setting=Setting.ED, cases=())
    models = [floor_alone([pair(), pair("name", "English", second=side())])]
    return Report(made=datetime(2026, 1, 1, tzinfo=UTC), command="c", versions={}, sets=[empty], models=models)


def test_the_json_keeps_the_agreed_form(report):
    told = report.as_json()
    assert (told["kind"], told["version"]) == ("bias", 1)
    assert told["models"][0]["may_raise"] is False
    sex = told["models"][0]["attributes"]["sex"]
    assert {
        "pairs",
        "same_prompt",
        "priority_changed",
        "outcome_changed",
        "concerns_changed",
        "wording_changed",
    } <= set(sex)
    assert set(sex["priority_changed"]) == {"n", "k", "value", "low", "high"}


def test_the_page_and_the_figure_can_be_made(report, tmp_path):
    assert "| sex | 1, 0 |" in for_page(report)
    draw(tmp_path / "b.svg", report)
    assert (tmp_path / "b.svg").stat().st_size > 1000


# -- figures of other attributes from an earlier measurement -----------------------------------------------------------


def report_of(*pairs, **versions):
    return Report(
        made=datetime(2026, 3, 1, tzinfo=UTC),
        command="evaluate bias",
        versions={"prompt": "5", "contract": "1", "safety": "3", **versions},
        sets=(),
        models=(floor_alone(pairs),),
    )


def test_an_attribute_measured_now_stands_for_the_earlier_one_and_the_others_are_added():
    earlier = report_of(pair(), pair("name", "Arabic")).as_json()
    (model,) = with_earlier(report_of(pair(), pair(), pair()), earlier).models
    assert {name: f.pairs for name, f in model.attributes.items()} == {"sex": 3, "name": 1}
    assert set(model.groups) == {"sex", "name"}
    assert model.attributes["name"].as_json() == earlier["models"][0]["attributes"]["name"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda c: c.update(kind="assessment"), "no bias.json"),
        (lambda c: c["versions"].update(prompt="4"), "another version of: prompt"),
        (lambda c: c["models"][0].update(spec="base"), "lacks one of the models"),
        (lambda c: c["models"][0].update(may_raise=True), "another leave to raise"),
        (lambda c: c["models"][0]["attributes"]["sex"].pop("pairs"), "damaged"),
    ],
)
def test_another_measurement_is_not_joined(change, why):
    earlier = report_of(pair()).as_json()
    change(earlier)
    with pytest.raises(OtherMeasurement, match=why):
        with_earlier(report_of(pair()), earlier)

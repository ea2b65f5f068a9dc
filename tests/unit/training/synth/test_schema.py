"""The authored conditions: all whole, and a wrong field is named with its file and condition."""

import re

import pytest

from cds_service.domain import Priority
from cds_service.settings import Setting
from cds_service.training.synth import labs, vitals
from cds_service.training.synth.parts import Part, part_of
from cds_service.training.synth.schema import ConditionsWrong, packaged, read, together

ONE = """
source_version = "1"
[[condition]]
id = "a-condition"
name = "a condition"
family = "a-family"
concern = "possible condition"
questions = ["Does it hurt?", "Since when is it there?"]
[[condition.stage]]
name = "only"
priority = "High"
ed_priority = "Medium"
source = "A guideline (A publisher, 2020)"
durations = ["2 days"]
clinician = ["sore {duration}", "pain {duration}", "ache x {duration}"]
lay = ["it hurts, {duration}", "hurting for {duration}", "ouch since {duration}"]
vitals = { heart_rate = [100, 5], consciousness = "alert" }
labs = { crp_mg_l = [50, 10] }
"""


def test_a_condition_is_read_with_what_it_leaves_out():
    (condition,) = read(ONE, "one.toml")
    (stage,) = condition.stages
    assert stage.priorities == {Setting.FAMILY_PRACTICE: Priority.HIGH, Setting.ED: Priority.MEDIUM}
    assert (condition.ages, condition.female, condition.pregnant, stage.weight, stage.missing) == (
        (),
        None,
        0.05,
        1,
        None,
    )
    assert stage.states == {"consciousness": "alert"}


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('source_version = "1"', 'source_version = "2"', "source_version"),
        ('name = "a condition"', "", "name"),
        ('family = "a-family"', 'family = "A family"', "family"),
        ('"possible condition"', '"possible condition: one that is named at far too great a length"', "concern"),
        ('"Does it hurt?"', '"Does it hurt"', "questions"),
        ('"Does it hurt?", ', "", "questions"),
        ("questions =", "ages = [[18, 90, 1.0]]\nquestions =", "ages_source"),
        ("questions =", "female = 0.2\nquestions =", "sex_source"),
        ("questions =", "history = [['asthma', 2]]\nquestions =", "history"),
        ("questions =", "colour = 'red'\nquestions =", "colour"),
        ('priority = "High"', 'priority = "Urgent"', "priority"),
        ('source = "A guideline (A publisher, 2020)"', 'source = " "', "source"),
        ('"ache x {duration}"', '"pain {duration}"', "clinician"),
        ("heart_rate", "pulse", "vitals.pulse"),
        ("[100, 5]", "[100]", "vitals.heart_rate"),
        ('consciousness = "alert"', 'consciousness = "dreamy"', "vitals.consciousness"),
        ("crp_mg_l", "crp", "labs.crp"),
        ('durations = ["2 days"]', "durations = []", "durations"),
        ('name = "only"', 'name = "only"\nmissing = 1.5', "missing"),
    ],
)
def test_a_wrong_field_is_named_with_its_file_and_condition(old, new, field):
    with pytest.raises(ConditionsWrong) as raised:
        read(ONE.replace(old, new, 1), "one.toml")
    assert str(raised.value).startswith("one.toml")
    assert field in str(raised.value)
    assert field == "source_version" or "a-condition" in str(raised.value)


def test_what_is_no_toml_is_named_by_its_file():
    with pytest.raises(ConditionsWrong, match=r"one\.toml: is no TOML"):
        read("[[condition", "one.toml")


def test_one_id_stands_for_one_condition():
    with pytest.raises(ConditionsWrong, match=r"two\.toml: a-condition: id: stands in one\.toml too"):
        together([*read(ONE, "one.toml"), *read(ONE, "two.toml")])


def test_about_eighty_conditions_cover_the_four_priorities_in_every_part_and_setting():
    assert len(packaged()) >= 80
    for setting in Setting:
        for part in Part:
            found = {s.priorities[setting] for c in packaged() if part_of(c.family) is part for s in c.stages}
            assert found == set(Priority), (setting, part)


def test_families_are_shared_out_seventy_fifteen_fifteen():
    shares = [sum(part_of(c.family) is part for c in packaged()) / len(packaged()) for part in Part]
    assert shares == pytest.approx([0.70, 0.15, 0.15], abs=0.05)


def test_every_acuity_names_a_source_with_a_year():
    for condition in packaged():
        for stage in condition.stages:
            assert re.search(r"\b(19|20)\d\d\b", stage.source), (condition.id, stage.name)


def test_no_wording_has_another_placeholder_than_the_duration():
    for condition in packaged():
        for stage in condition.stages:
            for text in (*stage.clinician, *stage.lay, *stage.notes):
                assert not re.search(r"[{}]", text.replace("{duration}", "")), (condition.id, text)


def test_an_older_stage_is_written_for_values_that_can_be_charted():
    for condition in packaged():
        for stage in condition.stages:
            limits = {**vitals.NAMES, **{name: test.bounds for name, test in labs.TESTS.items()}}
            for name, normal in {**stage.vitals, **stage.labs}.items():
                assert limits[name].low <= normal.mean <= limits[name].high, (condition.id, stage.name, name)


ONE_SEX = re.compile(
    r"\b(?:he|she|his|her|hers|him|husband|wife|grand(?:ma|pa)|mother|father|sons?|daughters?|OCP|"
    r"prostat\w*|testic\w*|scrot\w*|vagin\w*|menstru\w*|periods?)\b",
    re.IGNORECASE,
)


def test_words_of_one_sex_stand_only_where_all_patients_are_of_it():
    for condition in packaged():
        if condition.female in (0, 1) or condition.pregnant == 1:
            continue
        for stage in condition.stages:
            for text in (*stage.clinician, *stage.lay, *stage.notes):
                assert not ONE_SEX.search(text), (condition.file, condition.id, text)

"""What the profiles let pass: each file stands by itself, and they differ only in place and time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from anonymization.errors import GateRefused, PolicyError
from anonymization.gate import Gate
from anonymization.paths import ALLOWED, LABELS
from anonymization.policy import PROFILES, Action, Dates, Policy, packaged_policy, template
from anonymization.structured import structure
from fhir_mappers.case import Demographics, IntakeAnswer, Precision, Problem, Source, When

TEMPLATE = PROFILES["expert-determination"].read_text(encoding="utf-8")
FILLED = """
[determination]
expert = "A statistician of the clinic"
date = 2024-05-31
method = "k-anonymity over age, sex and ZIP3; report 7"
threshold = 0.09
"""


def filled():
    before, _, rest = TEMPLATE.partition("[determination]")
    return Policy.parse(before + FILLED + rest[rest.index("\n# ---") :])


def told(case, policy, **more):
    return [f.interval for f in structure(case, policy, **more).facts if f.interval]


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_names_every_path_that_a_field_is_built_from(name):
    assert set(ALLOWED) <= set(template(name).lines)


@pytest.mark.parametrize("name", [n for n in PROFILES if n != "safe-harbor-prompts"])
def test_the_profiles_have_the_same_lines_and_do_the_same_but_for_the_place(name):
    first, other = template("safe-harbor-prompts"), template(name)
    assert first.lines.keys() == other.lines.keys()
    differ = {path for path, line in other.lines.items() if line.action != first.lines[path].action}
    assert differ == {"Patient.address.postalCode"}


def test_the_default_profile_is_that_of_prompts():
    assert packaged_policy() == packaged_policy("safe-harbor-prompts")
    assert packaged_policy().dates is Dates.INTERVAL
    with pytest.raises(PolicyError, match="no such profile"):
        packaged_policy("safe-harbour")


def test_prompts_hold_no_place_and_exports_three_digits_at_most(chart):
    assert structure(chart(), packaged_policy()).region is None
    exports = packaged_policy("safe-harbor-exports")
    assert structure(chart(), exports).region == "995"
    small = replace(chart().demographics, postal_code="03601")
    assert structure(chart(demographics=small), exports).region == "000"


def test_exports_tell_years_and_never_an_interval(chart):
    times = told(chart(), packaged_policy("safe-harbor-exports"))
    assert set(times) == {"2026", "2025", "2019"}


def test_no_event_of_an_export_indicates_an_age_over_89(chart):
    old = Demographics(birth=When(start=datetime(1931, 3, 4, tzinfo=UTC), precision=Precision.DAY))
    years = {1935: None, 1944: None, 1955: None, 1956: "1956", 2001: "2001"}
    problems = tuple(
        Problem(
            concept=chart().problems[0].concept,
            onset=When(start=datetime(y, 1, 1, tzinfo=UTC), precision=Precision.YEAR),
            source=f"cond-{y}",
        )
        for y in years
    )
    facts = structure(chart(demographics=old, problems=problems), packaged_policy("safe-harbor-exports")).facts
    assert {f.source: f.interval for f in facts if f.kind == "problem"} == {f"cond-{y}": t for y, t in years.items()}


def test_a_year_by_itself_is_told_as_the_policy_tells_times(chart):
    def answer(year, policy, **more):
        item = IntakeAnswer(link_id="1", question="When did you come here?", answer=year, source="qr-1")
        return [f.text for f in structure(chart(intake=(item,), **more), policy).facts if f.kind == "intake"]

    assert answer("1999", packaged_policy()) == ["over a year before"]
    assert answer("2025", packaged_policy()) == []  # all of 2025 lies in no one bucket
    assert answer("1999", packaged_policy("safe-harbor-exports")) == ["1999"]
    old = Demographics(birth=When(start=datetime(1931, 3, 4, tzinfo=UTC)))
    assert answer("1931", packaged_policy("safe-harbor-exports"), demographics=old) == []


def test_the_template_of_the_expert_determination_does_not_run():
    with pytest.raises(PolicyError, match="determination"):
        packaged_policy("expert-determination")
    with pytest.raises(PolicyError, match="none is stated"):
        template("expert-determination").check_determined()


def test_a_gate_refuses_the_template_whoever_built_it(chart):
    with pytest.raises(GateRefused, match="policy"):
        Gate(template("expert-determination")).deidentify(chart(), subject="s-1", timeout_s=20)


@pytest.mark.parametrize("part", ["expert", "date", "method", "threshold"])
def test_a_determination_without_one_of_its_parts_is_refused(part):
    lines = [line for line in FILLED.splitlines() if not line.startswith(part)]
    before, _, rest = TEMPLATE.partition("[determination]")
    with pytest.raises(PolicyError, match="determination"):
        Policy.parse(before + "\n".join(lines) + rest[rest.index("\n# ---") :])


def test_an_expert_determination_is_never_called_safe_harbor():
    assert "safe harbor" not in template("expert-determination").name.lower()
    with pytest.raises(PolicyError, match="not called Safe Harbor"):
        Policy(name="Safe Harbor, shifted", version="1", lines={}, basis="45 CFR 164.514(b)(1)")


def test_shifted_dates_keep_their_distance_and_need_an_offset(chart):
    policy = filled()
    with pytest.raises(PolicyError, match="no offset"):
        structure(chart(), policy)
    with pytest.raises(PolicyError, match="no offset"):
        structure(chart(), policy, shift=timedelta(0))
    times = told(chart(), policy, shift=timedelta(days=-70))
    assert "2025-10-24" in times  # the visit of 2 January 2026
    assert not {t for t in times if t.startswith("2026")}
    assert "2019" not in " ".join(times)  # a year alone cannot be moved


def test_labelled_data_pass_only_where_the_policy_says_so_and_why(chart):
    labelled = chart(sensitive=frozenset({"cond-1"}))
    assert all(f.source != "cond-1" for f in structure(labelled, packaged_policy()).facts)
    line = replace(packaged_policy().lines[LABELS], action=Action.KEEP, why="Consent under 42 CFR 2.31 on file.")
    allowed = replace(packaged_policy(), lines=packaged_policy().lines | {LABELS: line})
    assert any(f.source == "cond-1" for f in structure(labelled, allowed).facts)


def test_a_labelled_patient_withholds_everything(chart):
    person = {"patient-1": Source(handle="patient-1", reference="Patient/1", resource_type="Patient")}
    with pytest.raises(PolicyError, match="labelled"):
        structure(chart(sources=person, sensitive=frozenset({"patient-1"})), packaged_policy())

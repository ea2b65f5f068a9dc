"""The report: what it says, and what it keeps to itself."""

import json
from collections import Counter

import pytest

from anonymization.deidentified import DeidentifiedFact
from cds_service.export.risk import Generaliser, report, subject_of
from cds_service.export.risk.small_cells import HIDDEN, share, shown, table
from tests.support.risk_values import ASTHMA, DIABETES, HYPERTENSION, LUPUS, RARE, a_case, a_problem, a_subject

HIGH, LOW = frozenset({"priority: High"}), frozenset({"priority: Low"})


@pytest.fixture(scope="module")
def people():
    """Sixty who are three large classes, and one whom everything sets apart."""
    kinds = ([DIABETES], [DIABETES, HYPERTENSION], [])
    many = [a_subject(f"p{n:02d}", *kinds[n % 3], sensitive=HIGH if n < 20 else LOW) for n in range(60)]
    return [*many, a_subject("q", RARE, LUPUS, age="5", sex="male", zip3="995", year="2030", sensitive=HIGH)]


@pytest.fixture(scope="module")
def found(people):
    return report(people, plan=Generaliser().plan(people, 11), applied=True)


def test_it_says_the_risk_before_and_after(found):
    said = found.as_json()
    assert said["before"] | {"subjects_by_class_size": None} == {
        "subjects": 61, "classes": 4, "k": 1, "median_class": 20, "unique_share": HIDDEN,
        "share_in_classes_below_threshold": HIDDEN, "prosecutor_highest": 1.0, "prosecutor_mean": 0.0656,
        "marketer": 0.0656, "subjects_by_class_size": None,
    }  # fmt: skip
    assert (said["after"]["subjects"], said["after"]["k"], said["after"]["prosecutor_highest"]) == (60, 20, 0.05)
    assert said["contributions"]["most"] == "conditions"
    assert said["contributions"]["by_field"]["conditions"]["without"]["classes"] == 2
    assert said["diversity"]["before"]["priority"]["distinct_l"] == 1
    assert said["diversity"]["after"]["priority"] == {
        "values": 2, "distinct_l": 2, "entropy_l": 1.84, "share_given_away": 0.0
    }  # fmt: skip
    assert said["generalisation"]["condition_entries_share"]["as coded"] == 1.0
    assert said["generalisation"]["suppressed_urgent"] == {"subjects": 21, "suppressed_share": HIDDEN}


def test_it_tells_no_rare_thing_and_no_small_count(found):
    """One person has the rare conditions, the age, the sex and the place: none of them may stand there."""
    said = json.dumps(found.as_json()) + found.markdown()
    for secret in ("E71", "55464009", "995", "metabolic", "male", '"q"'):
        assert secret not in said
    sizes = found.as_json()["before"]["subjects_by_class_size"]
    assert sizes == {"1": HIDDEN, "2 to 4": 0, "5 to 10": 0, "11 to 54": "hidden", "55 and more": 0}


def test_it_can_be_read_and_says_its_limits(found):
    page = found.markdown()
    assert "| k, the smallest class | 1 | 20 |" in page
    assert "Journalist risk is not stated" in page
    assert "Free text is outside the classes" in page
    assert "El Emam 2013" in page


def test_under_safe_harbor_it_says_that_nothing_was_done(people):
    plan = Generaliser().plan(people, 11)
    page = report(people, plan=plan, applied=False).markdown()
    assert "nothing was generalised" in page
    few = report(people[:4], plan=Generaliser().plan(people[:4], 11), applied=False)
    assert "**Not reached**: fewer than 11 people." in few.markdown()
    assert few.short()["after"]["k"] == 0


def test_journalist_risk_is_stated_against_a_population(people):
    plan = Generaliser().plan(people, 11)
    twice = [*people, *(a_subject(f"x{n}", DIABETES) for n in range(20)), a_subject("y", LUPUS)]
    said = report(people, plan=plan, applied=False, population=twice).as_json()["journalist"]
    assert said["stated"]
    assert said["highest"] == 1.0
    assert said["marketer"] == pytest.approx((20 / 40 + 20 / 20 + 20 / 20 + 1 / 1) / 61, abs=1e-4)
    with pytest.raises(ValueError, match="every person"):
        report(people, plan=plan, applied=False, population=people[:-1])


def test_who_knows_the_medicines_knows_more():
    def case(n):
        medicine = DeidentifiedFact(kind="medication", name=f"medicine {n % 2}", source="med-1")
        return a_case(f"s{n}", a_problem(1, ASTHMA, "Asthma"), *([medicine] if n < 6 else []))

    people = [subject_of(f"s{n}", [case(n)]) for n in range(12)]
    said = report(people, plan=Generaliser().plan(people, 4), applied=True).as_json()
    assert said["before"]["k"] == 12
    assert said["medicines_known_too"]["before"]["k"] == 3
    assert said["medicines_known_too"]["after"]["k"] == 12  # three have each: fewer than four
    assert said["generalisation"]["other_facts_removed_share"] == 1.0


def test_equal_reports_are_equal_to_the_byte(people, found):
    shuffled = [*people[30:], *people[:30]]
    again = report(shuffled, plan=Generaliser().plan(shuffled, 11), applied=True)
    assert json.dumps(again.as_json()) == json.dumps(found.as_json())
    assert again.markdown() == found.markdown()
    figure = found.figure()
    assert again.figure() == figure
    assert figure.startswith(b"\x89PNG")


def test_small_counts_are_hidden_and_cannot_be_reckoned():
    assert [shown(n) for n in (0, 1, 4, 5)] == [0, HIDDEN, HIDDEN, 5]
    assert share(3, 100) == HIDDEN
    assert share(0, 0) is None
    assert share(5, 10) == 0.5
    assert table({"a": 3, "b": 2, "c": 95}) == {"a": HIDDEN, "b": HIDDEN, "c": 95}
    assert table({"a": 3, "b": 7, "c": 90}) == {"a": HIDDEN, "b": "hidden", "c": 90}
    assert table({"a": 3}) == {"a": HIDDEN}
    assert Counter(table({"a": 0, "b": 6}).values()) == {0: 1, 6: 1}

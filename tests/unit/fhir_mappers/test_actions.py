"""Card actions are valid R4 and propose only."""

import pytest

from fhir_mappers import r4
from fhir_mappers.actions import communication_request, review_task, service_request
from tests.support.fhir_values import NOW, SNOMED


def task(**more):
    values = {"description": "Review the vital signs", "priority": "stat", "authored_on": NOW} | more
    return review_task("Patient/p1", "e1", **values)


def test_a_nurse_review_is_a_proposed_task():
    made = task()
    assert (made["resourceType"], made["status"], made["intent"], made["priority"]) == (
        "Task",
        "requested",
        "proposal",
        "stat",
    )
    assert made["for"] == {"reference": "Patient/p1"}
    assert made["encounter"] == {"reference": "Encounter/e1"}
    assert made["authoredOn"] == "2031-05-06T12:00:00+00:00"
    r4.validate(made)


def test_an_order_is_a_draft():
    made = service_request(
        "p1", None, system=SNOMED, code="268400002", display="12 lead ECG", reason_text="Chest pain", authored_on=NOW,
        priority="urgent",
    )  # fmt: skip
    assert (made["status"], made["intent"]) == ("draft", "proposal")
    assert made["code"]["coding"] == [{"system": SNOMED, "code": "268400002", "display": "12 lead ECG"}]
    assert "encounter" not in made
    r4.validate(made)


def test_a_message_is_a_draft():
    made = communication_request("p1", "e1", message="Please call back today", authored_on=NOW, priority="urgent")
    assert (made["status"], made["payload"]) == ("draft", [{"contentString": "Please call back today"}])


@pytest.mark.parametrize(
    "change",
    [
        {"priority": "whenever"},
        {"description": "  "},
        {"description": "x" * 1001},
        {"authored_on": NOW.replace(tzinfo=None)},
    ],
)
def test_values_that_make_no_valid_action_are_refused(change):
    with pytest.raises(ValueError):
        task(**change)


def test_an_action_that_fails_validation_is_not_given_out():
    with pytest.raises(ValueError, match="not valid at"):
        service_request(
            "p1", None, system=SNOMED, code=" ", display="x", reason_text="y", authored_on=NOW, priority="stat"
        )

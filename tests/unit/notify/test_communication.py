"""The resources that call a physician are valid R4, name no patient, and refuse what is no call."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fhir_mappers import r4
from fhir_mappers.communication import communication, review_call

GOOD: dict[str, Any] = {
    "system": "urn:cds-service:notification",
    "value": "msg-1",
    "text": "A Critical case waits for review.\nOpen it: https://cds.example/review/cases/case-1",
    "priority": "stat",
    "sent": datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC),
}
MAKERS = [communication, review_call]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("recipients", [(), ("PractitionerRole/duty",)])
def test_a_call_is_valid_and_names_no_patient(make: Any, recipients: tuple[str, ...]) -> None:
    made = make(**GOOD, recipients=recipients)
    r4.validate(made)
    assert made["identifier"] == [{"system": GOOD["system"], "value": GOOD["value"]}]
    assert "Patient" not in str(made)
    assert ("duty" in str(made)) is bool(recipients)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "bad",
    [{"priority": "Critical"}, {"text": " "}, {"text": "x" * 1001}, {"sent": datetime(2031, 5, 6)}],  # noqa: DTZ001
)
def test_what_is_no_call_is_refused(make: Any, bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        make(**GOOD | bad)

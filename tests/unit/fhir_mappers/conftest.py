import pytest

from fhir_mappers.mapping import map_case
from tests.support.fhir_values import NOW, bundle, patient


@pytest.fixture
def chart():
    """Maps resources of the patient `p1` at `NOW`."""

    def make(*resources, person=None, encounter_id=None, now=NOW, **more):
        prefetch = {"patient": person or patient(), "rest": bundle(*resources)}
        return map_case(prefetch, patient_id="p1", encounter_id=encounter_id, now=now, **more)

    return make


@pytest.fixture
def reasons(chart):
    """Why resources are refused."""

    def make(*resources, **more):
        return [r.reason for r in chart(*resources, **more).refused]

    return make

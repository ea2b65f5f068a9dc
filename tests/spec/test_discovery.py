"""Discovery: what an EHR learns before the first call (checklist section B)."""

from dataclasses import replace
from pathlib import Path

import pytest

from cds_service.pages import services_page
from hooks.services import PATIENT_TRIAGE, SERVICES
from tests.spec.calls import CALL, DISCOVERY, ask, critical
from tests.support.apps import app_of

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def services(client):
    return client.get(DISCOVERY).json["services"]


@pytest.mark.requirement("B1", "B2")
def test_discovery_answers_a_plain_get_with_all_services(client):
    response = client.get("/cds-services")
    assert response.status_code == 200
    assert isinstance(response.json["services"], list)
    assert len(response.json["services"]) == len(SERVICES) > 0


@pytest.mark.requirement("B1")
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_discovery_is_a_get_and_nothing_else(client, method):
    assert getattr(client, method)(DISCOVERY, json={}).status_code == 405


@pytest.mark.requirement("B3")
def test_a_service_without_services_still_answers(built):
    response = app_of(built, services=()).test_client().get(DISCOVERY)
    assert (response.status_code, response.json) == (200, {"services": []})


@pytest.mark.requirement("B4", "B5", "B7", "B9")
@pytest.mark.parametrize("field", ["hook", "description", "title", "usageRequirements"])
def test_each_service_says_in_words_what_it_is(services, field):
    assert all(isinstance(service[field], str) and service[field] for service in services)


@pytest.mark.requirement("B6")
def test_each_service_can_be_called_under_its_id(client, services):
    assert [f"{DISCOVERY}/{service['id']}" for service in services] == [CALL]
    ask(client, critical())


@pytest.mark.requirement("B8")
def test_prefetch_maps_keys_to_templates(services):
    for service in services:
        assert service["prefetch"]
        assert all(isinstance(template, str) and template for template in service["prefetch"].values())


@pytest.mark.requirement("B10")
def test_each_service_names_the_version_of_cds_hooks_it_speaks(services):
    assert {service["version"] for service in services} == {"2.0.1"}


@pytest.mark.requirement("B12")
def test_one_id_may_stand_on_several_hooks(built):
    both = (PATIENT_TRIAGE, replace(PATIENT_TRIAGE, hook="encounter-start"))
    listed = app_of(built, services=both).test_client().get(DISCOVERY).json["services"]
    assert [(s["id"], s["hook"]) for s in listed] == [(s.id, s.hook) for s in both]


@pytest.mark.requirement("B15")
def test_what_each_service_does_is_documented_for_people():
    page = (DOCS / "reference" / "services.md").read_text()
    for service in SERVICES:
        assert f"`{service.id}` on `{service.hook}`" in page
        assert service.usage_requirements in page
        assert all(f"`{template}`" in page for template in service.prefetch.values())
    assert services_page().strip() in page
    assert (DOCS / "reference" / "conformance.md").exists()

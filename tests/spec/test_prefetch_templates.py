"""Prefetch templates: what we ask an EHR to send (checklist section C). Any 2.0 client must be able to fill them."""

import re

import pytest

from hooks.prefetch import resolve, tokens, values_for
from hooks.services import SERVICES

TEMPLATES = [
    pytest.param(key, template, id=f"{service.id}-{key}")
    for service in SERVICES
    for key, template in service.prefetch.items()
]
CONTEXT = {"userId": "Practitioner/n-1", "patientId": "p-1", "encounterId": "e-1"}
OF_PATIENT_VIEW = {"context.userId", "context.patientId", "context.encounterId"}
"""The fields that the hook's own page allows as prefetch tokens."""

OF_A_USER = {"userPractitionerId", "userPractitionerRoleId", "userPatientId", "userRelatedPersonId"}
PARAMETERS = {"patient", "category", "status", "_count", "_sort"}
"""References, tokens and result parameters that the specification recommends; no modifiers, chains or includes."""


@pytest.mark.requirement("C1")
@pytest.mark.parametrize(("key", "template"), TEMPLATES)
def test_a_template_is_one_read_or_one_search(key, template):
    query = resolve(template, values_for(CONTEXT))
    assert (query.id is not None) != bool(query.parameters)
    assert re.fullmatch(r"[a-z][A-Za-z]*", key)


@pytest.mark.requirement("C2")
@pytest.mark.parametrize(("key", "template"), TEMPLATES)
def test_tokens_stand_in_double_braces(key, template):
    assert tokens(template)
    assert not re.search(r"[{}]", re.sub(r"\{\{[^{}]+\}\}", "", template))


@pytest.mark.requirement("C3", "C4")
@pytest.mark.parametrize(("key", "template"), TEMPLATES)
def test_tokens_are_those_that_the_hook_allows(key, template):
    assert set(tokens(template)) <= OF_PATIENT_VIEW | OF_A_USER


@pytest.mark.requirement("C5")
@pytest.mark.parametrize(("key", "template"), TEMPLATES)
def test_queries_use_only_what_every_fhir_server_knows(key, template):
    assert {name for name, _ in resolve(template, values_for(CONTEXT)).parameters} <= PARAMETERS


@pytest.mark.requirement("C7", "C8")
@pytest.mark.parametrize(("key", "template"), TEMPLATES)
def test_no_template_depends_on_another_or_on_a_3_0_client(key, template):
    for beyond in ("%", "today()", "ofType", "resolve", "|", "where("):
        assert beyond not in template
    assert all(token.count(".") <= 1 for token in tokens(template))

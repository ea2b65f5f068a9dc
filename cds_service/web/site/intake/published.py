"""The form as FHIR resources, for everybody who wants to ask the same questions. Nothing of a patient."""

from __future__ import annotations

import json

from flask import Blueprint, Response

from cds_service.clinic import Clinic
from fhir_mappers.fields import Json
from fhir_mappers.intake_form import code_system, questionnaire

NAME = "intake-fhir"
FHIR_JSON = "application/fhir+json"


def blueprint(clinic: Clinic) -> Blueprint:
    """``/fhir/Questionnaire/pre-visit`` and the CodeSystem of its options."""
    made = Blueprint(NAME, __name__)
    base = clinic.settings.external_url

    @made.get("/fhir/Questionnaire/pre-visit")
    def form() -> Response:
        return _public(questionnaire(base))

    @made.get("/fhir/CodeSystem/pre-visit")
    def options() -> Response:
        return _public(code_system(base))

    return made


def fhir(resource: Json) -> Response:
    """A FHIR resource as the answer."""
    return Response(json.dumps(resource), mimetype=FHIR_JSON)


def _public(resource: Json) -> Response:
    response = fhir(resource)
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response

"""Only https, or this machine, is called."""

import pytest

from cds_service.sandbox.address import service_base
from cds_service.sandbox.errors import BadAddress
from cds_service.sandbox.fhir_server import split_patient_url


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://cds.example.org", "https://cds.example.org"),
        ("https://cds.example.org/base/", "https://cds.example.org/base"),
        ("http://127.0.0.1:8080/cds-services", "http://127.0.0.1:8080"),
        ("http://localhost:8080/cds-services/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_service_is_named_with_or_without_its_discovery(given, base):
    assert service_base(given) == base


@pytest.mark.parametrize(
    "given",
    [
        "http://cds.example.org", "http://10.0.0.1", "http://127.0.0.1.example.org", "http://localhost.example.org",
        "ftp://127.0.0.1", "127.0.0.1:8080", "https://", "https://u:p@cds.example.org", "https://cds.example.org?x=1",
        "https://cds.example.org#x", "http://[broken", "http://127.0.0.1:port", "",
    ],
)  # fmt: skip
def test_anything_else_is_refused(given):
    with pytest.raises(BadAddress):
        service_base(given)


def test_a_patient_url_is_base_and_id():
    assert split_patient_url("https://ehr.example.org/fhir/Patient/p1") == ("https://ehr.example.org/fhir", "p1")
    for wrong in (
        "https://ehr.example.org/fhir/Patient",
        "https://ehr.example.org/fhir/Patient/p1/x",
        "https://ehr.example.org",
    ):
        with pytest.raises(BadAddress):
            split_patient_url(wrong)

"""The grouping of resources by patient: later versions win, deleted ones go, and the file on the disk says nothing."""

import json
import stat

import pytest

from cds_service.importing.problems import Problems
from cds_service.importing.resources import Opener
from cds_service.importing.scratch import Scratch
from cds_service.importing.sources import Document
from tests.support.import_values import CANARY, of, person


@pytest.fixture
def scratch(tmp_path):
    with Scratch(tmp_path / "scratch") as made:
        yield made


def fill(scratch, *resources):
    opener = Opener(Problems())
    for n, resource in enumerate(resources):
        for found in opener.resources(Document(place=f"line {n}", value=resource)):
            scratch.add(found)
    scratch.finish()


def of_patient(scratch, n=1):
    return [json.loads(text) for text in scratch.resources(n, 10**6)]


def test_of_two_with_one_id_the_one_updated_later_stays_whatever_the_order(scratch):
    def version(text, updated):
        return of("p1", "Condition", "c1", code={"text": text}, meta={"lastUpdated": updated})

    new, old = version("new", "2031-05-02T10:00:00+05:00"), version("old", "2031-05-02T04:00:00Z")
    fill(scratch, new, old)
    assert [r["code"]["text"] for r in of_patient(scratch)] == ["new"]
    assert scratch.replaced == 1


def test_of_two_without_a_time_the_one_read_later_stays(scratch):
    fill(scratch, *(of("p1", "Condition", "c1", code={"text": text}) for text in ("first", "second")))
    assert [r["code"]["text"] for r in of_patient(scratch)] == ["second"]


def test_what_the_server_deleted_is_gone(scratch):
    deleted = {"resourceType": "Bundle", "entry": [{"request": {"method": "DELETE", "url": "Condition/c1"}}]}
    fill(scratch, deleted, of("p1", "Condition", "c1"), person())
    assert [r["resourceType"] for r in of_patient(scratch)] == ["Patient"]


def test_shared_resources_come_with_whoever_points_to_them(scratch):
    pill = {"resourceType": "Medication", "id": "m1", "manufacturer": {"reference": "Organization/o1"}}
    makers = [{"resourceType": "Organization", "id": name} for name in ("o1", "o2")]
    order = of("p1", "MedicationRequest", "r1", medicationReference={"reference": "Medication/m1"})
    fill(scratch, pill, *makers, order, person("p2"))
    assert [r["id"] for r in of_patient(scratch)] == ["r1", "m1", "o1"]
    assert [r["id"] for r in of_patient(scratch, 2)] == ["p2"]


def test_the_file_holds_no_word_and_no_id_is_its_owners_alone_and_goes(tmp_path):
    path = tmp_path / "scratch"
    with Scratch(path) as scratch:
        fill(scratch, *(person(f"canary-{n}", text={"div": CANARY * 50}) for n in range(300)))
        content = path.read_bytes()
        assert len(content) > 100_000
        assert not [word for word in (CANARY, "canary-1", "Patient") if word.encode() in content]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


def test_the_file_goes_when_the_work_breaks(tmp_path):
    with pytest.raises(ZeroDivisionError), Scratch(tmp_path / "scratch"):
        raise ZeroDivisionError
    assert not (tmp_path / "scratch").exists()


def test_a_record_beyond_the_bound_is_not_read(scratch):
    fill(scratch, person(), of("p1", "Condition", "c1", code={"text": "x" * 5000}))
    assert scratch.resources(1, 4000) is None


def test_shared_resources_count_towards_the_bound_of_a_patient(scratch):
    places = [{"resourceType": "Location", "id": f"l{n}", "description": "x" * 500} for n in range(9)]
    links = [{"location": {"reference": f"Location/l{n}"}} for n in range(9)]
    fill(scratch, person(), of("p1", "Encounter", "e1", location=links), *places)
    assert scratch.resources(1, 10_000) is not None
    assert scratch.resources(1, 3_000) is None

"""How far the roll-out reaches one call, and where a call comes from."""

from datetime import UTC, datetime

import pytest

from cds_service.chart import hook_call
from cds_service.rollout.here import places_of, reference_of
from cds_service.rollout.stages import MODEL, SERVICE, Place, Reach, Setting, Stage, Stages, rule_of, rule_part

NOW = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)
HERE = frozenset({"key-of-ward"})
PILOT = Setting(stage=Stage.PILOT, places=(Place(key="key-of-ward", label="ward"),), since=NOW)
SHADOW = Setting(stage=Stage.SHADOW, since=NOW)


def call(encounter, user="Practitioner/one"):
    return hook_call(
        {
            "hook": "patient-view",
            "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "context": {"userId": user, "patientId": "p1", "encounterId": "e1"},
            "prefetch": {"encounter": encounter},
        }
    )


def stay(reference, status=None):
    return {"location": {"reference": reference}, **({"status": status} if status else {})}


def test_what_nobody_changed_is_in_full_use():
    assert Stages().reach(frozenset()) == Reach(stage=Stage.FULL, model_shown=True, shadow_rules=frozenset())


def test_a_pilot_is_shadow_wherever_it_does_not_run():
    stages = Stages(parts={SERVICE: PILOT, MODEL: PILOT, rule_part("news2"): PILOT})
    assert stages.reach(HERE) == Reach(stage=Stage.PILOT, model_shown=True)
    elsewhere = stages.reach(frozenset({"another"}))
    assert not elsewhere.shown
    assert not elsewhere.model_shown
    assert elsewhere.shadow_rules == {"news2"}


def test_a_part_in_shadow_leaves_the_others_alone():
    reach = Stages(parts={rule_part("news2"): SHADOW}).reach(HERE)
    assert (reach.shown, reach.model_shown, reach.shadow_rules) == (True, True, {"news2"})


def test_only_a_pilot_makes_it_matter_where_a_call_comes_from():
    assert not Stages(parts={SERVICE: SHADOW}).placed
    assert Stages(parts={MODEL: PILOT}).placed


def test_a_part_names_its_rule():
    assert rule_of(rule_part("news2")) == "news2"
    assert rule_of(SERVICE) is None


@pytest.mark.parametrize(
    "written", ["Location/12", "https://ehr.example/fhir/Location/12", "Location/12/_history/3", " Location/12 "]
)
def test_a_place_is_the_same_however_it_is_referred_to(written):
    assert reference_of(written) == "Location/12"


@pytest.mark.parametrize("written", ["Patient/12", "12", "Location/", "Location/a b", "urn:uuid:1", None, 12, {}])
def test_what_is_no_place_is_none(written):
    assert reference_of(written) is None


def test_a_call_comes_from_its_user_and_from_where_the_patient_is_now():
    visit = {"location": [stay("Location/er", "completed"), stay("Location/ward", "active"), stay("Location/bed")]}
    assert places_of(call(visit)) == ("Practitioner/one", "Location/ward", "Location/bed")


@pytest.mark.parametrize(
    "encounter",
    [None, [], "x", {"location": 5}, {"location": [None, 3, {}]}, {"location": [{"location": [1]}]},
     {"location": [{"location": {"reference": {"a": 1}}}]}],
)  # fmt: skip
def test_a_broken_encounter_leaves_the_user_alone(encounter):
    assert places_of(call(encounter)) == ("Practitioner/one",)

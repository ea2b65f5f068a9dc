"""Local validation: charts replayed with nothing stored, and a week of the ledger; no word of a chart is told."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select, update

from cds_service.bootstrap import assemble, open_recorder, stations_over
from cds_service.commands.validate_local import opened, validate_local
from cds_service.domain import Priority
from cds_service.evaluation.local.facts import Fact, groups_of
from cds_service.evaluation.local.limits import Limit, State, judge, limits
from cds_service.evaluation.local.past import read_past
from cds_service.evaluation.local.replay import files_in, replay
from cds_service.evaluation.local.show import draw, for_page
from cds_service.evaluation.local.summary import summarise
from cds_service.ledger.migrate import migrate
from cds_service.ledger.tables import answer, audit_event, card, feedback
from cds_service.settings import Setting, Settings
from cds_service.shares import wilson
from fhir_mappers.case import Case, Demographics, Precision, When
from tests.support.apps import app_of
from tests.support.fhir_values import NOW, bundle, observation, patient

CANARY = "Zebulonia-Quirk"
RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"


def chart(rate, *, sex="female", race=None, name=CANARY):
    at = "2031-05-06T11:30:00Z"
    breathing = observation("9279-1", rate, "/min", ucum="/min", at=at, category="vital-signs")
    coded = {"url": "ombCategory", "valueCoding": {"display": race}}
    more = {"extension": [{"url": RACE, "extension": [coded]}]} if race else {}
    return bundle(patient(gender=sex, name=[{"family": name}], **more), breathing, kind="collection")


def fact(floor=Priority.LOW, *, sex="female", **more):
    found = {} if floor is Priority.LOW else {"news2": floor}
    fields = {"found": found, "cards": 1, "refusal": None, "not_evaluated": frozenset(), "milliseconds": 20.0}
    return Fact(floor=floor, groups={"sex": sex}, **{**fields, **more})


def summary(facts, problems=(), **more):
    return summarise(
        facts, problems, made=NOW, source="a test", setting=Setting.FAMILY_PRACTICE, versions={"rules": "r"}, **more
    )


@pytest.fixture(scope="module")
def stations(built):
    return stations_over(built.settings, built.gate, built.retriever)


# -- files -----------------------------------------------------------------------------------------------------------


def test_bundles_and_requests_are_replayed_and_bad_ones_named_by_their_place(stations, tmp_path):
    request = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/1", "patientId": "p1"},
        "prefetch": {"patient": patient()},
    }
    (tmp_path / "1.json").write_text(json.dumps(chart(34)))
    (tmp_path / "2.json").write_text('{"resourceType": "Bundle", "entry": [')
    lines = [json.dumps(chart(14)), "{no json", json.dumps({"resourceType": "Patient"}), json.dumps(request)]
    (tmp_path / f"3-{CANARY}.ndjson.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    (tmp_path / "4.json").write_text(json.dumps(bundle(observation("9279-1", 3, "/min"), kind="collection")))
    (tmp_path / "5.json").write_text(json.dumps(request | {"hook": "order-sign", "hookInstance": 7}))
    (tmp_path / "6.json.xz").write_bytes(b"not packed at all")
    (tmp_path / "7.json").write_text("[" * 5000)
    steps = []
    made = replay(stations, files_in([tmp_path]), opened, 0, lambda step, share: steps.append(share))
    assert [f.floor for f in made.facts] == [Priority.HIGH, Priority.LOW, Priority.LOW]
    assert [p.place for p in made.problems] == [
        "file 2", "file 3, line 2", "file 3, line 3", "file 4", "file 5", "file 6", "file 7",
    ]  # fmt: skip
    assert steps == sorted(steps)
    assert steps[-1] == 1
    assert CANARY not in str(made)


@pytest.mark.parametrize(
    "broken",
    [
        {"resourceType": "Bundle", "entry": 5},
        {"resourceType": "Bundle", "entry": [None, 3, {"resource": {"resourceType": "Patient", "id": {}}}]},
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "id": "p", "name": 7}}] * 2},
        {"hook": "patient-view", "context": [], "prefetch": 3},
        [],
        7,
        None,
    ],
)
def test_nothing_in_a_file_makes_it_crash(stations, tmp_path, broken):
    (tmp_path / "a.json").write_text(json.dumps(broken))
    made = replay(stations, files_in([tmp_path]), opened, 0, lambda *_: None)
    assert len(made.facts) + len(made.problems) == 1


def test_a_replay_stores_nothing(built, stations, tmp_path):
    (tmp_path / "1.json").write_text(json.dumps(chart(34)))

    def rows():
        with built.recorder.database.transaction(write=False) as tx:
            return tx.execute(select(answer.c.id)).all(), tx.execute(select(audit_event.c.seq)).all()

    before = rows()
    replay(stations, files_in([tmp_path]), opened, 0, lambda *_: None)
    assert rows() == before


# -- groups ----------------------------------------------------------------------------------------------------------


def person(**fields):
    return groups_of(Case(patient_id="p", now=NOW, demographics=Demographics(**fields)))


def test_groups_are_fixed_words_whatever_the_chart_says():
    assert person(language=CANARY, race=(CANARY,)) == {
        "sex": "not stated", "age": "not stated", "language": "other", "race": "other",
    }  # fmt: skip
    assert person(language="en-US", race=("2106-3",), sex="male")["race"] == "White"
    assert person(race=("White", "Asian"))["race"] == "more than one"
    assert person(language="es-MX")["language"] == "es"


@pytest.mark.parametrize(("years", "band"), [(15, "0 to 15"), (16, "16 to 39"), (89, "65 to 89"), (90, "90 and over")])
def test_an_age_is_a_band(years, band):
    born = When(start=NOW - timedelta(days=365.25 * years + 30), precision=Precision.DAY)
    assert person(birth=born)["age"] == band


# -- figures ---------------------------------------------------------------------------------------------------------


def test_the_figures_are_what_they_say():
    two = {"news2": Priority.HIGH, "red-flag-burn": Priority.HIGH}
    facts = [
        fact(),
        fact(Priority.HIGH),
        fact(Priority.HIGH, found=two, refusal="timeout", cards=4),
        fact(Priority.CRITICAL, found={"red-flag-burn": Priority.CRITICAL, "news2": Priority.LOW}),
    ]
    made = summary(facts, days=2)
    assert {name: share.hits for name, share in made.priorities.items()} == {
        "Critical": 1, "High": 2, "Medium": 0, "Low": 1,
    }  # fmt: skip
    assert made.per_day["High"] == 1
    news2, burn = made.rules
    assert (news2.rule, news2.fired.hits, news2.urgent.hits, news2.alone.hits) == ("news2", 3, 2, 1)
    assert (burn.rule, burn.fired.hits, burn.urgent.hits, burn.alone.hits) == ("red-flag-burn", 2, 2, 1)
    assert (made.refused.hits, made.refusals) == (1, {"timeout": 1})


def test_small_groups_and_small_counts_are_not_told():
    facts = [fact(Priority.HIGH, sex="male")] * 4 + [fact(sex="female")] * 20 + [fact(Priority.HIGH)] * 3
    made = summary(facts)
    women, men = made.groups
    assert (men.name, men.charts, men.urgent, men.difference) == ("male", None, None, None)
    assert (women.charts, women.urgent) == (23, None)
    assert "| sex: male | < 5 | too few to tell |" in for_page(made)


def test_a_group_that_is_told_urgent_more_often_is_found_and_a_chance_difference_is_not():
    apart = (
        [fact(Priority.HIGH, sex="male")] * 40 + [fact(sex="male")] * 10 + [fact()] * 40 + [fact(Priority.HIGH)] * 10
    )
    (verdict,) = [v for v in summary(apart).verdicts if v.limit.of == "difference"]
    assert (verdict.state, round(verdict.value, 2)) == (State.FAILS, 0.6)
    alike = [fact(Priority.HIGH, sex=sex) for sex in ("male", "female")] * 20 + [fact(sex="male"), fact()] * 22
    (verdict,) = [v for v in summary(alike).verdicts if v.limit.of == "difference"]
    assert (verdict.state, verdict.value) == (State.HOLDS, 0)


@pytest.mark.parametrize(
    ("hits", "of", "state"),
    [(0, 1000, State.HOLDS), (100, 1000, State.FAILS), (0, 10, State.OPEN), (2, 100, State.OPEN)],
)
def test_a_share_is_judged_by_its_interval(hits, of, state):
    (verdict,) = judge({"critical": wilson(hits, of)}, Setting.FAMILY_PRACTICE)
    assert verdict.state is state
    assert judge({"critical": wilson(hits, of)}, Setting.ED) == ()
    assert judge({"critical": wilson(0, 0)}, Setting.FAMILY_PRACTICE) == ()


def test_every_limit_says_why():
    assert all(isinstance(limit, Limit) and limit.why and limit.title for limit in limits())


def test_under_and_over_triage_are_counted_against_the_clinicians():
    facts = [fact(decided=Priority.HIGH), fact(Priority.HIGH, decided=Priority.LOW), fact(decided=Priority.LOW), fact()]
    made = summary(facts)
    assert (made.under.hits, made.over.hits, made.under.of) == (1, 1, 3)


# -- the ledger ------------------------------------------------------------------------------------------------------


@pytest.fixture
def service(tmp_path, built):
    settings = Settings(data_dir=tmp_path / "state", keys_file=tmp_path / "keys.json", model="none")
    migrate(settings.database)
    return assemble(settings, recorder=open_recorder(settings), gate=built.gate, retriever=built.retriever)


def call(service, rate):
    at = (datetime.now(UTC) - timedelta(minutes=5)).isoformat(timespec="seconds")
    breathing = observation("9279-1", rate, "/min", ucum="/min", at=at, category="vital-signs")
    body = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/1", "patientId": "p1"},
        "prefetch": {"patient": patient(), "observations": bundle(breathing, kind="searchset")},
    }
    assert app_of(service).test_client().post("/cds-services/patient-triage", json=body).status_code == 200


def read(service, *, groups):
    now = datetime.now(UTC)
    vault = service.recorder.vault if groups else None
    return read_past(
        service.recorder.database, now - timedelta(days=1), now + timedelta(minutes=1), lambda *_: None,
        vault=vault, now=now,
    )  # fmt: skip


def vault_reads(service):
    with service.recorder.database.transaction(write=False) as tx:
        return len(tx.execute(select(audit_event.c.seq).where(audit_event.c.kind == "vault-read")).all())


def test_a_week_of_the_ledger_is_read_with_what_clinicians_answered(service):
    call(service, 34)
    call(service, 14)
    with service.recorder.database.transaction() as tx:
        first = tx.execute(select(card.c.uuid).where(card.c.kind == "floor")).scalar_one()
        tx.execute(update(answer).values(shadowed=[{"rule": "long-qt", "priority": "High"}]))
        row = {"id": "fb-1", "card": first, "fingerprint": "f", "outcome": "overridden", "suggestions": []}
        tx.execute(insert(feedback), row | {"outcome_at": NOW, "received_at": NOW})
    past = read(service, groups=False)
    assert sorted(f.floor for f in past.facts) == [Priority.LOW, Priority.HIGH]
    assert past.days == 1
    assert all(f.found["long-qt"] is Priority.HIGH for f in past.facts), "what ran in shadow is counted too"
    (high,) = [f for f in past.facts if f.urgent]
    assert ("news2", False) in high.feedback
    assert high.milliseconds
    assert high.groups == {}
    assert vault_reads(service) == 0
    made = summary(past.facts, days=past.days)
    assert made.per_day["High"] == 1
    assert {r.rule: r.accepted.of for r in made.rules}["news2"] == 1


def test_groups_of_the_ledger_open_charts_and_each_is_audited(service):
    call(service, 34)
    past = read(service, groups=True)
    assert past.facts[0].groups["sex"] == "female"
    assert vault_reads(service) == 1


# -- the command -----------------------------------------------------------------------------------------------------


def test_the_command_writes_json_page_and_figure_without_a_word_of_the_charts(stations, tmp_path, monkeypatch):
    from contextlib import nullcontext

    charts = tmp_path / "charts"
    charts.mkdir()
    for number in range(3):
        (charts / f"{CANARY}-{number}.json").write_text(json.dumps(chart(34, race="White")))
    monkeypatch.setattr("cds_service.commands.validate_local._stations", lambda *_: nullcontext(stations))
    settings = Settings(data_dir=tmp_path / "state", keys_file=tmp_path / "keys.json", model="none")
    monkeypatch.setattr("cds_service.commands.validate_local.read_settings", lambda: settings)
    out = {name: tmp_path / f"out.{name}" for name in ("json", "md", "png")}
    made = CliRunner().invoke(
        validate_local,
        [str(charts), "--charts-per-day", "30", "--json", str(out["json"]), "--markdown", str(out["md"]),
         "--figure", str(out["png"])],
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    figures = json.loads(out["json"].read_text())
    assert figures["charts"] == 3
    assert figures["per_day"]["High"] == 30
    told = made.output + out["json"].read_text() + out["md"].read_text()
    assert CANARY not in told
    assert "2031" not in told
    assert out["png"].read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("words", [[], ["--ledger", "."]])
def test_the_command_wants_files_or_the_ledger(words):
    made = CliRunner().invoke(validate_local, words)
    assert made.exit_code == 2
    assert "Name files or folders, or --ledger" in made.output


def test_an_empty_ledger_is_one_clear_line(tmp_path, monkeypatch):
    settings = Settings(data_dir=tmp_path / "state", keys_file=tmp_path / "keys.json", model="none")
    monkeypatch.setattr("cds_service.commands.validate_local.read_settings", lambda: settings)
    made = CliRunner().invoke(validate_local, ["--ledger"])
    assert made.exit_code == 1
    assert "The ledger holds no answer of this time." in made.output


def test_a_figure_without_groups_is_drawn(tmp_path):
    draw(tmp_path / "f.svg", summary([fact()]))
    assert "<svg" in (tmp_path / "f.svg").read_text()

"""Requests replayed beside the priorities that people gave: every figure, what is left out, what is never written."""

import csv
import gzip
import json
from datetime import datetime

import pytest
from click.testing import CliRunner
from sklearn.metrics import cohen_kappa_score

from cds_service.cards import EXTENSION
from cds_service.commands.evaluate_triage import triage
from cds_service.domain import Citation, Finding, Priority
from cds_service.evaluation.triage.cases import missed, yields
from cds_service.evaluation.triage.drafts import with_answer
from cds_service.evaluation.triage.measures import LEVELS, Given, by_nurse, measure
from cds_service.evaluation.triage.replay import Outcome, clock, replay
from cds_service.evaluation.triage.report import halves, report
from cds_service.evaluation.triage.visits import Label, UnreadableVisits, hook_call, label_of, read_visits
from cds_service.settings import Setting
from tests.support.fhir_values import NOW, bundle, encounter, observation, patient

C, H, M, L = Priority.CRITICAL, Priority.HIGH, Priority.MEDIUM, Priority.LOW
THEN = "2017-03-15T10:00:00+09:00"


def request(name, complaint="itchy elbow", *, rate=14, at=THEN):
    me = {"reference": f"Patient/{name}"}
    return {
        "hook": "patient-view",
        "hookInstance": "00000000-0000-4000-8000-000000000001",
        "context": {"userId": "Practitioner/n", "patientId": name, "encounterId": "e1"},
        "prefetch": {
            "patient": patient(id=name, birthDate="1949"),
            "encounter": encounter(start=at, reasonCode=[{"text": complaint}]) | {"subject": me},
            "observations": bundle(
                observation("9279-1", rate, "/min", ucum="/min", at=at, category="vital-signs") | {"subject": me}
            ),
        },
    }


def finding(rule, priority):
    citation = Citation(title="A rule", publisher="A society", year=2020)
    return Finding(rule=rule, version="1", priority=priority, title="T", reason="R.", citation=citation)


def outcome(name, gold, given, *findings, nurse=None):
    return Outcome(
        id=name, gold=label_of(gold), nurse=label_of(nurse) if nurse else None, priority=given, score=float(given),
        findings=findings, not_evaluated=(), unheeded=("stroke-signs (negated)",), complaint="Mr. Canary fell",
    )  # fmt: skip


@pytest.fixture
def files(tmp_path):
    """Four good visits, and one of each thing that can be wrong."""
    lines = [
        json.dumps(request("v1", "crushing chest pain", rate=32)),
        "{not json",
        json.dumps(request("v2", "canary complaint of the elbow")),
        json.dumps({**request("v9"), "context": {"userId": "Practitioner/n"}}),
        json.dumps(request("v3")),
        json.dumps(request("v3", "again")),
        json.dumps(request("v4")),
        json.dumps(request("stranger")),
        json.dumps({**request("v6"), "prefetch": {}}),
    ]
    requests = tmp_path / "visits.jsonl.gz"
    requests.write_bytes(gzip.compress("\n".join(lines).encode()))
    gold = tmp_path / "gold.csv"
    gold.write_text("id,ktas_expert,ktas_nurse\nv1,2,2\nv2,2,3\nv3,5,\nv4,4,4\nv5,3,3\nv6,3,3\nv7,9,1\nv3,1,1\n")
    return requests, gold


def test_bad_lines_and_unmatched_ids_cost_only_themselves_and_are_told(files):
    found = read_visits(*files)
    assert [v.id for v in found.visits] == ["v1", "v2", "v3", "v4", "v6"]
    assert [(p.place, p.reason) for p in found.problems] == [
        ("gold.csv, line 8", "a priority of this row is none"),
        ("gold.csv, line 9", "the id is missing or stands there twice; the first row counts"),
        ("visits.jsonl.gz, line 2", "the body is not JSON"),
        ("visits.jsonl.gz, line 4", "context.patientId must be a string"),
        ("visits.jsonl.gz, line 6", "the same patient again; the first request counts"),
        ("stranger", "has no priority in the gold file"),
        ("v5", "has no usable request"),
    ]
    outcomes, problems = replay(found.visits, Setting.ED, clock("each"), lambda share: None)
    assert len(outcomes) == 4
    assert [p.place for p in problems] == ["v6"]


def test_requests_without_a_usable_patient_are_no_measurement(files):
    broken = [v for v in read_visits(*files).visits if v.id == "v6"]
    with pytest.raises(UnreadableVisits, match="patient that can be used"):
        replay(broken, Setting.ED, clock("each"), lambda share: None)


def test_ktas_is_mapped_to_our_levels_and_a_gold_file_may_name_them_itself(tmp_path, files):
    labels = [v.gold.priority for v in read_visits(*files).visits]
    assert labels == [H, H, L, L, M]
    own = tmp_path / "own.csv"
    own.write_text("id,priority\nv1,critical\nv2, High \nv4,None\n")
    assert [v.gold.priority for v in read_visits(files[0], own).visits] == [C, H]


@pytest.mark.parametrize(
    ("gold", "said"),
    [("who,ktas_expert\nv1,2\n", "needs a column id"), ("id,ktas_expert\nv99,2\n", "no visit in common")],
)
def test_files_that_are_wrong_as_a_whole_are_refused(tmp_path, files, gold, said):
    path = tmp_path / "other.csv"
    path.write_text(gold)
    with pytest.raises(UnreadableVisits, match=said):
        read_visits(files[0], path)


def test_the_clock_of_each_request_makes_old_visits_current_and_todays_makes_them_stale(files):
    visits = read_visits(*files).visits[:2]
    urgent = lambda at: [o.priority >= H for o in replay(visits, Setting.ED, at, lambda share: None)[0]]  # noqa: E731
    assert urgent(clock("each")) == [True, False]
    assert urgent(clock("2017-03-15T10:05:00+09:00")) == [True, False]
    assert urgent(lambda _: NOW) == [False, False]
    assert clock("2017-03-15T01:05:00")(visits[0].call) == datetime.fromisoformat("2017-03-15T10:05:00+09:00")


def test_every_figure_is_what_it_says():
    pairs = [(C, C), (H, C), (H, H), (H, M), (M, M), (M, H), (L, L), (L, L), (L, M), (L, L)]
    made = measure([Given(gold=g, priority=p, score=float(p)) for g, p in pairs])
    assert (made.sensitivity.hits, made.sensitivity.of) == (3, 4)
    assert (made.specificity.hits, made.specificity.of) == (5, 6)
    assert (made.under.hits, made.over.hits, made.exact.hits) == (1, 3, 6)
    assert made.confusion == ((1, 0, 0, 0), (1, 1, 1, 0), (0, 1, 1, 0), (0, 0, 1, 3))
    expected = cohen_kappa_score([g for g, _ in pairs], [p for _, p in pairs], weights="quadratic", labels=LEVELS)
    assert made.kappa.value == pytest.approx(expected)
    assert made.kappa.low < made.kappa.value < made.kappa.high
    assert made.sensitivity.low < 0.75 < made.sensitivity.high


def test_the_threshold_is_the_lowest_that_keeps_the_specificity():
    urgent = [Given(gold=H, priority=H, score=s) for s in (5, 4, 3, 2)]
    others = [Given(gold=L, priority=L, score=s) for s in (3.5, *[1] * 9)]
    made = measure([*urgent, *others])
    assert (made.at_specificity.hits, made.specificity_there.hits) == (4, 9)
    made = measure([*urgent, *others[:9]])  # one of nine is more than a tenth
    assert (made.at_specificity.hits, made.specificity_there.hits) == (2, 9)


def test_figures_that_nothing_defines_are_none_and_no_crash():
    made = measure([Given(gold=L, priority=L, score=1.0)])
    assert (made.sensitivity.value, made.kappa.value, made.specificity.hits) == (None, None, 1)
    assert by_nurse([outcome("v", L, L)]) is None


def test_a_missed_urgent_visit_names_what_fired_and_what_was_read_but_not_counted():
    cases = [
        outcome("later", H, M, finding("news2", M), nurse=H),
        outcome("first", C, L),
        outcome("found", H, H, finding("a", H)),
        outcome("calm", L, L),
    ]
    made = missed(cases)
    assert [m.id for m in made] == ["first", "later"]
    assert (made[1].fired, made[1].nurse, made[1].floor) == (("news2 Medium",), "High", "Medium")
    assert made[0].unheeded == ("stroke-signs (negated)",)


def test_the_yield_of_a_rule_counts_what_it_found_alone():
    cases = [
        outcome("1", H, C, finding("a", C), finding("b", H)),
        outcome("2", H, H, finding("a", H), finding("b", L)),
        outcome("3", L, H, finding("b", H)),
    ]
    rows = {y.rule: (y.fired, y.raised, y.urgent, y.alone, y.wrong_alone) for y in yields(cases)}
    assert rows == {"a": (2, 2, 2, 1, 0), "b": (3, 2, 1, 0, 1)}


def test_halves_are_fixed_by_the_id_and_share_no_visit():
    cases = [outcome(f"v{n}", L, L) for n in range(40)]
    parts = halves(cases)
    names = {part: {o.id for o in found} for part, found in parts.items()}
    assert names["half A"] | names["half B"] == names["all"]
    assert not names["half A"] & names["half B"]
    assert halves(cases[::-1])["half A"] == parts["half A"][::-1]
    assert min(len(names["half A"]), len(names["half B"])) > 10


def test_with_the_model_on_the_answers_priority_counts_and_the_drafts_are_told():
    assessment = {"status": "ready", "priority": "High"}
    body = {"extension": {EXTENSION: {"priority": "Critical", "assessment": assessment}}}
    joined = with_answer(outcome("1", H, H), body)
    assert (joined.priority, joined.drafted.priority) == (C, H)
    made = report("n", Setting.ED, {"all": [joined]}, as_of="each", made=NOW)
    assert (made.drafted, made.drafts_exact) == ({"ready": 1}, 1)


def test_the_command_writes_everything_and_no_word_of_a_complaint_but_where_asked(files, tmp_path):
    out = {name: str(tmp_path / name) for name in ("o.json", "o.md", "o.png", "cases.jsonl")}
    arguments = [*map(str, files), "--setting", "ed", "--halves", "--json", out["o.json"], "--markdown", out["o.md"]]
    arguments += ["--figure", out["o.png"], "--verbose-cases", out["cases.jsonl"]]
    result = CliRunner().invoke(triage, arguments)
    assert result.exit_code == 0, result.output
    data = json.loads((tmp_path / "o.json").read_text())
    figures = data["parts"][0]
    assert (figures["service"]["sensitivity"]["hits"], figures["service"]["sensitivity"]["of"]) == (1, 2)
    assert figures["nurse"]["visits"] == 3
    assert [m["id"] for m in data["missed"]] == ["v2"]
    assert {p["place"] for p in data["problems"]} >= {"v5", "v6", "visits.jsonl.gz, line 2"}
    assert "v2: expert High, nurse Medium, service" in result.output
    assert "left out: v5: has no usable request" in " ".join(result.output.split())
    page = (tmp_path / "o.md").read_text()
    assert "<!-- figures triage ed: begin -->" in page
    assert "canary" not in page + result.output + json.dumps(data)
    assert "canary complaint" in (tmp_path / "cases.jsonl").read_text()
    assert (tmp_path / "o.png").read_bytes().startswith(b"\x89PNG")
    (tmp_path / "o.md").write_text(f"# Mine\n{page}The end.\n")
    assert CliRunner().invoke(triage, arguments).exit_code == 0
    again = (tmp_path / "o.md").read_text()
    assert (again.startswith("# Mine\n"), again.endswith("The end.\n"), again.count("half A")) == (True, True, 1)


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--as-of", "yesterday"], 2, "ISO date-time"),
        (["--json", "no/where.json"], 2, "folder does not exist"),
        (["--figure", "f.gif"], 2, "must end in"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_replayed(files, more, code, said):
    result = CliRunner().invoke(triage, [*map(str, files), "--setting", "ed", *more])
    assert (result.exit_code, said in result.output) == (code, True)


def test_a_page_without_marks_is_not_overwritten(files, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Mine\n")
    result = CliRunner().invoke(triage, [*map(str, files), "--setting", "ed", "--markdown", str(page)])
    assert (result.exit_code, page.read_text()) == (1, "# Mine\n")
    assert "has no marks" in result.output


def test_without_a_model_asking_for_one_is_a_clear_error(files, monkeypatch):
    monkeypatch.setenv("CDS_MODEL", "none")
    result = CliRunner().invoke(triage, [*map(str, files), "--setting", "ed", "--model", "on"])
    assert result.exit_code == 1
    assert "CDS_MODEL=none" in result.output.splitlines()[-1]


def test_a_label_of_ktas_keeps_its_fineness():
    assert label_of(H) == Label(priority=H, fineness=3.0)
    assert hook_call(request("v1")).context.patient_id == "v1"


@pytest.mark.timeout(60)
def test_the_shared_visits_all_join_and_the_nurse_stands_where_the_gold_says(shared_data):
    folder = shared_data / "triage"
    found = read_visits(folder / "ktas_dev_patient_view_requests.jsonl.gz", folder / "ktas_dev_gold.csv")
    with (folder / "ktas_dev_gold.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert (len(found.visits), found.problems) == (len(rows), ())
    outcomes, problems = replay(found.visits[:25], Setting.ED, clock("each"), lambda share: None)
    assert (len(outcomes), problems) == (25, [])
    urgent = [r for r in rows[:25] if int(r["ktas_expert"]) <= 2]
    seen = sum(int(r["ktas_nurse"]) <= 2 for r in urgent)
    nurse = by_nurse(outcomes)
    assert (nurse.sensitivity.hits, nurse.sensitivity.of) == (seen, len(urgent))

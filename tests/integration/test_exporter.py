"""Reviewed cases of a clinic become a training set: what is in it, what stays out, and that it can be interrupted."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from anonymization.policy import PROFILES
from cds_service.bootstrap import open_similarity
from cds_service.domain import Priority
from cds_service.errors import CdsError
from cds_service.export.check import check_export
from cds_service.export.errors import ExportRefused, ExportStopped
from cds_service.export.exporter import Exporter
from cds_service.export.values import Approval, Order, Profile, Scope
from cds_service.review.reasons import OFFERED_REASONS
from cds_service.review.values import Decision, Symptom, Verdict
from tests.support.review_scene import WELL, Scene, body_of
from tests.support.review_values import WORDS as BASE

NOW = datetime(2031, 3, 4, 10, 30, tzinfo=UTC)
APPROVED = (Approval(account="acct-1", role="compliance", declared="no-actual-knowledge", at=NOW),)
DRAFT = {
    "priority_reason": "Chest pressure with sweating.",
    "key_concerns": ("Chest pain",),
    "risk_factors": (),
    "questions": ("When did the chest pressure start?",),
    "assessment": "Chest pressure may have a serious cause. Emergency response is needed now.",
}
"""What the model said of the first patient, and the clinician confirmed."""

OWN = replace(
    BASE,
    history="Nemosdottir has been to the emergency department since Tuesday; her daughter called.",
    symptoms=(Symptom(name="chest pressure", duration="2 hours", severity=6),),
    assessment="Chest pressure may have a serious cause: call 911 now.",
    justification="Chest pressure with sweating.",
    note="Nora Quill spoke to the family, 555-010-4477.",
)
"""What the clinician wrote of the second, of whom no draft was shown."""


def quiet(_stage, _share):
    pass


def decided(scene):
    """Three fictional patients: of one the draft is confirmed, of one a note is written, one is dismissed."""
    chest = {"complaint": "chest pressure for two hours, sweating", "vitals": WELL, "drop": ("documents", "intake")}
    scene.worker_lives()
    scene.hook(body_of(scene.at, **chest))
    scene.finish_jobs(**DRAFT)
    decide(scene, Verdict.CONFIRM, BASE)
    scene.hook(body_of(scene.at, patient="demo-2", name=("Nemosdottir", "Ingeborg"), **chest))
    scene.finish_jobs(reasons=("grounding: a sentence is not covered by the evidence",))
    decide(scene, Verdict.CONFIRM, OWN, edited=True)
    scene.hook(body_of(scene.at, patient="demo-3", name=("Fabula", "Thaddeus"), **chest))
    decide(scene, Verdict.DISMISS, BASE, reason=OFFERED_REASONS[0][1])
    return scene


def decide(scene, verdict, words, *, reason=None, edited=False):
    (case,) = scene.cases()
    signed = Decision(verdict=verdict, priority=None, reason=reason, notes=words, signature=scene.physician.name,
                      seen=case.version, edited=edited)  # fmt: skip
    scene.clinic.reviews.decide(case.id, signed, scene.physician, scene.at + timedelta(minutes=5))


@pytest.fixture(scope="module")
def similarity():
    return open_similarity()


@pytest.fixture(scope="module")
def whole(built, similarity, tmp_path_factory):
    """A decided clinic; tests take copies of it."""
    return decided(Scene(tmp_path_factory.mktemp("whole"), built, now=NOW))


@pytest.fixture
def scene(whole):
    return whole


def exporter(scene, built, similarity, *, now=NOW + timedelta(days=2), **changed):
    settings = scene.clinic.settings.model_copy(update=changed)
    return Exporter(
        scene.recorder.database, scene.recorder.vault, scene.clinic.rights, settings=settings,
        retriever=built.retriever, similarity=similarity, now=lambda: now,
    )  # fmt: skip


def order(number=1, **changed):
    scope = Scope(since=NOW - timedelta(days=1), until=NOW + timedelta(days=1))
    return replace(
        Order(id=f"exp-{number}", scope=scope, profile=Profile.SAFE_HARBOR, purpose="To tune.", recipient="The clinic"),
        **changed,
    )


def run(made, wanted, folder, *, stopped=lambda: False):
    return made.run(
        wanted, folder, approvals=APPROVED, now=NOW + timedelta(days=2), actor="export:1", show=quiet, stopped=stopped
    )


@pytest.fixture(scope="module")
def written(whole, built, similarity, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "set"
    return folder, run(exporter(whole, built, similarity), order(), folder)


def lines(folder):
    return [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]


def test_a_set_holds_what_was_decided_and_says_what_was_left_out(written, whole):
    folder, said = written
    assert (said.rows, said.subjects, dict(said.left_out)) == (2, 2, {"dismissed": 1})
    assert check_export(folder, whole.recorder.vault.keys.public_keys()) == ()
    assert [row["priority"] for row in lines(folder)] == ["Critical", "Critical"]
    assert {p.name for p in folder.iterdir()} == {
        "train.jsonl", "train.parquet", "manifest.json", "manifest.sig.json", "card.md", "risk.json", "risk.md",
        "risk.png", "check-sheet.csv",
    }  # fmt: skip


def test_a_note_is_the_confirmed_draft_or_the_clinicians_own_words(written):
    folder, _ = written
    notes = [json.loads(row["messages"][2]["content"]) for row in lines(folder)]
    assert {n["assessment"] for n in notes} == {
        DRAFT["assessment"],
        "Chest pressure may have a serious cause, call 911 now.",
    }
    assert all(n["priority"] == "Critical" and n["actions"] for n in notes)


def test_nothing_of_a_person_is_in_any_file(written):
    folder, _ = written
    whole_text = b"".join(p.read_bytes() for p in folder.iterdir()).decode("utf-8", "replace")
    names = ("Fictiva", "Rosalind", "Thaddeus", "Ingeborg", "Nemosdottir", "Quill", "Marlowe")
    for canary in (*names, "555-010", "4477", "demo-1", "demo-2", "subj-"):
        assert canary not in whole_text, canary


def test_what_was_written_is_scrubbed_like_any_text(written):
    folder, _ = written
    told = next(w for row in lines(folder) if (w := {x["field"]: x["text"] for x in row["written"]}) and "note" in w)
    assert "has been to the emergency department" in told["history"]
    assert "spoke to the family" in told["note"]


def test_parquet_holds_the_same_rows(written):
    folder, _ = written
    assert [dict(r) for r in pq.read_table(folder / "train.parquet").to_pylist()] == lines(folder)


def test_data_build_train_and_datasets_read_it(written, tmp_path):
    from datasets import load_dataset

    from cds_service.training.build.outside import clinic_examples

    folder, _ = written
    found = list(clinic_examples([folder / "train.jsonl"], lambda place, reason: pytest.fail(f"{place}: {reason}")))
    assert [e.patient for e in found] == [r["patient"] for r in lines(folder)]
    read = load_dataset("json", data_files=str(folder / "train.jsonl"), split="train", cache_dir=str(tmp_path))
    assert [m["role"] for m in read[0]["messages"]] == ["system", "user", "assistant"]


def test_equal_code_tables_give_equal_bytes_and_another_export_other_codes(written, whole, built, similarity, tmp_path):
    folder, _ = written
    run(exporter(whole, built, similarity), order(), tmp_path / "again")
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name
    run(exporter(whole, built, similarity), order(2), tmp_path / "other")
    assert not {r["patient"] for r in lines(folder)} & {r["patient"] for r in lines(tmp_path / "other")}


def test_a_stopped_run_goes_on_and_gives_the_same(written, whole, built, similarity, tmp_path):
    folder, _ = written
    asked = iter((False, True))
    with pytest.raises(ExportStopped):
        run(exporter(whole, built, similarity), order(), tmp_path / "set", stopped=lambda: next(asked))
    assert not (tmp_path / "set").exists()
    with (tmp_path / ".set.part" / "cases.jsonl").open("a") as torn:
        torn.write('{"case": "half')
    run(exporter(whole, built, similarity), order(), tmp_path / "set")
    assert (tmp_path / "set" / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes()
    assert not (tmp_path / ".set.part").exists()


def test_a_full_disk_leaves_nothing_that_looks_whole(whole, built, similarity, tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("cds_service.export.exporter.write_parquet", full)
        with pytest.raises(OSError, match="No space"):
            run(exporter(whole, built, similarity), order(), tmp_path / "set")
    assert not (tmp_path / "set").exists()
    assert run(exporter(whole, built, similarity), order(), tmp_path / "set").rows == 2


def test_who_opts_out_while_it_is_made_is_left_out(built, similarity, tmp_path):
    scene = decided(Scene(tmp_path, built, now=NOW))
    made = exporter(scene, built, similarity)
    asked = iter((False, True))
    with pytest.raises(ExportStopped):
        run(made, order(), tmp_path / "set", stopped=lambda: next(asked))
    scene.clinic.rights.opt_out("fictional-ehr", "demo-1", reason="patient-request", actor="user:acct-1", now=NOW)
    said = run(made, order(), tmp_path / "set")
    assert said.left_out["opted out"] == 1
    assert said.rows == 1


def test_a_changed_file_and_a_foreign_signature_are_told(written, whole, tmp_path):
    folder, _ = written
    keys = whole.recorder.vault.keys.public_keys()
    shutil.copytree(folder, tmp_path / "set")
    (tmp_path / "set" / "card.md").write_text("all is well")
    (tmp_path / "set" / "extra.txt").write_text("more")
    assert check_export(tmp_path / "set", keys) == ("card.md: was changed", "extra.txt: does not belong to it")
    assert "not known here" in check_export(folder, {})[0]
    manifest = tmp_path / "set" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"rows": 2', b'"rows": 3'))
    assert any("signature does not fit" in p for p in check_export(tmp_path / "set", keys))


def test_two_at_once_and_a_foreign_folder_are_refused(whole, built, similarity, tmp_path):
    import fcntl

    (tmp_path / ".set.part").mkdir()
    with (tmp_path / ".set.part" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(CdsError, match="another process"):
            run(exporter(whole, built, similarity), order(), tmp_path / "set")
    (tmp_path / "mine").mkdir()
    with pytest.raises(CdsError, match="something else"):
        run(exporter(whole, built, similarity), order(), tmp_path / "mine")


def test_a_preview_counts_shows_rows_and_mints_no_code(whole, built, similarity):
    made = exporter(whole, built, similarity)
    seen = made.preview(order(9), now=NOW + timedelta(days=2), actor="export:1")
    assert (seen.counts.cases, seen.counts.by_verdict, seen.counts.left_out) == (2, {"confirm": 2}, {"dismissed": 1})
    assert {r["patient"] for r in seen.rows} == {"patient-1", "patient-2"}
    with whole.recorder.database.transaction() as tx:
        assert whole.recorder.vault.forget_export(tx, export="exp-9", now=NOW, actor="user:acct-1") == 0


def test_scope_narrows(whole, built, similarity):
    made = exporter(whole, built, similarity)
    narrowed = replace(order().scope, priorities=frozenset({Priority.CRITICAL}))
    assert made.count(order(scope=narrowed), NOW).cases == 2
    past = replace(order().scope, since=NOW - timedelta(days=9), until=NOW - timedelta(days=8))
    assert made.count(order(scope=past), NOW).cases == 0


def test_expert_determination_needs_one_and_its_threshold_is_enforced(whole, built, similarity, tmp_path):
    wanted = order(3, profile=Profile.EXPERT_DETERMINATION)
    with pytest.raises(ExportRefused) as refused:
        run(exporter(whole, built, similarity), wanted, tmp_path / "set")
    assert refused.value.reason == "no-determination"
    policy = tmp_path / "expert.toml"
    text = PROFILES["expert-determination"].read_text()
    for empty, told in (
        ('expert = ""', 'expert = "E. Xpert, statistician"'),
        ('date = ""', 'date = "2030-01-01"'),
        ('method = ""', 'method = "As documented."'),
        ("threshold = 0", "threshold = 0.5"),
    ):
        text = text.replace(empty, told)
    policy.write_text(text)
    with pytest.raises(ExportRefused) as refused:
        run(exporter(whole, built, similarity, export_policy_file=policy), wanted, tmp_path / "set")
    assert refused.value.reason == "risk-too-few-subjects"
    assert not (tmp_path / "set").exists()
    few = exporter(whole, built, similarity, export_policy_file=policy, export_min_k=2, export_most_suppressed=0.5)
    said = run(few, order(4, profile=Profile.EXPERT_DETERMINATION), tmp_path / "two")
    assert said.rows + sum(said.left_out.values()) == 3
    assert all(r["year"] is None and r["written"] == [] for r in lines(tmp_path / "two"))
    assert (tmp_path / "two" / "train.jsonl").stat().st_mode & 0o077 == 0

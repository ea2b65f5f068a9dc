"""Reviewed cases of a clinic become a training set: what is in it, what stays out, and that it can be interrupted."""

import json
import os
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from cryptography.exceptions import InvalidSignature

from anonymization.deidentified import DeidentifiedFact
from anonymization.policy import PROFILES
from cds_service.bootstrap import open_similarity
from cds_service.domain import Priority
from cds_service.errors import CdsError
from cds_service.export.check import check_export
from cds_service.export.completion import taught
from cds_service.export.errors import ExportRefused, ExportStopped
from cds_service.export.exporter import WRITING, Exporter
from cds_service.export.left_out import Reason
from cds_service.export.select import selected
from cds_service.export.values import Approval, Order, Profile, Scope
from cds_service.retrieval.notes import best_of_notes
from cds_service.review.reasons import OFFERED_REASONS
from cds_service.review.values import Verdict
from tests.support.export_scene import CHEST, DRAFT, OWN, decide, decided
from tests.support.review_scene import Scene, body_of

NOW = datetime(2031, 3, 4, 10, 30, tzinfo=UTC)
APPROVED = (Approval(account="acct-1", role="compliance", declared="no-actual-knowledge", at=NOW),)


def quiet(_stage, _share):
    pass


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


def counts(scene, wanted, now):
    with scene.recorder.database.transaction(write=False) as tx:
        return selected(tx, wanted, frozenset(), now).counts()


def lines(folder):
    with (folder / "train.jsonl").open() as file:
        return [json.loads(line) for line in file]


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
    content = b"".join(p.read_bytes() for p in folder.iterdir()).decode("utf-8", "replace")
    whole_text = re.sub("[0-9a-f]{32,}", "", content)  # codes and hashes hold any four digits now and then
    names = ("Fictiva", "Rosalind", "Thaddeus", "Ingeborg", "Nemosdottir", "Quill", "Marlowe")
    for canary in (*names, "555-010", "4477", "4478", "demo-1", "demo-2", "subj-"):
        assert canary not in whole_text, canary


def test_what_was_written_is_scrubbed_like_any_text(written):
    folder, _ = written
    told = next(w for row in lines(folder) if (w := {x["field"]: x["text"] for x in row["written"]}) and "note" in w)
    assert "has been to the emergency department" in told["history"]
    assert "spoke to the family" in told["note"]
    assert "she was told before" in told["comment"]


def test_a_line_says_what_came_of_the_cards_and_whose_the_note_is(written):
    folder, _ = written
    rows = {row["note"]: row for row in lines(folder)}
    assert {note: (r["accepted"], r["overridden"]) for note, r in rows.items()} == {
        "draft": (0, 0),
        "own words": (0, 1),
    }
    assert rows["own words"]["override_reasons"] == [OFFERED_REASONS[0][1]]
    assert rows["draft"]["passages"]
    assert rows["draft"]["passages_not_found"] == []


def test_why_others_are_left_out(built, similarity, tmp_path):
    """A patient each: a label, an assessment that names, a priority below the floor, no words, a sign, no ground."""
    scene = Scene(tmp_path, built, now=NOW)
    labelled = body_of(scene.at, **CHEST)
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    labelled["prefetch"]["observations"]["entry"][0]["resource"]["meta"] = {"security": [label]}
    scene.hook(labelled)
    decide(scene, Verdict.CONFIRM, OWN)
    named = replace(OWN, assessment="Nemosdottir may have a serious cause: call 911 now.")
    for patient, (verdict, words, priority) in enumerate(
        (
            (Verdict.CONFIRM, named, None),
            (Verdict.CHANGE, OWN, Priority.LOW),
            (Verdict.CONFIRM, replace(OWN, assessment="..."), None),
            (Verdict.CONFIRM, replace(OWN, assessment="?Cardiac"), None),
            (Verdict.CONFIRM, replace(OWN, assessment="The left ankle may be broken after a fall."), None),
        )
    ):
        scene.hook(body_of(scene.at, patient=f"odd-{patient}", name=("Nemosdottir", "Ingeborg"), **CHEST))
        decide(scene, verdict, words, priority=priority)
    seen = exporter(scene, built, similarity).preview(order(), now=NOW + timedelta(days=2), actor="export:1")
    assert {reason.removeprefix("of 6 looked at: "): n for reason, n in seen.counts.left_out.items()} == {
        Reason.LABELLED: 1,
        Reason.NAMED: 1,
        Reason.BELOW_FLOOR: 1,
        Reason.NO_NOTE: 1,
        Reason.NOT_WRITABLE: 1,
        f"{Reason.CHECKS}: grounding": 1,
    }
    with pytest.raises(ExportRefused) as refused:
        run(exporter(scene, built, similarity), order(), tmp_path / "set")
    assert refused.value.reason == "nothing-to-export"


SIGNS = replace(
    OWN,
    history='Says "pressing" [again] {on and off} <2 h; caf\u00e9 \U0001f62c\u2028=1+1 ' + "and it went on " * 200,
    assessment="Chest pressure \u2013 \u201clike never before\u201d \u2013 may have a serious cause; call 911 now!",
)
"""Words with every sign that a file, a table or a contract could stumble over."""


def test_two_cases_of_one_patient_have_one_code_and_odd_signs_arrive_whole(built, similarity, tmp_path):
    scene = Scene(tmp_path, built, now=NOW)
    for words in (OWN, SIGNS):
        scene.hook(body_of(scene.at, patient="demo-2", name=("Nemosdottir", "Ingeborg"), **CHEST))
        decide(scene, Verdict.CONFIRM, words)
        scene.later(hours=scene.clinic.settings.review_quiet_hours + 1)
    period = replace(order().scope, until=scene.at)
    said = run(exporter(scene, built, similarity), order(scope=period), tmp_path / "set")
    first, second = lines(tmp_path / "set")
    assert (said.rows, said.subjects, first["patient"]) == (2, 1, second["patient"])
    assert [row["id"] for row in (first, second)] == [f"{first['patient']}-1", f"{first['patient']}-2"]
    assert "like never before" in second["messages"][2]["content"]
    told = {w["field"]: w["text"] for w in second["written"]}["history"]
    assert told.startswith('Says "pressing" [again] {on and off} <2 h; caf\u00e9')
    assert [dict(r) for r in pq.read_table(tmp_path / "set" / "train.parquet").to_pylist()] == [first, second]


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("cds_service.export.prepared.GATE_S", 0.0, Reason.NOT_DEIDENTIFIED),
        ("cds_service.export.maker.identifiers", lambda text: ("name",) if "pressure" in text else (), Reason.LEAK),
        ("cds_service.export.prepared.floor_of", lambda _findings: Priority.LOW, Reason.RULES_CHANGED),
    ],
)
def test_what_fails_on_the_way_is_left_out_and_counted(whole, built, similarity, monkeypatch, place, value, reason):
    monkeypatch.setattr(place, value)
    seen = exporter(whole, built, similarity).preview(order(), now=NOW + timedelta(days=2), actor="export:1")
    assert (seen.rows, seen.counts.left_out[f"of 2 looked at: {reason}"]) == ((), 2)


def test_what_is_past_its_retention_is_left_out_and_a_legal_hold_neither_keeps_nor_adds_anything(
    whole, built, similarity
):
    rights = whole.clinic.rights
    hold = rights.hold("fictional-ehr", "demo-1", reason="litigation", actor="user:acct-1", now=NOW)
    late = NOW + timedelta(days=whole.clinic.settings.vault_retention_days + 1)
    assert counts(whole, order(), NOW).cases == 2
    assert counts(whole, order(), late).left_out == {Reason.DISMISSED: 1, Reason.PAST_RETENTION: 2}
    rights.release(hold.id, actor="user:acct-1", now=NOW)


def test_parquet_holds_the_same_rows(written):
    folder, _ = written
    assert [dict(r) for r in pq.read_table(folder / "train.parquet").to_pylist()] == lines(folder)


def test_data_build_train_and_datasets_read_it(written, tmp_path):
    from datasets import load_dataset

    from cds_service.training.build.outside import clinic_examples
    from cds_service.training.tuning.data_files import read_data

    folder, _ = written
    rows = lines(folder)
    found = list(clinic_examples([folder / "train.jsonl"], lambda place, reason: pytest.fail(f"{place}: {reason}")))
    assert [e.patient for e in found] == [r["patient"] for r in rows]
    for name in ("train", "validation"):
        shutil.copy(folder / "train.jsonl", tmp_path / f"{name}.jsonl")
    hashes = dict.fromkeys(
        ("train.jsonl", "validation.jsonl"), sha256((folder / "train.jsonl").read_bytes()).hexdigest()
    )
    (tmp_path / "manifest.json").write_text(json.dumps({"files": hashes}))
    assert [line.completion for line in read_data(tmp_path).train] == [r["messages"][2]["content"] for r in rows]
    for kind, name in (("json", "train.jsonl"), ("parquet", "train.parquet")):
        read = load_dataset(kind, data_files=str(folder / name), split="train", cache_dir=str(tmp_path / kind))
        assert [read[n]["messages"] for n in range(2)] == [r["messages"] for r in rows]


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
        torn.write('{"case": "of another form", "prepared": 3}\n{"case": "half')
    run(exporter(whole, built, similarity), order(), tmp_path / "set")
    assert (tmp_path / "set" / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes()
    assert not (tmp_path / ".set.part").exists()


def test_cases_that_other_versions_prepared_are_prepared_anew(whole, built, similarity, tmp_path):
    asked = iter((False, True))
    with pytest.raises(ExportStopped):
        run(exporter(whole, built, similarity), order(), tmp_path / "set", stopped=lambda: next(asked))
    head = tmp_path / ".set.part" / "begun.json"
    said = json.loads(head.read_text())
    head.write_text(json.dumps(said | {"versions": said["versions"] | {"policy": "another"}}))
    (kept,) = (tmp_path / ".set.part" / "cases.jsonl").read_text().splitlines()
    changed = kept.replace("chest pressure", "toothache")
    (tmp_path / ".set.part" / "cases.jsonl").write_text(changed + "\n")
    run(exporter(whole, built, similarity), order(), tmp_path / "set")
    assert changed != kept
    assert "toothache" not in (tmp_path / "set" / "train.jsonl").read_text()


def test_a_full_disk_leaves_nothing_that_looks_whole(whole, built, similarity, tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("cds_service.export.folder.parquet_of", full)
        with pytest.raises(OSError, match="No space"):
            run(exporter(whole, built, similarity), order(), tmp_path / "set")
    assert not (tmp_path / "set").exists()
    assert run(exporter(whole, built, similarity), order(), tmp_path / "set").rows == 2


def test_who_opts_out_while_it_is_made_is_left_out(built, similarity, tmp_path):
    scene = decided(Scene(tmp_path, built, now=NOW))
    made, made_at = exporter(scene, built, similarity), NOW + timedelta(days=2)
    folder = tmp_path / "set"

    def opting_out(stage, _share):
        if stage == WRITING:
            rights = scene.clinic.rights
            rights.opt_out("fictional-ehr", "demo-1", reason="patient-request", actor="user:acct-1", now=NOW)

    said = made.run(
        order(), folder, approvals=APPROVED, now=made_at, actor="export:1", show=opting_out, stopped=lambda: False
    )
    assert (said.rows, said.left_out["opted out"]) == (1, 1)
    assert [row["note"] for row in lines(folder)] == ["own words"]


def test_the_drafts_of_cases_outlive_other_jobs(whole, built, similarity, tmp_path):
    assert whole.recorder.purge(NOW + timedelta(days=90)) == (0, 0)
    run(exporter(whole, built, similarity), order(10), tmp_path / "set")
    assert {row["note"] for row in lines(tmp_path / "set")} == {"draft", "own words"}


def test_the_page_names_every_field_of_the_manifest_and_its_program_verifies_one(written, whole, tmp_path, monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "reference" / "export-format.md").read_text(encoding="utf-8")
    manifest = json.loads((written[0] / "manifest.json").read_text())
    told = page.split("## The manifest")[1].split("\n## ")[0]
    assert [name for name in (*manifest, *manifest["counts"], *manifest["versions"]) if f"`{name}`" not in told] == []
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    shutil.copytree(written[0], tmp_path / "FOLDER")
    keys = {name: key.hex() for name, key in whole.recorder.vault.keys.public_keys().items()}
    (tmp_path / "KEYS.json").write_text(json.dumps(keys))
    monkeypatch.chdir(tmp_path)
    exec(program, {})
    (tmp_path / "FOLDER" / "card.md").write_text("all is well")
    with pytest.raises(AssertionError, match=r"card\.md"):
        exec(program, {})
    (tmp_path / "FOLDER" / "manifest.json").write_text("{}")
    with pytest.raises(InvalidSignature):
        exec(program, {})


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


def test_a_pipe_in_the_place_of_the_data_is_told(written, whole, tmp_path):
    shutil.copytree(written[0], tmp_path / "set")
    (tmp_path / "set" / "train.jsonl").unlink()
    os.mkfifo(tmp_path / "set" / "train.jsonl")
    assert check_export(tmp_path / "set", whole.recorder.vault.keys.public_keys()) == ("train.jsonl: is missing",)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest.json", "{}"),
        ("manifest.json", '{"files": ["train.jsonl"], "counts": {"rows": 2}}'),
        ("manifest.json", '{"files": {"train.jsonl": "x"}, "counts": {"rows": 2}}'),
        ("manifest.json", '{"files": {}, "counts": [2]}'),
        ("manifest.sig.json", "[" * 9999),
    ],
)
def test_a_manifest_of_another_form_is_told(written, tmp_path, name, content):
    shutil.copytree(written[0], tmp_path / "set")
    (tmp_path / "set" / name).write_text(content)
    assert check_export(tmp_path / "set", {}) == ("manifest or signature cannot be read",)


def test_a_manifest_names_no_file_outside_its_folder(written, tmp_path):
    shutil.copytree(written[0], tmp_path / "set")
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
    manifest["files"] |= {name: {"sha256": "0" * 64} for name in ("../x", "x" * 999, "x\0")}
    (tmp_path / "set" / "manifest.json").write_text(json.dumps(manifest))
    assert sum(problem.endswith("is missing") for problem in check_export(tmp_path / "set", {})) == 3


def test_a_preview_covers_no_case_and_no_setting_that_came_after_it(built, similarity, tmp_path):
    """An opt-out that is taken back adds a case where another has gone: the count is the same."""
    scene = decided(Scene(tmp_path, built, now=NOW))
    rights, at = scene.clinic.rights, NOW + timedelta(days=2)
    away = rights.opt_out("fictional-ehr", "demo-1", reason="patient-request", actor="user:acct-1", now=NOW)
    made = exporter(scene, built, similarity)
    seen = made.preview(order(), now=at, actor="export:1")
    assert (seen.counts.cases, made.covers(seen, order(), at)) == (1, True)
    assert not exporter(scene, built, similarity, export_min_k=3).covers(seen, order(), at)
    rights.withdraw(away.id, actor="user:acct-1", now=at)
    rights.opt_out("fictional-ehr", "demo-2", reason="patient-request", actor="user:acct-1", now=at)
    assert not made.covers(seen, order(), at)


def test_what_was_made_under_another_approval_is_made_anew(whole, built, similarity, tmp_path):
    asked = iter((False, True))
    with pytest.raises(ExportStopped):
        run(exporter(whole, built, similarity), order(), tmp_path / "set", stopped=lambda: next(asked))
    late = NOW + timedelta(days=whole.clinic.settings.vault_retention_days + 1)
    again = (replace(APPROVED[0], at=late),)
    with pytest.raises(ExportRefused):  # all of it is past its retention by now
        exporter(whole, built, similarity, now=late).run(
            order(), tmp_path / "set", approvals=again, now=late, actor="export:1", show=quiet, stopped=lambda: False
        )


def test_a_whole_folder_of_an_approval_that_ran_out_is_made_anew(whole, built, similarity, tmp_path):
    run(exporter(whole, built, similarity), order(8), tmp_path / "set")
    again, late = (replace(APPROVED[0], at=NOW + timedelta(days=3)),), NOW + timedelta(days=4)
    exporter(whole, built, similarity, now=late).run(
        order(8), tmp_path / "set", approvals=again, now=late, actor="export:1", show=quiet, stopped=lambda: False
    )
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
    assert manifest["made"] == late.isoformat(timespec="seconds")


def test_what_a_plan_does_not_cover_is_neither_named_nor_asked_about(whole, built, similarity, monkeypatch):
    """Ids of passages of the patient's own notes leave with no row; guidelines and questions with none of a plan."""
    prepared = []
    monkeypatch.setattr("cds_service.export.maker.taught", lambda one, *_: prepared.append(one) or Reason.CHECKS)
    exporter(whole, built, similarity).preview(order(), now=NOW + timedelta(days=2), actor="export:1")
    (one,) = (p for p in prepared if p.chosen.assessment)
    fact = DeidentifiedFact(kind="note", name="note", source="n1", text="Chest pressure two years ago, at rest.")
    noted = best_of_notes(replace(one.case, facts=(fact,)), ["chest pressure"], k=1)
    assert len(noted) == 1
    assert replace(one, passages=(*one.passages, *noted)).guidelines == one.guidelines != ()
    assert one.chosen.assessment["questions"]
    assert one.coarser().chosen.assessment == {**one.chosen.assessment, "questions": []}


def test_manifest_and_card_date_nobody_and_the_officers_words_are_no_markup(whole, built, similarity, tmp_path):
    wanted = order(7, purpose="To tune.\n## Limits\n![x](http://example.org) <b>", recipient="[all](x)")
    run(exporter(whole, built, similarity), wanted, tmp_path / "set")
    card = (tmp_path / "set" / "card.md").read_text()
    told = card + (tmp_path / "set" / "manifest.json").read_text()
    assert "2031-03-03" not in told
    assert "2031-03-05" not in told
    assert card.count("\n## Limits") == 1
    assert "[x](" not in card
    assert "[all](" not in card
    assert "<b>" not in card


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
    assert counts(whole, order(scope=narrowed), NOW).cases == 2
    past = replace(order().scope, since=NOW - timedelta(days=9), until=NOW - timedelta(days=8))
    with pytest.raises(ExportRefused) as refused:
        made.preview(order(scope=past), now=NOW + timedelta(days=2), actor="export:1")
    assert refused.value.reason == "nothing-to-export"


@pytest.fixture
def _equal_shifts(monkeypatch):
    """Shifted by different times, two people may be of different years, and so too few."""
    monkeypatch.setattr("cds_service.ledger.export_links.random_offset_days", lambda: 7)


def determined(folder):
    """The template of the policy with a determination that is stated."""
    policy = folder / "expert.toml"
    text = PROFILES["expert-determination"].read_text()
    for empty, told in (
        ('expert = ""', 'expert = "E. Xpert, statistician"'),
        ('date = ""', 'date = "2030-01-01"'),
        ('method = ""', 'method = "As documented."'),
        ("threshold = 0", "threshold = 0.5"),
    ):
        text = text.replace(empty, told)
    policy.write_text(text)
    return policy


@pytest.mark.usefixtures("_equal_shifts")
def test_the_threshold_counts_those_alone_whose_notes_stay(whole, built, similarity, tmp_path, monkeypatch):
    settings = {"export_policy_file": determined(tmp_path), "export_min_k": 2, "export_most_suppressed": 0.5}
    made, wanted = exporter(whole, built, similarity, **settings), order(5, profile=Profile.EXPERT_DETERMINATION)

    def withholding(one, case, similarity):
        return Reason.CHECKS if one.chosen.assessment is None else taught(one, case, similarity)

    with monkeypatch.context() as patched:
        patched.setattr("cds_service.export.maker.taught", withholding)
        with pytest.raises(ExportRefused) as refused:
            run(made, wanted, tmp_path / "set")
    assert refused.value.reason == "risk-too-few-subjects"
    assert run(made, wanted, tmp_path / "set").rows == 2


@pytest.mark.usefixtures("_equal_shifts")
def test_expert_determination_needs_one_and_its_threshold_is_enforced(whole, built, similarity, tmp_path):
    wanted = order(3, profile=Profile.EXPERT_DETERMINATION)
    with pytest.raises(ExportRefused) as refused:
        run(exporter(whole, built, similarity), wanted, tmp_path / "set")
    assert refused.value.reason == "no-determination"
    policy = determined(tmp_path)
    with pytest.raises(ExportRefused) as refused:
        run(exporter(whole, built, similarity, export_policy_file=policy), wanted, tmp_path / "set")
    assert refused.value.reason == "risk-too-few-subjects"
    assert not (tmp_path / "set").exists()
    few = exporter(whole, built, similarity, export_policy_file=policy, export_min_k=2, export_most_suppressed=0.5)
    said = run(few, order(4, profile=Profile.EXPERT_DETERMINATION), tmp_path / "two")
    assert said.rows + sum(said.left_out.values()) == 3
    assert all(r["year"] is None and r["written"] == [] for r in lines(tmp_path / "two"))
    assert (tmp_path / "two" / "train.jsonl").stat().st_mode & 0o077 == 0

"""The registry: what is in it, what serves, and that an interruption leaves the state before or the state after."""

import json
import os
import shutil
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from cds_service.errors import StoreError
from cds_service.inference.registry import acts, store
from cds_service.inference.registry.errors import AdapterRefused, PromotionRefused, RegistryError
from cds_service.inference.registry.pack import Packing
from tests.support.adapters import save_run
from tests.unit.inference.registry.conftest import NOW


def fits(_adapter):
    """Belongs to the model that is configured."""


def promote(registry, name, reason="it is better"):
    return acts.promote(registry, name, reason=reason, check_base=fits, now=NOW, actor="operator")


def serving(registry):
    entry = registry.head().entry
    return None if entry is None else entry.id


def rollback(registry):
    registry.rollback(reason="it was worse", now=NOW, actor="operator")
    return serving(registry)


def test_what_is_added_is_listed_and_does_not_serve(registry, add, events):
    adapter = add("first", seed=1)
    assert [entry.id for entry in registry.all()] == ["first"]
    assert registry.read(registry.find("first")) == adapter
    assert serving(registry) is None
    assert [(kind, outcome) for kind, outcome, _ in events()] == [("model-add", "success")]


def test_promotions_and_rollbacks_go_forth_and_back_and_are_audited(registry, add, events):
    first = add("first", seed=1)
    promote(registry, "first")
    assert serving(registry) == "first"
    add("second", seed=2, against=first)
    promote(registry, "second")
    assert serving(registry) == "second"
    assert rollback(registry) == "first"
    assert rollback(registry) is None
    with pytest.raises(PromotionRefused, match="nothing to go back from"):
        rollback(registry)
    told = [(kind, outcome, detail.get("adapter") or detail["to"]) for kind, outcome, detail in events()]
    assert told == [
        ("model-add", "success", "first"), ("model-promote", "success", "first"), ("model-add", "success", "second"),
        ("model-promote", "success", "second"), ("model-rollback", "success", "first"),
        ("model-rollback", "success", "none"),
    ]  # fmt: skip


def test_a_rollback_after_a_rollback_does_not_come_forth_again(registry, add):
    first = add("first", seed=1)
    promote(registry, "first")
    second = add("second", seed=2, against=first)
    promote(registry, "second")
    rollback(registry)
    add("third", seed=3, against=first)
    promote(registry, "third")
    assert rollback(registry) == "first"
    assert rollback(registry) is None
    assert registry.read(registry.find("second")) == second


def test_a_failed_gate_changes_nothing_and_is_audited(registry, add, events):
    from tests.support.adapters import share

    add("worse", seed=1, figures={"under_triage": share(1600, 4000)})
    verdicts = promote(registry, "worse")
    assert {v.gate for v in verdicts if not v.passed} == {"under-triage"}
    assert serving(registry) is None
    kind, outcome, detail = events()[-1]
    assert (kind, outcome, detail["failed_gates"]) == ("model-promote", "refused", "under-triage")


def test_an_adapter_of_another_base_is_refused_and_audited(registry, add, events):
    add("foreign", seed=1)

    def foreign(_adapter):
        raise RegistryError("of another base")

    with pytest.raises(RegistryError, match="another base"):
        acts.promote(registry, "foreign", reason="why not", check_base=foreign, now=NOW, actor="operator")
    assert serving(registry) is None
    assert events()[-1][:2] == ("model-promote", "refused")


def test_a_tampered_adapter_is_neither_promoted_nor_gone_back_to(registry, add, events):
    first = add("first", seed=1)
    promote(registry, "first")
    second = add("second", seed=2, against=first)
    promote(registry, "second")
    third = add("third", seed=3, against=second)
    for adapter in (first, third):
        (adapter.folder / "card.md").write_text("better than it is")
    with pytest.raises(AdapterRefused, match=r"third: card\.md is not the file that was added"):
        promote(registry, "third")
    assert events()[-1][:2] == ("model-promote", "refused")
    with pytest.raises(AdapterRefused, match="first"):
        rollback(registry)
    assert serving(registry) == "second"


def test_a_folder_exchanged_with_its_manifest_is_not_what_was_added(registry, add):
    first, second = add("first", seed=1), add("second", seed=2)
    shutil.rmtree(first.folder)
    shutil.copytree(second.folder, first.folder)
    with pytest.raises(AdapterRefused, match="not the one that was added"):
        registry.read(registry.find("first"))


def test_newer_figures_are_a_new_entry_and_leave_what_serves_alone(registry, add):
    bare = add("first", seed=1, measured=False)
    measured = add("first", seed=1)
    assert measured.folder != bare.folder
    assert registry.read(registry.find("first")) in (bare, measured)
    assert len(registry.all()) == 2


def test_the_same_again_and_an_id_that_is_taken_are_refused(registry, add):
    add("first", seed=1)
    with pytest.raises(RegistryError, match="already"):
        add("first", seed=1)
    with pytest.raises(RegistryError, match="another adapter has that id"):
        add("first", seed=2)
    assert len(registry.all()) == 1
    assert len(list((registry.folder_of(registry.find("first")).parent).iterdir())) == 1


def test_the_same_run_again_is_the_same_whenever_it_is_added(registry, add, tmp_path):
    add("first", seed=1, measured=False)
    later = Packing(now=NOW + timedelta(days=1), id="first")
    with pytest.raises(RegistryError, match="already"):
        registry.add(tmp_path / "run-1", later, actor="operator")
    assert len(registry.all()) == 1


@pytest.mark.parametrize("loss", ["damaged", "missing"])
def test_an_adapter_whose_files_were_lost_gets_them_back_and_serves_on(registry, add, events, loss):
    adapter = add("first", seed=1)
    promote(registry, "first")
    if loss == "damaged":
        (adapter.folder / "adapter_model.safetensors").write_bytes(b"cut")
    else:
        shutil.rmtree(adapter.folder)
    entry = registry.head().entry
    with pytest.raises(AdapterRefused, match="add it again from where it came"):
        registry.read(entry)
    add("first", seed=1)
    assert registry.head().entry == entry
    assert registry.read(entry) == adapter
    assert len(registry.all()) == 1
    assert events()[-1][2]["restored"] is True


@pytest.mark.parametrize("given", ["bias", "evaluation"])
def test_figures_of_another_kind_are_refused_when_they_are_given(registry, tmp_path, given):
    save_run(tmp_path / "run", seed=1)
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"kind": "assessment" if given == "bias" else "bias", "version": 1}))
    with pytest.raises(AdapterRefused, match=f"{given}.json is of another kind or version"):
        registry.add(tmp_path / "run", Packing(now=NOW, id="first", **{given: other}), actor="operator")
    assert registry.all() == ()


def test_what_serves_is_not_promoted_again_and_an_unknown_id_not_found(registry, add):
    add("first", seed=1)
    promote(registry, "first")
    with pytest.raises(PromotionRefused, match="serves already"):
        promote(registry, "first")
    with pytest.raises(RegistryError, match="no adapter of that id"):
        promote(registry, "../first")


def test_a_promotion_in_between_is_noticed(registry, add):
    add("first", seed=1)
    add("second", seed=2)
    before = registry.head()
    promote(registry, "first")
    with pytest.raises(PromotionRefused, match="came between"):
        registry.promote(registry.find("second"), since=before, reason="late", details={}, now=NOW, actor="operator")
    assert serving(registry) == "first"


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "for Patient/17", "naïve"])
def test_a_reason_is_words_that_the_audit_chain_takes(registry, add, reason):
    add("first", seed=1)
    with pytest.raises(RegistryError, match="a reason is"):
        promote(registry, "first", reason)
    assert serving(registry) is None


# -- interruptions -----------------------------------------------------------------------------------------------------


def killed_in(act):
    """Run `act` in a child that is expected to kill itself on the way."""
    child = os.fork()
    if child == 0:
        try:
            act()
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


def die(*_args, **_more):
    os.kill(os.getpid(), signal.SIGKILL)


def replaced_then_dead(self, target):
    self.rename(target)
    die()


@pytest.mark.parametrize(("owner", "name", "step"), [
    (store.audit, "append", die), (Path, "replace", die), (Path, "replace", replaced_then_dead),
    (store, "pack", die),
])  # fmt: skip
def test_adding_killed_at_any_step_leaves_no_entry_and_can_be_done_again(
    registry, add, events, monkeypatch, owner, name, step
):
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, step)
        killed_in(lambda: add("first", seed=1))
    assert registry.all() == ()
    assert events() == []
    adapter = add("first", seed=1)
    assert registry.read(registry.find("first")) == adapter


def test_promotion_killed_before_it_is_written_changes_nothing(registry, add, events, monkeypatch):
    add("first", seed=1)
    with monkeypatch.context() as patch:
        patch.setattr(store.audit, "append", die)
        killed_in(lambda: promote(registry, "first"))
    assert serving(registry) is None
    assert [kind for kind, _, _ in events()] == ["model-add"]
    promote(registry, "first")
    assert serving(registry) == "first"


def test_a_full_disk_while_adding_leaves_what_was_there(registry, add, monkeypatch):
    add("first", seed=1)
    promote(registry, "first")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(RegistryError, match="cannot be written"):
            add("second", seed=2)
    assert [entry.id for entry in registry.all()] == ["first"]
    assert [p.name for p in (registry.folder_of(registry.find("first")).parent).iterdir()] == [
        registry.find("first").folder_name
    ]
    assert serving(registry) == "first"


def test_a_database_that_refuses_is_an_error_and_no_answer(tmp_path):
    from cds_service.ledger.database import open_database

    unprepared = open_database(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    with pytest.raises(StoreError):
        store.Registry(unprepared, tmp_path).head()
    unprepared.close()

from __future__ import annotations

import errno
import json
import multiprocessing
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from cds_service.errors import ConfigurationError
from cds_service.ledger import private_file
from cds_service.ledger.key_rings import KeyRing, VaultKeys, decoded, encoded, ring_data
from cds_service.ledger.keys import KeyFile, load_keys, load_or_create_keys
from cds_service.ledger.master_key import Master


def test_first_use_makes_a_private_file_and_later_use_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "config" / "keys.json"
    before = os.umask(0)
    try:
        made = load_or_create_keys(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert load_or_create_keys(path) == load_keys(path) == made
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


def test_two_files_have_different_keys_for_each_purpose(tmp_path: Path) -> None:
    a, b = (load_or_create_keys(tmp_path / name) for name in ("a.json", "b.json"))
    rings = [ring for made in (a, b) for ring in (made.sealing, made.index, made.hashing, made.signing)]
    keys = [key for ring in rings for key in ring.keys.values()]
    assert len(set(keys)) == 8
    assert all(len(key) == 32 for key in keys)


def test_processes_that_start_together_get_the_same_keys(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    results = fork.SimpleQueue()
    processes = [
        fork.Process(target=lambda: results.put(load_or_create_keys(tmp_path / "keys.json").index.active))
        for _ in range(4)
    ]
    for process in processes:
        process.start()
    names = {results.get() for _ in processes}
    for process in processes:
        process.join()
    assert names == {load_keys(tmp_path / "keys.json").index.active}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_open_to_others_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys.json"
    load_or_create_keys(path)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"run chmod 600 {path}"):
        load_or_create_keys(path)
    path.chmod(0o400)
    load_or_create_keys(path)


def test_a_missing_file_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        load_keys(tmp_path / "keys.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"format": 1}',
        b'{"format": 1, "sealing": {"active": "a", "keys": {"a": "c2hvcnQ="}}, "index": {"active": "a", "keys": {}}}',
        b'{"format": 1, "sealing": {"active": "a", "keys": {"a": "!!"}}, "index": 7}',
    ],
)
def test_a_damaged_file_is_refused_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="not a key file") as caught:
        load_or_create_keys(path)
    assert "c2hvcnQ" not in str(caught.value)
    assert path.read_bytes() == content


def test_a_file_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    load_or_create_keys(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 3}))
    with pytest.raises(ConfigurationError, match="newer version"):
        load_keys(path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"cannot be created: (Not a directory|File exists)"):
        load_or_create_keys(tmp_path / "file" / "keys.json")


def test_a_key_is_not_shown_when_the_ring_is_printed() -> None:
    ring = KeyRing.new()
    assert repr(ring.keys[ring.active]) not in repr(ring)
    assert ring.active in repr(ring)


def test_a_ring_without_its_active_key_is_refused() -> None:
    with pytest.raises(ValueError, match="active"):
        KeyRing(active="a", keys={"b": bytes(32)})
    with pytest.raises(ValueError, match="32 bytes"):
        KeyRing(active="a", keys={"a": bytes(31)})


# -- format 1 --------------------------------------------------------------------------------------------------------


def _old(path: Path) -> VaultKeys:
    keys = VaultKeys.new()
    index = keys.index.rotated("key-second")
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(json.dumps({"format": 1, "sealing": ring_data(keys.sealing), "index": ring_data(index)}))
    path.chmod(0o600)
    return replace(keys, index=index)


def test_a_file_of_format_1_gets_keys_that_sign_and_keeps_every_other(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "keys.json"
    old = _old(path)
    read = load_keys(path)
    assert (read.sealing, read.index) == (old.sealing, old.index)
    assert read.hashing.keys == {"key-second": old.index.key}, "what was hashed with the index key is known again"
    assert load_or_create_keys(path) == load_keys(path) == read
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["format"] == 2
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


def test_processes_that_upgrade_together_get_the_same_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "keys.json"
    _old(path)
    fork = multiprocessing.get_context("fork")
    results = fork.SimpleQueue()
    processes = [fork.Process(target=lambda: results.put(load_or_create_keys(path).signing.active)) for _ in range(4)]
    for process in processes:
        process.start()
    names = {results.get() for _ in processes}
    for process in processes:
        process.join()
    assert names == {load_keys(path).signing.active}


def test_an_upgrade_that_cannot_be_written_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys" / "keys.json"
    _old(path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", _no_space)
    with pytest.raises(ConfigurationError, match="cannot be written, and is as it was: No space"):
        load_or_create_keys(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


def _no_space(_: int) -> None:
    raise OSError(errno.ENOSPC, "full")


# -- a running process -----------------------------------------------------------------------------------------------


def test_a_change_by_another_process_is_seen_at_the_next_use(tmp_path: Path) -> None:
    file, other = (KeyFile(tmp_path / "keys.json").open() for _ in range(2))
    other.change(lambda keys: keys.with_ring("sealing", keys.sealing.rotated("key-new")))
    assert file.current().sealing.active == "key-new"


@pytest.mark.parametrize("damage", [lambda p: p.unlink(), lambda p: p.write_bytes(b"{"), lambda p: p.chmod(0o644)])
def test_a_file_that_is_gone_or_damaged_costs_a_running_process_nothing(tmp_path: Path, damage) -> None:
    path = tmp_path / "keys.json"
    file = KeyFile(path).open()
    keys, content = file.current(), path.read_bytes()
    damage(path)
    assert file.current() == file.current() == file.reread() == keys
    with pytest.raises(ConfigurationError):
        KeyFile(path).read()
    path.write_bytes(content)
    path.chmod(0o600)
    KeyFile(path).change(lambda keys: keys.with_ring("index", keys.index.rotated("key-new")))
    assert file.current().index.active == "key-new"


# -- master key ------------------------------------------------------------------------------------------------------


@pytest.fixture
def wrapped(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys" / "keys.json", master=tmp_path / "stick" / "master.json").open()


def test_the_key_file_alone_opens_nothing(wrapped: KeyFile, tmp_path: Path) -> None:
    text = wrapped.path.read_text()
    keys = wrapped.current()
    everything = [key for name in ("sealing", "index", "hashing", "signing") for key in keys.ring(name).keys.values()]
    assert not any(text_of in text for text_of in encoded(dict(enumerate(everything))).values())
    assert not any(name in text for name in keys.sealing.keys)
    with pytest.raises(ConfigurationError, match="needs its master key: set CDS_MASTER_KEY_FILE"):
        load_keys(wrapped.path)
    assert (tmp_path / "stick" / "master.json").stat().st_mode & 0o777 == 0o600


def test_a_rotation_while_the_master_key_was_away_is_seen_when_it_is_back(wrapped: KeyFile, tmp_path: Path) -> None:
    away = (tmp_path / "stick" / "master.json").rename(tmp_path / "away.json")
    elsewhere = KeyFile(wrapped.path, master=away)
    elsewhere.change(lambda keys: keys.with_ring("hashing", keys.hashing.rotated("key-new")))
    assert wrapped.current().hashing.active != "key-new"
    away.rename(tmp_path / "stick" / "master.json")
    assert wrapped.current().hashing.active == "key-new"


def test_a_master_key_that_is_missing_wrong_or_open_to_others_is_told_and_none_is_made(
    wrapped: KeyFile, tmp_path: Path
) -> None:
    master = tmp_path / "stick" / "master.json"
    away = master.rename(tmp_path / "away.json")
    before = wrapped.path.read_bytes()
    with pytest.raises(ConfigurationError, match=r"the master key file .* cannot be read: No such file"):
        load_or_create_keys(wrapped.path, master=master)
    assert not master.exists()
    Master(path=master).create()
    with pytest.raises(ConfigurationError, match="does not hold the key"):
        load_or_create_keys(wrapped.path, master=master)
    content = json.loads(master.read_text())
    name = json.loads(before)["master"]
    another = {"active": name, "keys": encoded({name: bytes(32)})}
    master.write_text(json.dumps(content | {"master": another}))
    with pytest.raises(ConfigurationError, match="wrapped with another master key"):
        load_or_create_keys(wrapped.path, master=master)
    master.write_text("{")
    with pytest.raises(ConfigurationError, match="not a master key file"):
        load_or_create_keys(wrapped.path, master=master)
    master.chmod(0o644)
    with pytest.raises(ConfigurationError, match="open to other users"):
        load_or_create_keys(wrapped.path, master=master)
    away.rename(master)
    assert load_or_create_keys(wrapped.path, master=master) == wrapped.current()
    assert wrapped.path.read_bytes() == before


def test_a_plain_file_is_not_taken_for_a_wrapped_one(tmp_path: Path) -> None:
    keys, master = KeyFile(tmp_path / "keys.json").open().current(), tmp_path / "stick" / "master.json"
    with pytest.raises(ConfigurationError, match="not wrapped with the master key: run cds-service keys wrap"):
        load_or_create_keys(tmp_path / "keys.json", master=master)
    wrapped = KeyFile(tmp_path / "keys.json", master=master).rewrite(master=master)
    assert wrapped.current() == keys
    assert wrapped.is_wrapped()
    assert wrapped.rewrite(master=None).current() == keys
    assert load_keys(tmp_path / "keys.json") == keys


@pytest.mark.parametrize("dies_at", [None, 0, 1, 2])
def test_a_new_master_key_loses_nothing_wherever_it_dies(
    wrapped: KeyFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: int | None
) -> None:
    master = Master(path=tmp_path / "stick" / "master.json")
    keys, old, writes, write = wrapped.current(), master.read(), iter(range(9)), private_file.replace

    def may_die(*args, **values) -> None:
        if next(writes) == dies_at:
            raise KeyboardInterrupt
        write(*args, **values)

    with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
        patched.setattr(private_file, "replace", may_die)
        wrapped.rotate_master("key-new")
    assert load_keys(wrapped.path, master=master.path) == keys
    wrapped.rotate_master("key-new")
    assert load_keys(wrapped.path, master=master.path) == keys
    assert list(master.read().keys) == ["key-new"]
    assert json.loads(wrapped.path.read_text())["master"] == "key-new"
    assert old.active not in master.path.read_text()


@pytest.mark.parametrize("cut", [0, 40, 400])
def test_a_wrapped_file_cut_short_or_altered_is_refused(wrapped: KeyFile, tmp_path: Path, cut: int) -> None:
    content = wrapped.path.read_bytes()
    wrapped.path.write_bytes(content[:cut])
    with pytest.raises(ConfigurationError, match="damaged: restore it"):
        load_keys(wrapped.path, master=tmp_path / "stick" / "master.json")
    data = json.loads(content)
    data["wrapped"] = encoded({"a": decoded({"a": data["wrapped"]})["a"][:-1] + b"x"})["a"]
    wrapped.path.write_text(json.dumps(data))
    with pytest.raises(ConfigurationError, match="was altered"):
        load_keys(wrapped.path, master=tmp_path / "stick" / "master.json")

from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path

import pytest

from cds_service.errors import ConfigurationError
from cds_service.ledger.keys import KeyRing, load_keys, load_or_create_keys


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
    keys = [key for made in (a, b) for ring in (made.sealing, made.index) for key in ring.keys.values()]
    assert len(set(keys)) == 4
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
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))
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

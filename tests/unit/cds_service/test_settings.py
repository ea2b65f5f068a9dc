"""Settings: read once, checked, documented."""

import pytest
from pydantic import ValidationError

from cds_service.pages import PAGES, settings_page, write_pages
from cds_service.settings import Settings


def test_the_keys_must_lie_outside_the_data_folder(tmp_path):
    with pytest.raises(ValidationError, match="outside"):
        Settings(data_dir=tmp_path, keys_file=tmp_path / "inner" / "keys.json")
    assert Settings(data_dir=tmp_path / "data", keys_file=tmp_path / "keys.json")


def test_an_unknown_setting_is_refused(tmp_path):
    with pytest.raises(ValidationError):
        Settings(data_dir=tmp_path, datadir="x")


def test_the_environment_is_read(monkeypatch):
    monkeypatch.setenv("CDS_SETTING", "ed")
    monkeypatch.setenv("CDS_OPENAI_HOSTS", '["model.example.org"]')
    settings = Settings()
    assert settings.setting.value == "ed"
    assert settings.openai_hosts == ("model.example.org",)


def test_every_setting_is_documented():
    page = settings_page()
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"`CDS_{name.upper()}`" in page


def test_a_stale_page_is_named_and_mended(tmp_path):
    assert set(write_pages(tmp_path, check=True)) == set(PAGES)
    write_pages(tmp_path, check=False)
    assert write_pages(tmp_path, check=True) == []
    (tmp_path / "settings.md").write_text("old")
    assert write_pages(tmp_path, check=True) == ["settings.md"]

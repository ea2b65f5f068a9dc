"""Every setting of the service, read once from ``CDS_*`` environment variables.

The reference page ``docs/reference/settings.md`` is generated from this file: the description of a field is its
documentation. Nothing else in the project reads the environment.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Setting(StrEnum):
    """Where the service is used; decides how mandatory red flags are graded."""

    FAMILY_PRACTICE = "family-practice"
    ED = "ed"


class ModelKind(StrEnum):
    """Which model backend writes drafts."""

    AUTO = "auto"
    LLAMACPP = "llamacpp"
    TRANSFORMERS = "transformers"
    OPENAI = "openai"
    NONE = "none"


class Quantization(StrEnum):
    """How transformers loads the weights."""

    NF4 = "nf4"
    NONE = "none"


class Settings(BaseSettings):
    """All settings. Paths may be relative to the working directory."""

    model_config = SettingsConfigDict(env_prefix="CDS_", extra="forbid", frozen=True, protected_namespaces=())

    # -- state -------------------------------------------------------------------------------------------------
    data_dir: Path = Field(Path(".data"), description="Folder that holds all state: database, index, prepared model.")
    keys_file: Path | None = Field(
        None,
        description="File with the vault's keys. Must lie outside the data folder; created on first use with mode "
        "0600. Default: `~/.config/cds-service/keys.json`. `cds-service demo` keeps its own beside its data.",
    )
    models_dir: Path | None = Field(
        None, description="Folder of prepared model files. Default: `models` in the data folder."
    )
    database_url: str | None = Field(
        None, description="SQLAlchemy URL of the database. Default: SQLite (WAL) in the data folder."
    )

    # -- clinic ------------------------------------------------------------------------------------------------
    setting: Setting = Field(Setting.FAMILY_PRACTICE, description="Care setting: `family-practice` or `ed`.")
    external_url: str = Field(
        "http://127.0.0.1:8080", description="Base URL under which clients reach this service, without a final slash."
    )
    guidelines_dir: Path | None = Field(
        None, description="Folder with the clinic's own guidelines in Markdown, indexed beside the packaged ones."
    )
    unreviewed_guidelines: bool = Field(
        False,
        description="Show passages of guidelines that no clinician has reviewed. Off until the clinic decides; the "
        "demo switches it on. Cards made from them say so.",
    )

    # -- model -------------------------------------------------------------------------------------------------
    model: ModelKind = Field(
        ModelKind.AUTO,
        description="Model backend: `auto` (transformers with a CUDA device, llamacpp without), `llamacpp`, "
        "`transformers`, `openai`, `none`.",
    )
    model_id: str = Field(
        "default",
        description="Model alias or path of a folder (transformers) or GGUF file (llamacpp), or the model name at an "
        "OpenAI-compatible server. `default` is the packaged Gemma 3 270M.",
    )
    model_adapter: Path | None = Field(None, description="PEFT adapter folder, or a GGUF adapter file for llamacpp.")
    model_quantization: Quantization = Field(
        Quantization.NF4, description="How transformers loads the weights: `nf4` (double-quantized 4 bit) or `none`."
    )
    model_device: str = Field("auto", description="Device for transformers: `auto`, `cpu`, `cuda`, `cuda:1`.")
    model_threads: PositiveInt = Field(2, description="CPU threads of the model worker.")
    model_timeout_s: PositiveFloat = Field(60.0, description="Seconds one draft may take before it is given up.")
    openai_url: str | None = Field(
        None, description="Base URL of an OpenAI-compatible server. Loopback, or https to a host in `openai_hosts`."
    )
    openai_hosts: tuple[str, ...] = Field((), description="Hosts, as a JSON list, that `openai_url` may name.")
    openai_key_file: Path | None = Field(None, description="File that holds the bearer key for `openai_url`.")

    # -- hook --------------------------------------------------------------------------------------------------
    hook_wait_ms: int = Field(
        0, ge=0, le=2000, description="Milliseconds a hook call waits for a running assessment. 0: never."
    )
    gate_timeout_ms: PositiveInt = Field(
        1500, description="Milliseconds that de-identification of one chart may take; longer refuses the chart."
    )
    max_body_bytes: PositiveInt = Field(8_000_000, description="Largest request body, in bytes.")
    max_entries: PositiveInt = Field(3000, description="Most resources read from one request.")
    max_note_chars: PositiveInt = Field(4000, description="Most characters read from one note, after decoding.")
    max_text_chars: PositiveInt = Field(12_000, description="Most characters of free text read from one chart.")
    stale_hours: PositiveInt = Field(24, description="Hours after which vital signs are called stale.")

    # -- jobs --------------------------------------------------------------------------------------------------
    queue_bound: PositiveInt = Field(200, description="Most jobs that wait; beyond it the oldest is shed.")
    job_lease_s: PositiveFloat = Field(120.0, description="Seconds a worker holds a job without a heartbeat.")
    job_attempts: PositiveInt = Field(3, description="Times a job is tried before it fails.")
    assessment_ttl_hours: PositiveInt = Field(24, description="Hours a finished assessment answers the same chart.")

    # -- ledger ------------------------------------------------------------------------------------------------
    vault_retention_days: PositiveInt = Field(2190, description="Days the vault keeps identified snapshots (6 years).")

    # -- server ------------------------------------------------------------------------------------------------
    web_workers: PositiveInt = Field(2, description="Web processes that `serve` starts.")
    web_threads: PositiveInt = Field(4, description="Threads of each web process.")
    log_level: str = Field("INFO", description="Least level that is logged.", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @model_validator(mode="after")
    def _keys_outside_data(self) -> Self:
        if self.keys_file is not None and self.keys_file.resolve().is_relative_to(self.data_dir.resolve()):
            raise ValueError("CDS_KEYS_FILE must lie outside CDS_DATA_DIR: a copied data folder must not open itself")
        return self

    @property
    def database(self) -> str:
        """SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'cds.sqlite3'}"

    @property
    def keys(self) -> Path:
        """Key file in force."""
        return self.keys_file or Path.home() / ".config" / "cds-service" / "keys.json"

    @property
    def index_dir(self) -> Path:
        """Folder of the guideline index versions and the pointer to the one that serves."""
        return self.data_dir / "index"

    @property
    def model_dir(self) -> Path:
        """Folder of prepared model files."""
        return self.models_dir or self.data_dir / "models"

"""Every setting of the service, read once from ``CDS_*`` environment variables.

The reference page ``docs/reference/settings.md`` is generated from this file: the description of a field is its
documentation. Nothing else in the project reads the environment.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cds_service.outbound import BaseUrl


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


class ModelAdapter(StrEnum):
    """Whether an adapter rides on the model."""

    PROMOTED = "promoted"
    NONE = "none"


class Quantization(StrEnum):
    """How transformers loads the weights."""

    NF4 = "nf4"
    NONE = "none"


def _base_url(text: str) -> str:
    """A base URL as it was written, without a final slash. Raises ValueError that says what is wrong."""
    BaseUrl.parse(text.rstrip("/"))
    return text.rstrip("/")


def _origin(text: str) -> str:
    """A web origin as a browser writes it: scheme, host and port, nothing after it."""
    if BaseUrl.parse(text).segments or text.endswith("/"):
        raise ValueError("an origin has no path and no final slash: https://host or https://host:port")
    return text


Url = Annotated[str, AfterValidator(_base_url)]
Origin = Annotated[str, AfterValidator(_origin)]
RoleName = Literal["nurse", "physician", "compliance", "administrator"]


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
    master_key_file: Path | None = Field(
        None,
        description="File with a master key, without which the key file opens nothing: on a mounted secret or a "
        "removable medium, never beside the key file. `cds-service keys wrap` makes it and wraps the key file. "
        "Default: none; the key file is then protected by its mode alone.",
    )
    models_dir: Path | None = Field(
        None, description="Folder of prepared model files. Default: `models` in the data folder."
    )
    database_url: str | None = Field(
        None, description="SQLAlchemy URL of the database. Default: SQLite (WAL) in the data folder."
    )

    # -- clinic ------------------------------------------------------------------------------------------------
    setting: Setting = Field(Setting.FAMILY_PRACTICE, description="Care setting: `family-practice` or `ed`.")
    external_url: Url = Field(
        "http://127.0.0.1:8080",
        description="Base URL under which clients reach this service. The `aud` of a client's token must be this URL "
        "with the path of the call, so set it to what the EHR is configured with (behind a proxy: the proxy's).",
    )
    guidelines_dir: Path | None = Field(
        None,
        description="Folder with the clinic's own guidelines (Markdown, text, HTML or PDF: "
        "docs/how-to/add-guidelines.md), indexed beside the packaged ones.",
    )
    care_gap_days: int = Field(
        90,
        ge=0,
        le=3660,
        description="Days for which a care gap stays away from a user who dismissed it, unless its data change. Urgent "
        "findings and medication safety are always told.",
    )
    rules_off: tuple[str, ...] = Field(
        (),
        description="Ids of clinical rules, as a JSON list, that are switched off (docs/reference/rules.md). The only "
        "way to silence an urgent rule; every answer names them as not evaluated, and each change is audited.",
    )
    unreviewed_guidelines: bool = Field(
        False,
        description="Show passages of guidelines that no clinician has reviewed. Off until the clinic decides; the "
        "demo switches it on. Cards made from them say so.",
    )

    # -- clients -----------------------------------------------------------------------------------------------
    clients_file: Path | None = Field(
        None,
        description="TOML file of the registered CDS clients (docs/how-to/authenticate-clients.md). With it every call "
        "must carry a signed token; without it `serve` answers only direct calls from this machine, and `wsgi.py` "
        "answers nobody.",
    )
    open_discovery: bool = Field(False, description="Answer discovery without a token although clients are registered.")
    token_leeway_s: int = Field(
        30, ge=5, le=300, description="Seconds by which a client's clock may differ from ours (`iat`, `nbf`, `exp`)."
    )
    token_lifetime_s: int = Field(
        3600, ge=900, le=86_400, description="Longest accepted time between `iat` and `exp` of a token, in seconds."
    )
    jwks_cache_s: int = Field(
        600, ge=10, le=86_400, description="Seconds a client's key set from a URL is used before it is fetched anew."
    )
    rate_per_minute: PositiveInt = Field(
        6000,
        description="Calls a client may make in one minute, over all processes; more get 429. A client's own "
        "`rate_per_minute` in the clients file goes first.",
    )
    shared_url: str | None = Field(
        None,
        description="Where web processes share used tokens and call counts: an SQLAlchemy URL, or `redis://…` "
        "(`redis` extra). Default: the PostgreSQL of `CDS_DATABASE_URL`, else `shared.sqlite3` in the data folder.",
    )
    cors_origins: tuple[Origin, ...] = Field(
        (), description="Origins, as a JSON list, whose web pages may call this service (`https://host`, exact)."
    )
    metrics_token_file: Path | None = Field(
        None,
        description="File with the bearer token that opens `/metrics` once clients are registered. Without clients, "
        "direct calls from this machine may read it.",
    )

    # -- FHIR server -------------------------------------------------------------------------------------------
    fhir_servers: tuple[Url, ...] = Field(
        (),
        description="Base URLs, as a JSON list, of the FHIR servers from which missing data may be fetched for calls "
        "without a token. Registered clients have their own list in the clients file.",
    )
    ca_file: Path | None = Field(
        None,
        description="Certificates (PEM) of authorities to trust, beside the well-known ones, when FHIR servers and key "
        "sets are asked. Authorities named by other environment variables are not trusted.",
    )
    fetch_timeout_ms: PositiveInt = Field(2500, description="Milliseconds that fetching for one call may take in all.")
    fetch_max_bytes: PositiveInt = Field(8_000_000, description="Most bytes fetched for one call in all.")
    fetch_max_pages: PositiveInt = Field(5, description="Most pages read of one search.")
    fetch_max_linked: int = Field(
        20, ge=0, description="Most medicines and note texts fetched because a resource links to them."
    )

    # -- model -------------------------------------------------------------------------------------------------
    model: ModelKind = Field(
        ModelKind.AUTO,
        description="Model backend: `auto` (transformers where CDS_MODEL_ID is a folder, else llamacpp), `llamacpp`, "
        "`transformers`, `openai`, `none`.",
    )
    model_id: str = Field(
        "default",
        min_length=1,
        description="Model alias or path of a folder (transformers) or GGUF file (llamacpp), or the model name at an "
        "OpenAI-compatible server. `default` is the packaged Gemma 3 270M.",
    )
    model_adapter: ModelAdapter = Field(
        ModelAdapter.PROMOTED,
        description="What rides on the model: `promoted` (the adapter that `cds-service model promote` chose, checked "
        "against its hashes; docs/how-to/promote-a-model.md) or `none` (the model alone).",
    )
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
    max_body_bytes: PositiveInt = Field(8_000_000, description="Largest request body, in bytes; a larger one gets 413.")
    max_json_depth: int = Field(60, ge=20, le=200, description="Deepest nesting of a request body; deeper gets 400.")
    max_string_chars: PositiveInt = Field(
        1_048_576, description="Longest string of a resource (the bound of FHIR R4); a longer one costs its resource."
    )
    max_attachment_bytes: PositiveInt = Field(
        2_000_000, description="Largest attachment that is decoded; a larger one is not read."
    )
    max_entries: PositiveInt = Field(3000, description="Most resources read from one request; the rest is named.")
    turn_wait_ms: PositiveInt = Field(
        10_000, description="Milliseconds a call waits for its turn in a web process; longer gets 503."
    )
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

    # -- audit -------------------------------------------------------------------------------------------------
    audit_seals_file: Path | None = Field(
        None,
        description="File outside the database in which every seal of the audit trail stands as well, so that a cut "
        "end of either shows (docs/how-to/audit.md). Best on another disk or machine than the database. Default: "
        "`audit-seals.jsonl` in the data folder.",
    )

    # -- accounts ----------------------------------------------------------------------------------------------
    session_hours: int = Field(
        12, ge=1, le=24, description="Hours after which somebody who signed in must sign in again, whatever they do."
    )
    idle_minutes: int = Field(15, ge=1, le=120, description="Minutes without a click or form that end a session.")
    sign_in_failures: int = Field(5, ge=3, le=20, description="Failed sign-ins in a row that lock an account.")
    lock_minutes: int = Field(
        15,
        ge=1,
        le=1440,
        description="Minutes for which the first lock holds. Each further failure doubles it, up to eight times this.",
    )
    sign_ins_per_minute: int = Field(
        60,
        ge=3,
        le=1000,
        description="Sign-ins tried in one minute from one address, and for one name; more get 429. Ten times as many "
        "launches and sign-ins by a provider, and as many tries of intake codes from one address.",
    )
    oidc_issuer: Url | None = Field(
        None, description="Issuer of an OpenID Connect provider by which people sign in (docs/how-to/sign-in.md)."
    )
    oidc_name: str = Field("your clinic's account", description="What the sign-in page calls that provider.")
    oidc_client_id: str = Field("cds-service", description="How this service is registered at that provider.")
    oidc_secret_file: Path | None = Field(
        None, description="File with the client secret, for a provider that asks for one."
    )
    oidc_origins: tuple[Origin, ...] = Field(
        (), description="Further origins, as a JSON list, at which the provider's token and key addresses may lie."
    )
    oidc_role_claim: str = Field("roles", description="Claim of the ID token that says what somebody is.")
    oidc_roles: dict[str, RoleName] = Field(
        {},
        description="Role by value of that claim, as a JSON object: `nurse`, `physician`, `compliance`, "
        "`administrator`. Of several the first in this list counts. Whom it names no role is refused.",
    )
    smart_file: Path | None = Field(
        None, description="TOML file of the EHRs that may launch the review page (docs/how-to/sign-in.md)."
    )
    frame_ancestors: tuple[Origin, ...] = Field(
        (),
        description="Origins, as a JSON list, of EHRs that show the pages in a frame. It needs an https "
        "`external_url`. Default: nobody may.",
    )

    # -- intake ------------------------------------------------------------------------------------------------
    intake_days: PositiveInt = Field(
        7,
        le=30,
        description="Days for which a patient's answers before a visit join the chart, where the EHR sends none.",
    )
    intake_code_minutes: PositiveInt = Field(
        15, le=120, description="Minutes for which the code that opens an intake form on the clinic's tablet is good."
    )
    intake_form_minutes: PositiveInt = Field(
        45, ge=20, le=480, description="Minutes a patient has for an opened intake form before it asks for more time."
    )

    # -- review ------------------------------------------------------------------------------------------------
    review_from: str = Field(
        "medium",
        description="Priority from which an answer opens a case for the nurse by itself: `low`, `medium`, `high`. "
        "Below it only a finished assessment does. High and Critical always open one.",
        pattern="^(low|medium|high)$",
    )
    review_quiet_hours: int = Field(
        12,
        ge=0,
        le=168,
        description="Hours after a decision in which the same findings of the same patient open no new case. A finding "
        "that is new or rests on other values, or a higher priority, always does.",
    )

    # -- notifications -----------------------------------------------------------------------------------------
    notify_file: Path | None = Field(
        None,
        description="TOML file of the ways by which physicians are told of urgent cases: e-mail, webhook, FHIR "
        "(docs/how-to/notify-physicians.md). Without it only the review page tells them.",
    )
    escalate_critical_minutes: PositiveInt = Field(
        5, le=60, description="Minutes without an answer after which a Critical case is told one level further up."
    )
    escalate_high_minutes: PositiveInt = Field(
        15, le=240, description="Minutes without an answer after which a High case is told one level further up."
    )
    notify_attempts: PositiveInt = Field(
        8, le=20, description="Times a notification is tried on one channel before it is given up."
    )
    notify_give_up_minutes: PositiveInt = Field(
        30, le=1440, description="Age in minutes at which what still waits on a channel that fails is given up."
    )
    notify_timeout_s: PositiveFloat = Field(10.0, le=60, description="Seconds one try to send may take.")
    notify_titles: bool = Field(
        False,
        description="Name the findings by their fixed titles in notifications. Off: priority, time and link alone.",
    )

    # -- monitoring --------------------------------------------------------------------------------------------
    clinic_timezone: str = Field(
        "UTC",
        description="Time zone of the clinic (IANA name, `America/Denver`): where its days, weeks and months begin.",
    )
    monitoring_limits_file: Path | None = Field(
        None,
        description="TOML file of the clinic's own limits, from which alerts are raised, instead of the packaged ones "
        "(docs/how-to/monitor.md).",
    )

    @field_validator("clinic_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("it is the name of a time zone, such as UTC or America/Denver")
        return value

    # -- export ------------------------------------------------------------------------------------------------
    export_dir: Path | None = Field(
        None,
        description="Folder in which finished training sets appear, each in a folder of its own. Default: `exports` in "
        "the data folder.",
    )
    export_min_k: int = Field(
        11,
        ge=2,
        le=1000,
        description="Under an expert determination every person of an export must be one of at least so many who are "
        "told alike, or the export is refused; under Safe Harbor the report says how far it is from that.",
    )
    export_most_suppressed: float = Field(
        0.05,
        ge=0,
        lt=1,
        description="Largest share of people that an export may leave out to reach `CDS_EXPORT_MIN_K`.",
    )
    export_policy_file: Path | None = Field(
        None,
        description="De-identification policy that states an expert's determination (`cds-service policy show "
        "expert-determination` prints the template). Without it only Safe Harbor exports are made.",
    )
    export_approval_days: PositiveInt = Field(
        14, le=90, description="Days after which the approval of an export ends; the export then needs another one."
    )

    # -- rights of patients ------------------------------------------------------------------------------------
    erasure_after_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description="Days since the last record of a patient before which an erasure is refused, for a clinic that the "
        "law obliges to keep records. 0: no such duty (docs/how-to/patient-rights.md).",
    )

    # -- server ------------------------------------------------------------------------------------------------
    web_workers: PositiveInt = Field(2, description="Web processes that `serve` starts.")
    web_threads: PositiveInt = Field(
        32, description="Connections that a web process reads from and answers at once; slow ones wait here."
    )
    web_calls: PositiveInt = Field(
        32, description="Calls that a web process takes in at once (one is worked on, the others wait); more get 503."
    )
    read_timeout_s: PositiveInt = Field(10, description="Seconds a client has to send a request to its last byte.")
    send_timeout_s: PositiveInt = Field(30, description="Seconds a connection may take from request to last byte read.")
    behind_tls_proxy: bool = Field(
        False,
        description="A proxy that speaks TLS stands before this service. Without it, and without a certificate of its "
        "own, `serve` listens on loopback alone.",
    )
    tls_cert_file: Path | None = Field(None, description="Certificate chain (PEM) when `serve` speaks TLS itself.")
    tls_key_file: Path | None = Field(None, description="Private key (PEM) of `CDS_TLS_CERT_FILE`.")
    log_level: str = Field("INFO", description="Least level that is logged.", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @field_validator("model_adapter", mode="before")
    @classmethod
    def _adapter_by_name(cls, value: object) -> object:
        if isinstance(value, str) and value not in set(ModelAdapter):
            raise ValueError(
                "it is `promoted` or `none`: an adapter serves only from the registry, so add its folder with "
                "`cds-service model add`, then `cds-service model promote` it"
            )
        return value

    @model_validator(mode="after")
    def _keys_outside_data(self) -> Self:
        if self.keys_file is not None and self.keys_file.resolve().is_relative_to(self.data_dir.resolve()):
            raise ValueError("CDS_KEYS_FILE must lie outside CDS_DATA_DIR: a copied data folder must not open itself")
        return self

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("CDS_TLS_CERT_FILE and CDS_TLS_KEY_FILE go together")
        return self

    @model_validator(mode="after")
    def _frames_by_https(self) -> Self:
        if self.frame_ancestors and not self.external_url.startswith("https:"):
            raise ValueError("CDS_FRAME_ANCESTORS needs an https CDS_EXTERNAL_URL: cookies in a frame need it")
        return self

    @property
    def shared(self) -> str:
        """URL of the shared store in force."""
        if self.shared_url is None and self.database_url and self.database_url.startswith("postgresql"):
            return self.database_url
        return self.shared_url or f"sqlite:///{self.data_dir.resolve() / 'shared.sqlite3'}"

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
    def adapters_dir(self) -> Path:
        """Folder of the registry's adapters."""
        return self.data_dir / "adapters"

    @property
    def seals_file(self) -> Path:
        """File of the seals of the audit trail."""
        return self.audit_seals_file or self.data_dir / "audit-seals.jsonl"

    @property
    def exports_dir(self) -> Path:
        """Folder of finished training sets."""
        return self.export_dir or self.data_dir / "exports"

    @property
    def model_dir(self) -> Path:
        """Folder of prepared model files."""
        return self.models_dir or self.data_dir / "models"

"""Every setting of the service, read from the environment here and nowhere else.

`GRADMILL_<NAME>` sets a field; `DATABASE_URL` and `REDIS_URL` go by their usual names. A file of that name under /run/secrets
does the same. Durations are in seconds, sizes in bytes.
"""

import os
from functools import cache
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from core.addresses import broker_address, database_address, is_loopback, sqlite_address
from core.quotas import KeepTimes, Quotas
from core.webhooks import SCHEDULE_S

SECRETS = Path("/run/secrets")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="GRADMILL_",
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,  # it may be an address with a password
    )

    data_dir: Path = Field(Path("var"), description="Where embedded mode keeps its database and the workers their cache.")
    database_url: str = Field("", validation_alias="DATABASE_URL", description="Empty: SQLite in the data directory.")
    redis_url: str = Field("", validation_alias="REDIS_URL", description="Empty: a private Valkey in the data directory.")
    pulse_file: Path | None = Field(None, description="Touched whenever a worker or the sweeper has reached the database.")
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    auth: Literal["keys", "off"] = Field("keys", description="Off: no request needs a key; on a loopback host only.")

    worker_processes: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, description="Jobs trained at once.")
    lease_ttl_s: float = Field(15.0, gt=0, description="A worker silent for this long has lost its job.")
    stuck_limit: int = Field(5, ge=1, description="Deaths of a worker without progress before its job fails.")
    sweep_every_s: float = Field(1.0, gt=0)
    redispatch_after_s: float = Field(30.0, gt=0, description="A queued job whose wake-up led to nothing is announced again.")
    outstanding_wakes: int = Field(100, ge=1)
    record_every_s: float = Field(0.2, ge=0, description="Epochs that follow faster are recorded together.")
    checkpoint_every_s: float = Field(1.0, ge=0, description="The least time between two checkpoints of a job.")
    max_cache_bytes: int = Field(10 * 2**30, ge=0, description="Tables, and what is made of them, on a worker machine's disk.")

    # How long what nobody needs is kept after its end or its last use; nothing set: for ever. A tenant may have its own times.
    keep_jobs_s: float | None = Field(None, gt=0, description="Jobs that have ended, with their epochs, events and weights.")
    keep_epochs_s: float | None = Field(
        None, gt=0, description="The epochs and snapshots of jobs that have ended; the jobs stay."
    )
    keep_datasets_s: float | None = Field(None, gt=0, description="Datasets, and weights that were sent.")
    keep_keys_s: float = Field(30 * 86_400.0, ge=86_400, description="Idempotency keys.")

    max_request_bytes: int = Field(10 * 2**20, ge=1, description="A JSON request; datasets have their own limit.")
    allowed_hosts: frozenset[str] = Field(
        frozenset(),
        description='Names by which clients may call, as JSON: ["api.example.com"]. Localhost and addresses may always.',
    )
    body_timeout_s: float = Field(
        30.0,
        gt=0,
        description="A body of which nothing comes for this long is given up; so is an answer of which nothing is taken.",
    )
    body_bytes_per_s: float = Field(16 * 2**10, gt=0, description="So is one that comes more slowly for so long, at any time.")
    body_longest_s: float = Field(
        86_400.0, gt=0, description="However fast, a body is given up after so long. The largest may come for 18 hours."
    )
    answer_longest_s: float = Field(
        86_400.0, gt=0, description="However fast it is taken, an answer ends so long after its client first kept it waiting."
    )
    max_answer_bytes: int = Field(
        2**35,
        ge=1,
        description="Of the disk, for predictions of datasets and converted weights while clients take them; for each process.",
    )
    max_dataset_bytes: int = Field(2**30, ge=1)
    max_dataset_cells: int = Field(200_000_000, ge=1, description="Rows × columns.")
    parse_memory_bytes: int = Field(4 * 2**30, ge=1)
    parse_timeout_s: float = Field(120.0, gt=0)
    max_parameters: int = Field(100_000_000, ge=1, description="Weights and biases of one network.")
    max_models_bytes: int = Field(
        2**29, ge=0, description="Networks that an API process keeps in memory to predict with; of one of them too."
    )
    max_training_bytes: int = Field(4 * 2**30, ge=1, description="Estimated memory of one job: parameters, activations, data.")
    job_margin_bytes: int = Field(2**29, ge=0, description="Beyond that estimate, before a job is refused more memory.")
    max_threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, description="Threads of one training.")
    # What one tenant may have, unless it has a quota of its own.
    tenant_open_requests: int | None = Field(600, ge=1, description="Being answered by one process, the waiting ones included.")
    tenant_open_streams: int | None = Field(500, ge=1, description="Streams of events, which count as open requests too.")
    tenant_open_uploads: int | None = Field(64, ge=1, description="Uploads and other large bodies, from their announcement on.")
    tenant_open_upload_bytes: int | None = Field(
        4 * 2**30, ge=1, description="Of all these, as they announce or as they come, until they are stored or refused."
    )
    tenant_answer_bytes: int = Field(
        2**32,
        ge=1,
        description="Of these answers: an eighth of what there is for all. The smaller of both is the most that one may take.",
    )
    tenant_requests_per_minute: int | None = Field(None, ge=1, description="Counted in Redis, not at all while that is away.")
    tenant_queued_jobs: int | None = Field(10_000, ge=1)
    tenant_running_jobs: int | None = Field(None, ge=1)
    tenant_stored_bytes: int | None = Field(None, ge=1, description="Of datasets, weights and jobs, with all that is theirs.")
    tenant_parameters: int | None = Field(None, ge=1, description="Of one network.")
    tenant_rows: int | None = Field(None, ge=1, description="Of one dataset, and of all that one job looks at.")
    tenant_job_s: float | None = Field(None, gt=0, description="Of one attempt at a job.")
    stream_s: float = Field(900.0, gt=0, description="How long a stream lasts before its client has to come again.")
    webhook_private_addresses: bool = Field(
        False,
        description="Whether webhooks may lead to private addresses, and over plain HTTP.",
    )
    webhook_timeout_s: float = Field(10.0, gt=0, description="How long a webhook's receiver may take to answer.")
    webhook_lease_margin_s: float = Field(20.0, gt=0, description="Beyond that time, until another sweeper sends in its place.")
    webhook_schedule_s: tuple[float, ...] = Field(SCHEDULE_S, description="Seconds after each attempt that failed, as JSON.")
    webhook_give_up_s: float = Field(
        4 * 86_400.0,
        gt=0,
        description="How long a message to a webhook is tried, and a webhook may fail before it is disabled.",
    )
    keep_deliveries_s: float = Field(30 * 86_400.0, gt=0, description="Messages to webhooks that were delivered or given up.")
    statement_timeout_s: float = Field(10.0, gt=0, description="Of one query of the API, which is given up then.")
    max_wait_s: float = Field(60.0, ge=0, description="The longest that a request may wait for a job; more is refused.")

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, url: str) -> str:
        return database_address(url) if url else url

    @field_validator("redis_url")
    @classmethod
    def _is_a_broker(cls, url: str) -> str:
        return broker_address(url) if url else url

    @field_validator("auth")
    @classmethod
    def _is_safe(cls, auth: str, others: ValidationInfo) -> str:
        host = others.data.get("host", "")
        if auth == "off" and not is_loopback(host):
            raise ValueError(
                f"is 'off', but GRADMILL_HOST is {host!r}, which others can reach: only 127.0.0.1 may go without keys"
            )
        return auth

    @property
    def quotas(self) -> Quotas:
        """Of every tenant that has none of its own."""
        return Quotas(
            queued_jobs=self.tenant_queued_jobs,
            running_jobs=self.tenant_running_jobs,
            stored_bytes=self.tenant_stored_bytes,
            parameters=self.tenant_parameters,
            rows=self.tenant_rows,
            job_s=self.tenant_job_s,
        )

    @property
    def keep_times(self) -> KeepTimes:
        """Of every tenant that has none of its own."""
        return KeepTimes(jobs_s=self.keep_jobs_s, epochs_s=self.keep_epochs_s, datasets_s=self.keep_datasets_s)

    @property
    def key_file(self) -> Path:
        """Where embedded mode keeps its API key."""
        return self.data_dir / "key"

    @property
    def database(self) -> str:
        """The URL of the database, whether it was given or not."""
        return self.database_url or self._own_database

    @property
    def is_embedded(self) -> bool:
        """Whether the database is that of the data directory, which the supervisor gives its children as a URL."""
        return self.database == self._own_database

    @property
    def _own_database(self) -> str:
        return sqlite_address(self.data_dir / "gradmill.db")


class InvalidSettings(SystemExit):
    """Ends a process that nobody made ready for it with one line: each wrong setting, its value and what is allowed."""


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    try:
        return Settings()
    except SettingsError as error:  # no JSON, where a list must be
        raise InvalidSettings(f"cannot start: {error}; it must be JSON") from None
    except ValidationError as error:
        raise InvalidSettings("cannot start: " + "; ".join(map(_problem, error.errors()))) from None


def _problem(error: ErrorDetails) -> str:
    """Of an address only what its own check says, since it may hold a password."""
    name = str(error["loc"][0])
    field = Settings.model_fields.get(name)
    if error["type"] == "value_error":
        return f"{name if field is None else f'GRADMILL_{name.upper()}'} {error['ctx']['error']}"
    if field is None:
        return f"{name}: {error['msg']}"
    return f"GRADMILL_{name.upper()} is {error['input']!r}; it must be {_allowed(field)}"


def _allowed(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return " or ".join(get_args(field.annotation))
    kinds = {int: "a whole number", float: "a number"}
    possible = get_args(field.annotation) or (field.annotation,)
    kind = next((kinds[each] for each in possible if each in kinds), "text")
    words = {"ge": "of at least", "gt": "above", "le": "and at most"}
    limits = (
        f"{words[name]} {limit}"
        for each in field.metadata
        for name in words
        if (limit := getattr(each, name, None)) is not None
    )
    return " ".join((kind, *limits))

"""The tables, the same on SQLite and PostgreSQL.

    jobs ─┬─ epochs            one row per trained epoch
          ├─ events            one row per transition: history, and `number` is its place in what its tenant follows
          ├─ snapshots ────┐   the weights of some epochs, kept as it learns
          ├─ checkpoints ──┤   where to go on, one per job
          └─ weights ──────┤   what was learned: "best" and "last", and on request what the optimizer kept
    datasets ──────────────┤
    sent_weights ──────────┴─ blobs    bytes in chunks, each owned by one row of the above
    uploads                            blobs that no row owns yet
    idempotency_keys                   which job, dataset or webhook each key made
    tenants ─── api_keys               who may ask; of a key its id and its hash alone
    webhooks ─── deliveries            where a tenant wants to be told what, and each message that was made for it
    feeds                              how many events of each tenant have a number

A job's row is complete in itself: a status poll reads it by its key and nothing else. The long columns stand last, since SQLite
reads a row from its start. A finished job outlives its datasets, so `jobs.dataset_id` and `jobs.validation_dataset_id` are no
foreign keys; submitting locks the datasets; so it is with the weights that a job starts from. An idempotency key goes with what
it made. A tenant has a row once it has an API key; the column `tenant` of the other tables is its name.
A deleted job or webhook belongs to NOBODY until the last of its rows is gone.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    desc,
    false,
    literal_column,
    text,
    true,
)

from core.jobs import MOST_NAME, State

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_unique",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

# Ids are compared byte by byte on both databases, whatever the locale of the server.
_Id = String(40).with_variant(String(40, collation="C"), "postgresql")
_Json = JSON(none_as_null=True)

NOBODY = ""  # no tenant's name, so no client can reach what it has

# Written into the statements as they stand: a planner takes a partial index only when it sees the constant.
QUEUED = literal_column(f"'{State.QUEUED}'", String)
RUNNING = literal_column(f"'{State.RUNNING}'", String)
PAUSED = literal_column(f"'{State.PAUSED}'", String)
ALIVE = (QUEUED, RUNNING, PAUSED)  # not ended: what such a job names stays
_queued = text(f"state = '{State.QUEUED}'")
_running = text(f"state = '{State.RUNNING}'")
_alive = text(f"state IN ({', '.join(map(str, ALIVE))})")
_ended = text("finished_at IS NOT NULL")
_ended_with_epochs = text("finished_at IS NOT NULL AND has_epochs")
_pending = text("state = 'pending'")
_unnumbered = text("number IS NULL")
_numbered = text("number IS NOT NULL")

jobs = Table(
    "jobs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("tenant", String(100), nullable=False),
    Column("state", String(16), nullable=False),
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("stuck", Integer, nullable=False, server_default="0"),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("epochs_total", Integer),
    Column("lease_owner", String(200)),
    Column("lease_until", Double),
    Column("dispatch_at", Double),
    Column("cancel_requested", Boolean, nullable=False, server_default=false()),
    Column("dataset_id", _Id, nullable=False),
    Column("validation_dataset_id", _Id),
    Column("start_id", _Id),
    Column("seed", BigInteger, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("finished_at", Double),
    Column("metadata", _Json, nullable=False),
    Column("progress", _Json),
    Column("result", _Json),
    Column("error", _Json),
    Column("fingerprint", _Json),
    Column("spec", _Json, nullable=False),
    Column("plan", _Json, nullable=False),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("pause_requested", Boolean, nullable=False, server_default=false()),
    Column("claimed_at", Double),
    Column("used_s", Double, nullable=False, server_default="0"),
    Column("retry_of", _Id),
    Column("has_epochs", Boolean, nullable=False, server_default=true()),
    Column("best", _Json),
    Column("is_validated", Boolean, nullable=False, server_default=false()),
    Column("snapshot_bytes", BigInteger, nullable=False, server_default="0"),
    Column("name", String(MOST_NAME)),
    Column("asked_bytes", BigInteger, nullable=False, server_default="0"),
    Column("weights_bytes", BigInteger, nullable=False, server_default="0"),
    Column("stored_bytes", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("state IN ('queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled')", "state_known"),
    CheckConstraint(f"(state = '{State.RUNNING}') = (lease_until IS NOT NULL)", "running_is_leased"),
    CheckConstraint(f"(state = '{State.QUEUED}') = (dispatch_at IS NOT NULL)", "queued_is_dispatched"),
    CheckConstraint("NOT (state IN ('queued', 'paused') AND cancel_requested)", "waiting_is_wanted"),
    CheckConstraint("NOT pause_requested OR (state = 'running' AND NOT cancel_requested)", "pausing_is_running"),
    CheckConstraint("epoch BETWEEN 0 AND epochs_total", "epoch_in_range"),
    Index("jobs_queued", "tenant", desc("priority"), "id", sqlite_where=_queued, postgresql_where=_queued),
    Index("jobs_due", "dispatch_at", sqlite_where=_queued, postgresql_where=_queued),
    Index("jobs_leases", "lease_until", sqlite_where=_running, postgresql_where=_running),
    Index("jobs_datasets", "dataset_id", sqlite_where=_alive, postgresql_where=_alive),
    Index("jobs_validation_datasets", "validation_dataset_id", sqlite_where=_alive, postgresql_where=_alive),
    Index("jobs_starts", "start_id", sqlite_where=_alive, postgresql_where=_alive),
    Index("jobs_ended", "tenant", "finished_at", sqlite_where=_ended, postgresql_where=_ended),
    Index(
        "jobs_ended_with_epochs",
        "tenant",
        "finished_at",
        sqlite_where=_ended_with_epochs,
        postgresql_where=_ended_with_epochs,
    ),
    Index("jobs_stored", "tenant", "stored_bytes"),
    Index("jobs_pages", "tenant", "id"),
    Index("jobs_pages_by_state", "tenant", "state", "id"),
)

epochs = Table(
    "epochs",
    metadata,
    Column("job_id", _Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("fence", Integer, nullable=False),
    Column("loss", Double, nullable=False),
    Column("validation_loss", Double),
    Column("metrics", _Json, nullable=False),
    Column("learning_rate", Double, nullable=False),
    Column("gradient_norm", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("rows_per_second", Double, nullable=False),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    Column("job_id", _Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("type", String(40), nullable=False),
    Column("data", _Json, nullable=False),
    Column("tenant", String(100)),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("number", BigInteger),
    Index("events_unnumbered", "tenant", "job_id", "seq", sqlite_where=_unnumbered, postgresql_where=_unnumbered),
    Index("events_feed", "tenant", "number", unique=True, sqlite_where=_numbered, postgresql_where=_numbered),
    sqlite_with_rowid=False,
)

feeds = Table(
    "feeds",
    metadata,
    Column("tenant", String(100), primary_key=True),
    Column("last", BigInteger, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("tenant", String(100), nullable=False),
    Column("url", Text, nullable=False),
    Column("events", _Json, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("secret", String(100), nullable=False),
    Column("old_secret", String(100)),
    Column("old_secret_until", Double),
    Column("position", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("paused_until", Double),
    Column("lease_until", Double),
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("failing_since", Double),
    Column("disabled_at", Double),
    Column("disabled_reason", String(16)),
    CheckConstraint("disabled_reason IS NULL OR disabled_reason IN ('failing', 'gone')", "reason_known"),
    CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", "disabled_for_a_reason"),
    CheckConstraint("NOT (is_enabled AND disabled_at IS NOT NULL)", "disabled_is_not_enabled"),
    Index("webhooks_pages", "tenant", "id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("webhook_id", _Id, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("number", BigInteger),
    Column("type", String(50), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", Double, nullable=False),
    Column("due_at", Double),
    Column("attempted_at", Double),
    Column("status", Integer),
    Column("error", Text),
    Column("body", Text, nullable=False),
    Column("pending_since", Double),  # null where a version made it that knows no such column: since it was made
    CheckConstraint("state IN ('pending', 'delivered', 'failed')", "state_known"),
    CheckConstraint("(state = 'pending') = (due_at IS NOT NULL)", "pending_is_due"),
    Index("deliveries_once", "webhook_id", "number", unique=True, sqlite_where=_numbered, postgresql_where=_numbered),
    Index("deliveries_due", "webhook_id", "due_at", sqlite_where=_pending, postgresql_where=_pending),
    Index("deliveries_pages", "webhook_id", "id"),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("job_id", _Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("at", Double, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("blob_id", _Id, nullable=False),
)

weights = Table(
    "weights",
    metadata,
    Column("job_id", _Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("which", String(16), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("blob_id", _Id, nullable=False),
    CheckConstraint("which IN ('best', 'last', 'optimizer')", "which_known"),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("job_id", _Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("fence", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("blob_id", _Id, nullable=False),
)

datasets = Table(
    "datasets",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("tenant", String(100), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("format", String(16), nullable=False),
    Column("name", Text),
    Column("source_kind", String(16), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("table_sha256", String(64), nullable=False),
    Column("table_bytes", BigInteger, nullable=False),
    Column("blob_id", _Id, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("column_count", Integer, nullable=False),
    Column("schema", _Json, nullable=False),
    Column("preview", _Json, nullable=False),
    Column("used_at", Double, nullable=False, server_default="0"),
    Column("stored_bytes", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("tenant", "sha256", "format"),
    Index("datasets_pages", "tenant", "id"),
    Index("datasets_stored", "tenant", "stored_bytes"),
    Index("datasets_by_use", "tenant", "used_at"),
)

sent_weights = Table(
    "sent_weights",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("tenant", String(100), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("blob_id", _Id, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("tensors", _Json, nullable=False),
    Column("used_at", Double, nullable=False, server_default="0"),
    UniqueConstraint("tenant", "sha256"),
    Index("sent_weights_pages", "tenant", "id"),
    Index("sent_weights_by_use", "tenant", "used_at"),
)

blobs = Table(
    "blobs",
    metadata,
    Column("blob_id", _Id, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)

uploads = Table(
    "uploads",
    metadata,
    Column("blob_id", _Id, primary_key=True),
    Column("started_at", Double, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("tenant", String(100), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request_sha256", String(64), nullable=False),
    Column("made", _Id, nullable=False),
    Column("created_at", Double, nullable=False),
    Index("idempotency_keys_made", "made"),
    Index("idempotency_keys_by_age", "created_at"),
    sqlite_with_rowid=False,
)

tenants = Table(
    "tenants",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("created_at", Double, nullable=False),
    # Null where the settings hold.
    Column("max_queued_jobs", BigInteger),
    Column("max_running_jobs", BigInteger),
    Column("max_stored_bytes", BigInteger),
    Column("max_parameters", BigInteger),
    Column("max_rows", BigInteger),
    Column("max_job_s", Double),
    Column("keep_jobs_s", Double),
    Column("keep_epochs_s", Double),
    Column("keep_datasets_s", Double),
    # When a job of its was claimed last; null before the first.
    Column("served_at", Double),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("tenant", String(100), ForeignKey("tenants.name"), nullable=False),
    Column("name", String(100), nullable=False),
    Column("scopes", String(40), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("revoked_at", Double),
    Column("last_used_at", Double),
    Index("api_keys_by_tenant", "tenant"),
)

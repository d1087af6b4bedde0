"""Jobs and their history, datasets, weights, the blobs that hold them, and the keys that made them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")
_QUEUED = sa.text("state = 'queued'")
_RUNNING = sa.text("state = 'running'")
_ALIVE = sa.text("state IN ('queued', 'running')")


def upgrade() -> None:
    op.create_table(
        "blobs",
        sa.Column("blob_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("blob_id", "number", name="blobs_pkey"),
    )
    op.create_table(
        "datasets",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant", sa.String(length=100), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("source_kind", sa.String(length=16), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("table_sha256", sa.String(length=64), nullable=False),
        sa.Column("table_bytes", sa.BigInteger(), nullable=False),
        sa.Column("blob_id", _ID, nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("column_count", sa.Integer(), nullable=False),
        sa.Column("schema", sa.JSON(), nullable=False),
        sa.Column("preview", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="datasets_pkey"),
        sa.UniqueConstraint("tenant", "sha256", "format", name="datasets_tenant_sha256_format_unique"),
    )
    op.create_index("datasets_pages", "datasets", ["tenant", "id"])
    op.create_table(
        "sent_weights",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant", sa.String(length=100), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("blob_id", _ID, nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("tensors", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="sent_weights_pkey"),
        sa.UniqueConstraint("tenant", "sha256", name="sent_weights_tenant_sha256_unique"),
    )
    op.create_index("sent_weights_pages", "sent_weights", ["tenant", "id"])
    op.create_table(
        "jobs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stuck", sa.Integer(), server_default="0", nullable=False),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("epochs_total", sa.Integer()),
        sa.Column("lease_owner", sa.String(length=200)),
        sa.Column("lease_until", sa.Double()),
        sa.Column("dispatch_at", sa.Double()),
        sa.Column("cancel_requested", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("dataset_id", _ID, nullable=False),
        sa.Column("validation_dataset_id", _ID),
        sa.Column("start_id", _ID),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("started_at", sa.Double()),
        sa.Column("finished_at", sa.Double()),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("progress", sa.JSON()),
        sa.Column("result", sa.JSON()),
        sa.Column("error", sa.JSON()),
        sa.Column("fingerprint", sa.JSON()),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.CheckConstraint("(state = 'queued') = (dispatch_at IS NOT NULL)", name=op.f("jobs_queued_is_dispatched")),
        sa.CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name=op.f("jobs_running_is_leased")),
        sa.CheckConstraint("state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name=op.f("jobs_state_known")),
        sa.CheckConstraint("NOT (state = 'queued' AND cancel_requested)", name=op.f("jobs_queued_is_wanted")),
        sa.CheckConstraint("epoch BETWEEN 0 AND epochs_total", name=op.f("jobs_epoch_in_range")),
        sa.PrimaryKeyConstraint("id", name="jobs_pkey"),
    )
    op.create_index("jobs_datasets", "jobs", ["dataset_id"], sqlite_where=_ALIVE, postgresql_where=_ALIVE)
    op.create_index("jobs_starts", "jobs", ["start_id"], sqlite_where=_ALIVE, postgresql_where=_ALIVE)
    op.create_index("jobs_due", "jobs", ["dispatch_at"], sqlite_where=_QUEUED, postgresql_where=_QUEUED)
    op.create_index("jobs_leases", "jobs", ["lease_until"], sqlite_where=_RUNNING, postgresql_where=_RUNNING)
    op.create_index("jobs_pages", "jobs", ["tenant", "id"])
    op.create_index("jobs_pages_by_state", "jobs", ["tenant", "state", "id"])
    op.create_index("jobs_validation_datasets", "jobs", ["validation_dataset_id"], sqlite_where=_ALIVE, postgresql_where=_ALIVE)
    op.create_index("jobs_queued", "jobs", ["id"], sqlite_where=_QUEUED, postgresql_where=_QUEUED)
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant", sa.String(length=100), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("made", _ID, nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key", name="idempotency_keys_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("idempotency_keys_made", "idempotency_keys", ["made"])
    op.create_table(
        "uploads",
        sa.Column("blob_id", _ID, nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("blob_id", name="uploads_pkey"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("blob_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="checkpoints_job_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name="checkpoints_pkey"),
    )
    op.create_table(
        "epochs",
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("loss", sa.Double(), nullable=False),
        sa.Column("validation_loss", sa.Double()),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("learning_rate", sa.Double(), nullable=False),
        sa.Column("gradient_norm", sa.Double(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("rows_per_second", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="epochs_job_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "epoch", name="epochs_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "events",
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="events_job_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "seq", name="events_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "weights",
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("which", sa.String(length=16), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("blob_id", _ID, nullable=False),
        sa.CheckConstraint("which IN ('best', 'last', 'optimizer')", name=op.f("weights_which_known")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="weights_job_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "which", name="weights_pkey"),
    )


def downgrade() -> None:
    for table in (
        "weights",
        "checkpoints",
        "events",
        "epochs",
        "uploads",
        "idempotency_keys",
        "jobs",
        "sent_weights",
        "datasets",
        "blobs",
    ):
        op.drop_table(table)

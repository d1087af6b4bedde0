"""The weights of some epochs of a job, kept as it learns."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")
_KEEPING = sa.text("snapshot_bytes > 0")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("snapshot_bytes", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index("jobs_snapshots", "jobs", ["tenant", "id"], sqlite_where=_KEEPING, postgresql_where=_KEEPING)
    op.create_table(
        "snapshots",
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("blob_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("snapshots_job_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "epoch", name=op.f("snapshots_pkey")),
    )


def downgrade() -> None:
    op.drop_table("snapshots")
    op.drop_index("jobs_snapshots", "jobs")
    op.drop_column("jobs", "snapshot_bytes")

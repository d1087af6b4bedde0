"""Tenants, their API keys and their turns; what is there already belongs to the tenant "default"."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_QUEUED = sa.text("state = 'queued'")
_STARTED = sa.text("started_at IS NOT NULL")
_ID = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "tenants",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("max_queued_jobs", sa.BigInteger()),
        sa.Column("max_running_jobs", sa.BigInteger()),
        sa.Column("max_stored_bytes", sa.BigInteger()),
        sa.Column("max_parameters", sa.BigInteger()),
        sa.Column("max_rows", sa.BigInteger()),
        sa.Column("max_job_s", sa.Double()),
        sa.PrimaryKeyConstraint("name", name="tenants_pkey"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", _ID, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("tenant", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("scopes", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double()),
        sa.Column("revoked_at", sa.Double()),
        sa.Column("last_used_at", sa.Double()),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="api_keys_tenant_fkey"),
        sa.PrimaryKeyConstraint("id", name="api_keys_pkey"),
    )
    op.create_index("api_keys_by_tenant", "api_keys", ["tenant"])
    op.add_column("jobs", sa.Column("priority", sa.Integer(), server_default="0", nullable=False))
    op.drop_index("jobs_queued", "jobs")
    by_priority = sa.text("priority DESC")
    op.create_index("jobs_queued", "jobs", ["tenant", by_priority, "id"], sqlite_where=_QUEUED, postgresql_where=_QUEUED)
    op.create_index("jobs_turns", "jobs", ["tenant", "started_at"], sqlite_where=_STARTED, postgresql_where=_STARTED)


def downgrade() -> None:
    op.drop_index("jobs_turns", "jobs")
    op.drop_index("jobs_queued", "jobs")
    op.create_index("jobs_queued", "jobs", ["id"], sqlite_where=_QUEUED, postgresql_where=_QUEUED)
    op.drop_column("jobs", "priority")
    op.drop_table("api_keys")
    op.drop_table("tenants")

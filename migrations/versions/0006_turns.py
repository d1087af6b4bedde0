"""When each tenant was served: its jobs, which it may delete, tell that no longer."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STARTED = sa.text("started_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("tenants", sa.Column("served_at", sa.Double()))
    op.execute("UPDATE tenants SET served_at = (SELECT max(started_at) FROM jobs WHERE jobs.tenant = tenants.name)")
    op.drop_index("jobs_turns", "jobs")


def downgrade() -> None:
    op.create_index("jobs_turns", "jobs", ["tenant", "started_at"], sqlite_where=_STARTED, postgresql_where=_STARTED)
    op.drop_column("tenants", "served_at")

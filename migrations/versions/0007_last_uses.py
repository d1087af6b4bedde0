"""When datasets and sent weights were used last: the jobs that used them, which may be deleted, tell that no longer."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ENDED = sa.text("finished_at IS NOT NULL")
_USES = {
    "datasets": {"jobs_used_datasets": "dataset_id", "jobs_used_validation_datasets": "validation_dataset_id"},
    "sent_weights": {"jobs_used_starts": "start_id"},
}


def upgrade() -> None:
    for table, uses in _USES.items():
        op.add_column(table, sa.Column("used_at", sa.Double(), server_default="0", nullable=False))
        op.execute(f"UPDATE {table} SET used_at = created_at")  # noqa: S608
        for name, column in uses.items():
            last = f"SELECT max(finished_at) FROM jobs WHERE {column} = {table}.id AND finished_at IS NOT NULL"  # noqa: S608
            op.execute(f"UPDATE {table} SET used_at = ({last}) WHERE ({last}) > used_at")  # noqa: S608
            op.drop_index(name, "jobs")
        op.drop_index(f"{table}_by_age", table)
        op.create_index(f"{table}_by_use", table, ["tenant", "used_at"])


def downgrade() -> None:
    for table, uses in _USES.items():
        op.drop_index(f"{table}_by_use", table)
        op.create_index(f"{table}_by_age", table, ["tenant", "created_at"])
        for name, column in uses.items():
            op.create_index(name, "jobs", [column, "finished_at"], sqlite_where=_ENDED, postgresql_where=_ENDED)
        op.drop_column(table, "used_at")

"""How long what a tenant has is kept, and what finds the oldest rows of each tenant."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIMES = ("keep_jobs_s", "keep_epochs_s", "keep_datasets_s")
_ENDED = {"jobs_ended": "finished_at IS NOT NULL", "jobs_ended_with_epochs": "finished_at IS NOT NULL AND has_epochs"}
_BY_AGE = ("datasets", "sent_weights")


def upgrade() -> None:
    for time in _TIMES:
        op.add_column("tenants", sa.Column(time, sa.Double()))
    _replace_ended(["tenant", "finished_at"])
    for table in _BY_AGE:
        op.create_index(f"{table}_by_age", table, ["tenant", "created_at"])


def downgrade() -> None:
    for table in _BY_AGE:
        op.drop_index(f"{table}_by_age", table)
    _replace_ended(["finished_at"])
    for time in reversed(_TIMES):
        op.drop_column("tenants", time)


def _replace_ended(columns: list[str]) -> None:
    for name, condition in _ENDED.items():
        op.drop_index(name, "jobs")
        op.create_index(name, "jobs", columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))

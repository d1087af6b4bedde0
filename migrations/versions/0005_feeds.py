"""The order of all events of a tenant, and after which epoch of its job each came."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_INDEXES = {
    "events_unnumbered": ("number IS NULL", ["tenant", "job_id", "seq"]),
    "events_feed": ("number IS NOT NULL", ["tenant", "number"]),
}


def upgrade() -> None:
    op.create_table(
        "feeds",
        sa.Column("tenant", sa.String(length=100), nullable=False),
        sa.Column("last", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("feeds_pkey")),
        sqlite_with_rowid=False,
    )
    op.add_column("events", sa.Column("tenant", sa.String(length=100)))
    op.add_column("events", sa.Column("epoch", sa.Integer(), server_default="0", nullable=False))
    op.add_column("events", sa.Column("number", sa.BigInteger()))
    # After which epochs the others came nobody has written down; that a job has ended is the last of its events.
    op.execute(
        "UPDATE events SET tenant = (SELECT tenant FROM jobs WHERE id = job_id), epoch = CASE "
        "WHEN type IN ('succeeded', 'failed', 'cancelled') THEN (SELECT epoch FROM jobs WHERE id = job_id) ELSE 0 END"
    )
    for name, (condition, columns) in _INDEXES.items():
        where = sa.text(condition)
        op.create_index(name, "events", columns, unique=name == "events_feed", sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, "events")
    for column in ("number", "epoch", "tenant"):
        op.drop_column("events", column)
    op.drop_table("feeds")

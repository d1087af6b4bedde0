"""Jobs that are paused, retried, timed and deleted, and what finds the rows that nobody has to keep."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")
_STATES = "'queued', 'running', 'succeeded', 'failed', 'cancelled'"
_STATES_WITH_PAUSED = "'queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'"
_ENDED = sa.text("finished_at IS NOT NULL")
_ENDED_WITH_EPOCHS = sa.text("finished_at IS NOT NULL AND has_epochs")
_NEEDS = {"jobs_datasets": "dataset_id", "jobs_validation_datasets": "validation_dataset_id", "jobs_starts": "start_id"}
_USES = {f"jobs_used_{name.removeprefix('jobs_')}": column for name, column in _NEEDS.items()}


def upgrade() -> None:
    op.add_column("jobs", sa.Column("pause_requested", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("jobs", sa.Column("claimed_at", sa.Double()))
    op.add_column("jobs", sa.Column("used_s", sa.Double(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("retry_of", _ID))
    op.add_column("jobs", sa.Column("has_epochs", sa.Boolean(), server_default=sa.true(), nullable=False))
    _replace_check("state_known", f"state IN ({_STATES_WITH_PAUSED})")
    _drop_check("queued_is_wanted")
    _add_check("waiting_is_wanted", "NOT (state IN ('queued', 'paused') AND cancel_requested)")
    _add_check("pausing_is_running", "NOT pause_requested OR (state = 'running' AND NOT cancel_requested)")
    _replace_needs("'queued', 'running', 'paused'")
    op.create_index("jobs_ended", "jobs", ["finished_at"], sqlite_where=_ENDED, postgresql_where=_ENDED)
    op.create_index(
        "jobs_ended_with_epochs",
        "jobs",
        ["finished_at"],
        sqlite_where=_ENDED_WITH_EPOCHS,
        postgresql_where=_ENDED_WITH_EPOCHS,
    )
    for name, column in _USES.items():
        op.create_index(name, "jobs", [column, "finished_at"], sqlite_where=_ENDED, postgresql_where=_ENDED)
    op.create_index("idempotency_keys_by_age", "idempotency_keys", ["created_at"])
    if op.get_bind().dialect.name == "postgresql":
        # At first it had room for eight characters, and "optimizer" has nine; SQLite does not mind.
        op.drop_constraint(op.f("weights_which_known"), "weights")
        op.alter_column("weights", "which", type_=sa.String(length=16))
        op.create_check_constraint(op.f("weights_which_known"), "weights", "which IN ('best', 'last', 'optimizer')")


def downgrade() -> None:
    op.drop_index("idempotency_keys_by_age", "idempotency_keys")
    for name in (*_USES, "jobs_ended_with_epochs", "jobs_ended"):
        op.drop_index(name, "jobs")
    op.execute("UPDATE jobs SET state = 'queued', dispatch_at = created_at WHERE state = 'paused'")
    _replace_needs("'queued', 'running'")
    _drop_check("pausing_is_running")
    _drop_check("waiting_is_wanted")
    _add_check("queued_is_wanted", "NOT (state = 'queued' AND cancel_requested)")
    _replace_check("state_known", f"state IN ({_STATES})")
    for column in ("has_epochs", "retry_of", "used_s", "claimed_at", "pause_requested"):
        op.drop_column("jobs", column)


def _replace_check(name: str, condition: str) -> None:
    _drop_check(name)
    _add_check(name, condition)


# Alembic believes that SQLite cannot do this; since 3.53 it can, in the words of PostgreSQL.
def _drop_check(name: str) -> None:
    op.execute(f"ALTER TABLE jobs DROP CONSTRAINT jobs_{name}")


def _add_check(name: str, condition: str) -> None:
    op.execute(f"ALTER TABLE jobs ADD CONSTRAINT jobs_{name} CHECK ({condition})")


def _replace_needs(states: str) -> None:
    alive = sa.text(f"state IN ({states})")
    for name, column in _NEEDS.items():
        op.drop_index(name, "jobs")
        op.create_index(name, "jobs", [column], sqlite_where=alive, postgresql_where=alive)

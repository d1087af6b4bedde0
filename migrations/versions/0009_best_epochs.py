"""What the best epoch of a job reached, and on which rows, in its row."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_REACHED = {
    "sqlite": "json_insert(json_extract(result, '$.best'), '$.epoch', json_extract(result, '$.best_epoch'))",
    "postgresql": "jsonb_set((result -> 'best')::jsonb, '{epoch}', (result -> 'best_epoch')::jsonb)::json",
}
_VALIDATED = {
    "sqlite": "json_extract(spec, '$.training.validation') IS NOT NULL",
    "postgresql": "(spec -> 'training' ->> 'validation') IS NOT NULL",
}


def upgrade() -> None:
    op.add_column("jobs", sa.Column("best", sa.JSON(none_as_null=True)))
    op.add_column("jobs", sa.Column("is_validated", sa.Boolean(), server_default=sa.false(), nullable=False))
    database = op.get_bind().dialect.name
    op.execute(f"UPDATE jobs SET best = {_REACHED[database]} WHERE state = 'succeeded'")  # noqa: S608
    op.execute(f"UPDATE jobs SET is_validated = {_VALIDATED[database]}")  # noqa: S608


def downgrade() -> None:
    op.drop_column("jobs", "is_validated")
    op.drop_column("jobs", "best")

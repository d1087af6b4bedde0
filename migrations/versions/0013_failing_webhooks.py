"""Since when messages wait and webhooks fail, and why the service disabled one."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# In these words both databases take it; see 0003. To SQLite NULL is a failure in the rows that are there.
_CHECKS = {
    "reason_known": "disabled_reason IS NULL OR disabled_reason IN ('failing', 'gone')",
    "disabled_for_a_reason": "(disabled_at IS NULL) = (disabled_reason IS NULL)",
    "disabled_is_not_enabled": "NOT (is_enabled AND disabled_at IS NOT NULL)",
}


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("pending_since", sa.Double()))
    # When a message was to be sent again nobody has written down; an attempt came after that, or is still to come.
    op.execute("UPDATE deliveries SET pending_since = coalesce(attempted_at, created_at) WHERE state = 'pending'")
    op.add_column("webhooks", sa.Column("failing_since", sa.Double()))
    op.add_column("webhooks", sa.Column("disabled_at", sa.Double()))
    op.add_column("webhooks", sa.Column("disabled_reason", sa.String(length=16)))
    for name, condition in _CHECKS.items():
        op.execute(f"ALTER TABLE webhooks ADD CONSTRAINT webhooks_{name} CHECK ({condition})")


def downgrade() -> None:
    for name in reversed(_CHECKS):
        op.execute(f"ALTER TABLE webhooks DROP CONSTRAINT webhooks_{name}")
    for name in ("disabled_reason", "disabled_at", "failing_since"):
        op.drop_column("webhooks", name)
    op.drop_column("deliveries", "pending_since")

"""How many bytes each dataset and each job counts among those that its tenant may store."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_KEEPING = sa.text("snapshot_bytes > 0")
_OF_JOBS = ("asked_bytes", "weights_bytes", "stored_bytes")
_DESCRIBED = """
    UPDATE datasets SET stored_bytes = table_bytes + octet_length(CAST("schema" AS TEXT)) + octet_length(CAST(preview AS TEXT))
"""
_ASKED = """
    UPDATE jobs SET asked_bytes = octet_length(CAST(spec AS TEXT)) + octet_length(CAST(plan AS TEXT))
        + octet_length(CAST(metadata AS TEXT))
"""
_WAITING = """
    UPDATE jobs SET stored_bytes = asked_bytes + snapshot_bytes
        + coalesce((SELECT size_bytes FROM checkpoints WHERE job_id = jobs.id), 0)
    WHERE finished_at IS NULL
"""
_ENDED = """
    UPDATE jobs SET stored_bytes = asked_bytes + CASE WHEN has_epochs THEN epoch * 200 ELSE 0 END
        + coalesce(octet_length(CAST(result AS TEXT)), 0) + coalesce(octet_length(CAST(error AS TEXT)), 0)
        + coalesce((SELECT sum(size_bytes) FROM snapshots WHERE job_id = jobs.id), 0)
        + coalesce((SELECT sum(size_bytes) FROM weights WHERE job_id = jobs.id AND NOT EXISTS (SELECT 1 FROM weights AS other
            WHERE other.job_id = weights.job_id AND other.blob_id = weights.blob_id AND other.which < weights.which)), 0)
    WHERE finished_at IS NOT NULL
"""


def upgrade() -> None:
    for table, names in (("datasets", ("stored_bytes",)), ("jobs", _OF_JOBS)):
        for name in names:
            op.add_column(table, sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    for statement in (_DESCRIBED, _ASKED, _WAITING, _ENDED):
        op.execute(statement)
    op.create_index("datasets_stored", "datasets", ["tenant", "stored_bytes"])
    op.create_index("jobs_stored", "jobs", ["tenant", "stored_bytes"])
    op.drop_index("jobs_snapshots", "jobs")


def downgrade() -> None:
    op.create_index("jobs_snapshots", "jobs", ["tenant", "id"], sqlite_where=_KEEPING, postgresql_where=_KEEPING)
    op.drop_index("jobs_stored", "jobs")
    op.drop_index("datasets_stored", "datasets")
    for name in reversed(_OF_JOBS):
        op.drop_column("jobs", name)
    op.drop_column("datasets", "stored_bytes")

"""Create the table of the last run of each housekeeping task, shared by all copies of the service."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table."""
    op.execute(
        """
        CREATE TABLE housekeeping_runs (
            task text CONSTRAINT housekeeping_runs_pkey PRIMARY KEY,
            finished_at timestamptz NOT NULL
        )
        """
    )

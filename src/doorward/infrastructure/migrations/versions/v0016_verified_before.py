"""Mark accounts whose address an administrator has replaced after an earlier one was verified."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add a column, without writing a row: its default is constant."""
    op.execute(
        """
        ALTER TABLE users
            ADD COLUMN was_verified boolean NOT NULL DEFAULT false
        """
    )

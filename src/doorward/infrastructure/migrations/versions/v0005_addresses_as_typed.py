"""Add the e-mail address as it was typed, beside its unique key.

``email`` stays the key, although ``username_key`` suggests another name: version 0.1, which also runs on this schema,
looks accounts up by it. The new column is null in rows that version 0.1 wrote.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column. The table is locked for a moment and not rewritten."""
    op.execute(
        """
        ALTER TABLE users
            ADD COLUMN email_as_typed text
        """
    )

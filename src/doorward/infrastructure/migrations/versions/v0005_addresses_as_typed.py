"""E-mail addresses as they were typed, beside the key in which they are unique.

``email`` stays that key, although ``username_key`` suggests another name for it: version 0.1 looks accounts up by it
and runs on this schema. The new column is null in rows that version 0.1 wrote, which know the key only.

All pending versions are one transaction. This one comes after those that build indexes, so that ``users`` is not
locked while they are built.
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

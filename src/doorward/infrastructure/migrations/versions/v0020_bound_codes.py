"""Authorization codes that are bound to a key (RFC 9449 section 10)."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add a column that is empty in all rows, which are not written; the table is locked for a moment."""
    op.execute(
        """
        ALTER TABLE oauth_codes ADD COLUMN dpop_jkt text
            CONSTRAINT oauth_codes_dpop_jkt_check CHECK (length(dpop_jkt) = 43)
        """
    )

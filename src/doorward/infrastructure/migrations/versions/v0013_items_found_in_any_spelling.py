"""Store the search words of items, computed by the service, and the ids that items have in files.

No row is written: the stored words stay, and the service's background task `index_items` replaces them in batches.
Until then ``folded_title`` is null, as in rows that were inserted by hand.
"""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Change the columns, which locks the table for a moment, and replace the indexes of titles."""
    op.execute(
        """
        ALTER TABLE items
            ALTER COLUMN search_vector DROP EXPRESSION,
            ALTER COLUMN search_vector SET DEFAULT '',
            ADD COLUMN folded_title text,
            ADD COLUMN external_id text,
            ALTER COLUMN title SET STATISTICS -1,
            ALTER COLUMN folded_title SET STATISTICS 500
        """
    )
    op.execute("DROP INDEX items_shared_title_trigrams_idx, items_private_title_trigrams_idx")
    _create_indexes_of_folded_titles()
    op.execute(
        """
        CREATE INDEX items_unindexed_idx ON items (id) WHERE folded_title IS NULL
        """
    )
    # A unique index, because a constraint cannot be partial: items without a foreign id have no entry.
    op.execute(
        """
        CREATE UNIQUE INDEX items_owner_external_id_key ON items (owner_id, external_id) WHERE external_id IS NOT NULL
        """
    )


def _create_indexes_of_folded_titles() -> None:
    # The extension may have been installed before, in any schema. The index of private titles begins with the
    # owner, so that only the reader's own rows are read.
    op.execute(
        """
        DO $$
        DECLARE
            trigrams text := (
                SELECT extnamespace::regnamespace::text
                FROM pg_catalog.pg_extension
                WHERE extname = 'pg_trgm'
            );
        BEGIN
            EXECUTE pg_catalog.concat(
                'CREATE INDEX items_shared_title_trigrams_idx ON items USING gin (folded_title ', trigrams,
                '.gin_trgm_ops) WHERE visibility = ', pg_catalog.quote_literal('shared')
            );
            EXECUTE pg_catalog.concat(
                'CREATE INDEX items_private_title_trigrams_idx ON items USING gin (owner_id, folded_title ', trigrams,
                '.gin_trgm_ops) WHERE visibility = ', pg_catalog.quote_literal('private')
            );
        END
        $$
        """
    )

"""Separate the indexes of items' contents into shared and private items.

With one index for both, a search reads the matches in all private items, and its time reveals their frequency.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Replace each index by two."""
    _create_indexes_of_titles()
    _create_indexes_of_shared_items()
    _create_indexes_of_private_items()
    op.execute("DROP INDEX items_title_trigrams_idx, items_tags_idx, items_search_vector_idx")


def _create_indexes_of_titles() -> None:
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
                'CREATE INDEX items_shared_title_trigrams_idx ON items USING gin (title ', trigrams,
                '.gin_trgm_ops) WHERE visibility = ', pg_catalog.quote_literal('shared')
            );
            EXECUTE pg_catalog.concat(
                'CREATE INDEX items_private_title_trigrams_idx ON items USING gin (owner_id, title ', trigrams,
                '.gin_trgm_ops) WHERE visibility = ', pg_catalog.quote_literal('private')
            );
        END
        $$
        """
    )


def _create_indexes_of_shared_items() -> None:
    op.execute(
        """
        CREATE INDEX items_shared_tags_idx ON items USING gin (tags, owner_id) WHERE visibility = 'shared'
        """
    )
    # A small pending list: each look-up in the index reads all of it, and a search makes thousands of look-ups.
    op.execute(
        """
        CREATE INDEX items_shared_search_vector_idx ON items USING gin (search_vector)
        WITH (gin_pending_list_limit = 64) WHERE visibility = 'shared'
        """
    )


def _create_indexes_of_private_items() -> None:
    # Includes the owner, so that only the reader's own rows are read.
    op.execute(
        """
        CREATE INDEX items_private_tags_idx ON items USING gin (owner_id, tags) WHERE visibility = 'private'
        """
    )
    op.execute(
        """
        CREATE INDEX items_private_search_vector_idx ON items USING gin ((owner_id::text), search_vector)
        WITH (gin_pending_list_limit = 64) WHERE visibility = 'private'
        """
    )

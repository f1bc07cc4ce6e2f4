"""Indexes of items' contents, of what is shared and of what is private apart.

One index of both has a search read the matches in all private items, and its time tells how frequent a word is in them.
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
    # The extension may have been installed before, in any schema. Private titles have their owner in front, so that
    # only the reader's own rows are read.
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
    # What was just written waits in a list that each look-up reads. Kept short: a search makes thousands of look-ups.
    op.execute(
        """
        CREATE INDEX items_shared_search_vector_idx ON items USING gin (search_vector)
        WITH (gin_pending_list_limit = 64) WHERE visibility = 'shared'
        """
    )


def _create_indexes_of_private_items() -> None:
    # With the owner, so that only the reader's own rows are read.
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

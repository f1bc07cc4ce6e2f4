"""Create the items table, with an index for each order and filter of its lists."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table and its indexes."""
    # Extensions for substrings of titles, and for tags and owner in one index. Both are trusted: no superuser needed.
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    _create_items()
    _create_indexes_of_lists()
    _create_index_of_titles()
    _create_indexes_of_contents()


def _create_items() -> None:
    # Punctuation becomes spaces, so that "sci-fi" and "example.com" are plain words to the parser.
    op.execute(
        r"""
        CREATE TABLE items (
            id uuid CONSTRAINT items_pkey PRIMARY KEY,
            owner_id uuid NOT NULL CONSTRAINT items_owner_id_fkey REFERENCES users (id) ON DELETE CASCADE,
            title text NOT NULL,
            description text NOT NULL,
            tags text[] NOT NULL,
            year smallint,
            visibility text NOT NULL CONSTRAINT items_visibility_check CHECK (visibility IN ('private', 'shared')),
            version integer NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            search_vector tsvector NOT NULL GENERATED ALWAYS AS (
                pg_catalog.setweight(pg_catalog.to_tsvector('simple', pg_catalog.translate(
                    title, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', '                                '
                )), 'A')
                || pg_catalog.setweight(pg_catalog.to_tsvector('simple', pg_catalog.translate(
                    description, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', '                                '
                )), 'B')
            ) STORED
        )
        """
    )


def _create_indexes_of_lists() -> None:
    op.execute(
        """
        CREATE INDEX items_shared_created_at_idx ON items (created_at, id) WHERE visibility = 'shared'
        """
    )
    op.execute(
        """
        CREATE INDEX items_shared_title_idx ON items (title, id) WHERE visibility = 'shared'
        """
    )
    op.execute(
        """
        CREATE INDEX items_shared_year_idx ON items (year, created_at, id) WHERE visibility = 'shared'
        """
    )
    op.execute(
        """
        CREATE INDEX items_owner_created_at_idx ON items (owner_id, visibility, created_at, id)
        """
    )
    op.execute(
        """
        CREATE INDEX items_owner_title_idx ON items (owner_id, visibility, title, id)
        """
    )


def _create_index_of_titles() -> None:
    # The extension may have been installed before, in any schema.
    op.execute(
        """
        DO $$
        BEGIN
            EXECUTE pg_catalog.format(
                'CREATE INDEX items_title_trigrams_idx ON items USING gin (title %I.gin_trgm_ops)',
                (
                    SELECT nspname
                    FROM pg_catalog.pg_extension
                    JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_extension.extnamespace
                    WHERE extname = 'pg_trgm'
                )
            );
        END
        $$
        """
    )


def _create_indexes_of_contents() -> None:
    # Includes the owner, so that a reader's private items are found without reading all items of a frequent tag.
    op.execute(
        """
        CREATE INDEX items_tags_idx ON items USING gin (tags, owner_id)
        """
    )
    # The planner assumes that a tag without statistics has half the frequency of the rarest tag in them, and estimates
    # a substring of titles from a few sampled titles. With the default sample it would often scan the whole list
    # instead of using the index.
    op.execute(
        """
        ALTER TABLE items
            ALTER COLUMN tags SET STATISTICS 500,
            ALTER COLUMN title SET STATISTICS 500
        """
    )
    # A small pending list: each look-up in the index reads all of it, and a search makes thousands of look-ups.
    op.execute(
        """
        CREATE INDEX items_search_vector_idx ON items USING gin (search_vector) WITH (gin_pending_list_limit = 64)
        """
    )

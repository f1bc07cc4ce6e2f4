"""docs/schema.sql equals the schema that the migrations create."""

from pathlib import Path

import psycopg

from development.documents import schema_page
from development.postgres import EmbeddedPostgres
from doorward.infrastructure.migrations import migrate


def test_the_schema_page_equals_a_migrated_database(postgres: EmbeddedPostgres) -> None:
    name = "schema_page"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE schema_page")
    migrate(postgres.url(name))
    page = Path("docs/schema.sql").read_text(encoding="utf-8")
    assert page == schema_page(postgres, name), "run: uv run inv docs"


def test_the_schema_page_contains_no_generated_names_of_not_null_constraints() -> None:
    page = Path("docs/schema.sql").read_text(encoding="utf-8")
    assert "id uuid NOT NULL," in page
    assert "_not_null" not in page

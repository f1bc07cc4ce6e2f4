"""Entries of the audit log can be changed or removed only by retention and by the erasure of a user."""

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

ENTRY = "INSERT INTO audit_events (type, version, data, personal) VALUES ('user.registered', 1, '{}', '{}')"
UPDATE = "UPDATE audit_events SET personal = NULL"
DELETE = "DELETE FROM audit_events"


@pytest.fixture
def url(own_database: str) -> str:
    with psycopg.connect(own_database) as connection:
        connection.execute(ENTRY)
    return own_database


def run(url: str, *statements: str) -> int:
    """Run statements in one transaction; return the number of rows that the last one changed."""
    with psycopg.connect(url) as connection:
        return [connection.execute(statement.encode()).rowcount for statement in statements][-1]


def permit(what: str) -> str:
    return f"SELECT set_config('doorward.audit_change', '{what}', true)"


@pytest.mark.parametrize("statement", [UPDATE, DELETE, "TRUNCATE audit_events", f"{DELETE} WHERE false"])
def test_a_change_is_refused(url: str, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege, match="append-only"):
        run(url, statement)


@pytest.mark.parametrize(
    ("permitted", "statement"),
    [("retention", UPDATE), ("erasure", DELETE), ("retention", "TRUNCATE audit_events"), ("on", DELETE)],
)
def test_a_permission_is_valid_for_one_kind_of_change(url: str, permitted: str, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege, match="append-only"):
        run(url, permit(permitted), statement)


@pytest.mark.parametrize(("permitted", "statement"), [("erasure", UPDATE), ("retention", DELETE)])
def test_a_permission_ends_with_its_transaction(url: str, permitted: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(permit(permitted).encode())
        assert connection.execute(statement.encode()).rowcount == 1
        connection.commit()
        connection.execute(ENTRY)
        with pytest.raises(InsufficientPrivilege, match="append-only"):
            connection.execute(statement.encode())

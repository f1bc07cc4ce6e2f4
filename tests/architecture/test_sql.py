"""Rules for SQL: literals only, in repositories and the infrastructure, in one format."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.architecture.sources import (
    Function,
    at,
    called_name,
    calls_of,
    functions_of,
    is_repository,
    runs_no_query,
    source_modules,
    text_of,
    tree_of,
)

SCHEMA: Final = Path("docs/schema.sql")
EXECUTING: Final = frozenset({"execute", "executemany", "copy"})
KEYWORDS: Final = re.compile(
    r"add|all|alter|and|any|as|asc|begin|between|by|cascade|case|check|column|commit|conflict|constraint|create|cross|"
    r"default|delete|desc|distinct|do|drop|else|end|exists|for|foreign|from|full|group|having|in|index|inner|insert|"
    r"intersect|into|is|join|key|left|like|limit|lock|not|nothing|null|of|offset|on|or|order|outer|primary|references|"
    r"returning|right|select|set|share|skip|table|then|union|unique|update|using|values|view|when|where|with",
    re.IGNORECASE,
)


def executed() -> Iterator[tuple[Path, ast.Call]]:
    for path in source_modules():
        for call in calls_of(path):
            if isinstance(call.func, ast.Attribute) and called_name(call) in EXECUTING and not passes_on(call.func):
                yield path, call


def passes_on(function: ast.Attribute) -> bool:
    """Return whether a call is that of the overridden method."""
    return isinstance(function.value, ast.Call) and called_name(function.value) == "super"


def literals() -> Iterator[tuple[Path, ast.Call, str]]:
    for path, call in executed():
        text = literal_of(call.args[0]) if call.args else None
        if text is not None:
            yield path, call, text


def literal_of(node: ast.expr) -> str | None:
    """Return the text of a literal, or of a psycopg.sql composition of literals; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    owner = node.func.value
    if node.func.attr == "SQL" and isinstance(owner, ast.Name) and owner.id == "sql":
        return literal_of(node.args[0])
    is_composition = isinstance(owner, ast.Call) and called_name(owner) in {"SQL", "format"}
    return literal_of(owner) if node.func.attr == "format" and is_composition else None


def words_of(sql: str) -> list[str]:
    """Return the words of a statement without parameters, quoted text and comments."""
    bare = re.sub(r"%\(\w+\)s|'[^']*'|\"[^\"]*\"|--[^\n]*", " ", sql)
    return re.findall(r"[A-Za-z_]\w*", bare)


def test_every_statement_is_a_literal() -> None:
    assembled = [at(path, call) for path, call in executed() if not call.args or literal_of(call.args[0]) is None]
    assert len(list(executed())) > 10
    assert not assembled, "write the statement in one literal with %(name)s parameters, or compose it with psycopg.sql"


def test_columns_are_listed() -> None:
    starred = [
        at(path, call)
        for path, call, sql in literals()
        if re.search(r"(SELECT|RETURNING|DISTINCT|,)\s+\*|\w\.\*", sql, re.IGNORECASE)
    ]
    assert not starred, "name the columns: the dataclass that takes the row has exactly those fields"


def test_sql_is_in_repositories_and_the_infrastructure_only() -> None:
    strays = [
        at(path, call)
        for path, call in executed()
        if not is_repository(path) and not path.is_relative_to("src/doorward/infrastructure")
    ]
    assert not strays, "move the query to the domain's repository"


def test_keywords_are_in_upper_case() -> None:
    lower = [
        f"{at(path, call)} {word}"
        for path, call, sql in literals()
        for word in words_of(sql)
        if KEYWORDS.fullmatch(word) and word != word.upper()
    ]
    assert not lower, "SQL keywords are in upper case, names in lower case"


def test_a_repository_function_runs_one_query() -> None:
    wrong = [
        f"{path}::{function.name}"
        for path in source_modules()
        if is_repository(path)
        for function in functions_of(path)
        if _queries_of(function) != (0 if runs_no_query(function) else 1)
    ]
    assert not wrong, "one function, one query; a private one prepares or ends it, a context manager surrounds it"


def _queries_of(function: Function) -> int:
    return sum(isinstance(node, ast.Call) and called_name(node) in EXECUTING for node in ast.walk(function))


def test_a_repository_uses_named_parameters() -> None:
    positional = [at(path, call) for path, call, sql in literals() if is_repository(path) and "%s" in sql]
    assert not positional, "write %(name)s: parameters in the wrong order cause no error"


def test_a_repository_neither_begins_nor_ends_a_transaction() -> None:
    owners = [
        at(path, call)
        for path in source_modules()
        if is_repository(path) or path.is_relative_to("src/doorward/api")
        for call in calls_of(path)
        if isinstance(call.func, ast.Attribute) and called_name(call) in {"transaction", "commit", "rollback"}
    ]
    assert not owners, "a transaction begins and ends in a use case: docs/decisions/0005-transactions-in-use-cases.md"


OF_NO_USER: Final = {
    "remove_oldest_entries": "retention, of all users",
    "get_extent": "retention, of all users",
    "remove_dead_sessions": "retention, of all users",
    "end_sessions": "of all users, by the operator",
    "remove_expired_codes": "retention, of all users",
    "remove_expired_devices": "retention, of all users",
    "remove_codes_of_client": "of a client, with all its users",
    "remove_devices_of_client": "of a client, with all its users",
    "add_device": "no person has typed the code yet",
    "find_waiting_device": "no person has typed the code yet",
    "update_poll": "the code of the device is the credential",
    "find_credential": "finds whose passkey it is",
    "list_sealed": "of all users, by the operator",
    "add_replay": "of all users, for a webhook",
    "add_user": "the database makes the id",
    "add_users": "the database makes the ids",
    "add_registration": "of a mailbox, which may be no user's",
    "update_bounce": "of a mailbox, which may be no user's",
    "find_user": "finds whose name or identity it is",
    "find_mailbox_by_email": "finds whose address it is",
    "find_passwords": "finds whose names they are",
    "find_other_administrator": "of a role, with all its users",
    "lock_holder": "finds whose name it is",
    "get_estimate": "counts all users",
    "list_users": "lists all users",
    "list_counted_users": "lists all users",
    "list_due_users": "lists all users",
    "list_administrators": "lists all users",
    "find_holder_of_role": "of a role, with all its users",
}
"""Functions whose statements find or change rows by another key than the user's id, and the reason."""

BY_USER: Final = re.compile(
    r"user_id\s*(?:=|IN\b|IS NOT DISTINCT)|=\s*(?:\w+\.)?user_id\b|INSERT INTO\s+\w+\s*\([^)]*user_id"
    r"|USING\s*\([^)]*user_id|\bid\s*=\s*(?:ANY\()?%\(user|users\.id\s*="
)
"""A condition on the user's id, or an insertion with it."""


def tables_of_users() -> set[str]:
    """Return the tables whose rows belong to a user."""
    tables = re.findall(r"CREATE TABLE public\.(\w+) \((.*?)\n\);", text_of(SCHEMA), re.DOTALL)
    return {name for name, columns in tables if re.search(r"^\s+user_id uuid", columns, re.MULTILINE)}


def test_statements_find_their_rows_by_the_users_id() -> None:
    """The tables can then be distributed over several servers by that key."""
    tables = tables_of_users() | {"users"}
    assert {"sessions", "browser_sessions", "passkeys"} <= tables
    named = re.compile(rf"\b(?:FROM|JOIN|UPDATE|INTO|USING)\s+(?:{'|'.join(tables)})\b")
    without = {
        name_of_function_at(path, call)
        for path, call, sql in literals()
        if is_repository(path) and named.search(sql) and not BY_USER.search(sql)
    }
    assert without == OF_NO_USER.keys()


def name_of_function_at(path: Path, call: ast.Call) -> str:
    around = [each for each in functions_of(path) if each.lineno <= call.lineno <= (each.end_lineno or 0)]
    return around[-1].name


def test_a_repository_is_imported_only_by_its_own_domain() -> None:
    """Other domains call its use cases or functions, and may import the type of its connection."""
    strays = [
        f"{at(path, node)} {node.module}"
        for path in source_modules()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and node.module
        if (owner := re.match(r"doorward\.domain\.(\w+)(?:\.|$)", node.module)) and names_a_repository(node)
        if not path.is_relative_to(f"src/doorward/domain/{owner[1]}")
    ]
    assert not strays


def names_a_repository(imported: ast.ImportFrom) -> bool:
    module, names = str(imported.module), {each.name for each in imported.names}
    if module.endswith(".repositories"):
        names.discard("Connection")
    return "repository" in names or bool(names and re.search(r"\.repositor(y|ies)\b", module))

"""Every way to set a password includes the check of new passwords."""

import ast
from pathlib import Path
from typing import Final

from tests.architecture.sources import at, calls_of, source_modules, tree_of

CHECKING: Final = Path("src/doorward/domain/auth/passwords/new_passwords.py")
HASHING: Final = Path("src/doorward/domain/auth/passwords/stored_passwords.py")
HASHES: Final = {"hash_new", "hash"}
CHECKS: Final = {"check_new", "check"}


def attribute_calls(path: Path, names: set[str]) -> list[ast.Call]:
    return [call for call in calls_of(path) if isinstance(call.func, ast.Attribute) and call.func.attr in names]


def hashes_new_password(call: ast.Call) -> bool:
    assert isinstance(call.func, ast.Attribute)
    return call.func.attr == "hash_new" or ast.unparse(call.func.value).endswith("hasher")


def awaited_checks(path: Path) -> list[ast.Await]:
    return [
        node
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Await) and isinstance(node.value, ast.Call) and is_check(node.value.func)
    ]


def is_check(function: ast.expr) -> bool:
    """Return whether the function checks a new password, alone or with the other data of a registration."""
    if isinstance(function, ast.Name):
        return function.id == "read_newcomer"
    is_named_so = isinstance(function, ast.Attribute) and function.attr in CHECKS
    return is_named_so and ast.unparse(function).rpartition(".")[0].endswith("passwords")


def test_only_one_module_calls_the_rules_of_new_passwords() -> None:
    named = [
        at(path, call)
        for path in source_modules()
        for call in calls_of(path)
        if isinstance(call.func, ast.Name) and call.func.id == "check_new_password" and path != CHECKING
    ]
    assert named == [], "call NewPasswords.check, which looks the password up among breached ones, too"


def test_each_module_that_hashes_a_new_password_awaits_the_complete_check() -> None:
    hashing = [
        path
        for path in source_modules()
        if path.is_relative_to("src/doorward/domain") and path != HASHING
        if any(hashes_new_password(call) for call in attribute_calls(path, HASHES))
    ]
    assert len(hashing) >= 3
    assert [str(path) for path in hashing if not awaited_checks(path)] == []

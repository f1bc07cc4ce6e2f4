"""Rules for the names of repository functions, modules and roles, and for imports between tests."""

import ast
from pathlib import Path
from typing import Final

from tests.architecture.sources import at, functions_of, is_repository, modules, source_modules, tree_of

REPOSITORY_VERBS: Final = (
    *("find_", "get_", "list_", "add_", "update_", "remove_", "lock_", "consume_", "count_", "allow_"),
    *("rotate_", "end_", "activate_", "deactivate_", "enable_", "disable_", "replace_", "claim_", "retry_"),
)
"""find: may return None; get: raises; lock: FOR UPDATE; consume: single use, atomic; allow: until the transaction ends;
claim: for this process, until a lease ends; activate and deactivate: users; enable and disable: clients and webhooks;
retry: dead letters. The others are the domain's terms."""

ROLES: Final = frozenset({"models", "policy", "exceptions"})
WITHOUT_RULES: Final = frozenset({"audit", "outbox"})
"""Domains that only store data of other domains, without rules or refusals."""

LISTS_TESTS: Final = Path("tests/architecture/test_certification.py")
"""Imports test modules to compare the names of their tests with a page."""

BANNED_NAMES: Final = frozenset({"utils", "util", "helpers", "helper", "common", "crud", "manager", "base", "misc"})


def repositories() -> list[Path]:
    return [path for path in source_modules() if is_repository(path)]


def test_a_repository_function_begins_with_a_listed_verb() -> None:
    strangers = [
        f"{path}::{function.name}"
        for path in repositories()
        for function in functions_of(path)
        if not function.name.startswith((*REPOSITORY_VERBS, "_"))
    ]
    assert repositories()
    assert not strangers, f"the verb indicates None, locks and single use: choose one of {REPOSITORY_VERBS}"


def test_no_module_has_a_generic_name() -> None:
    named = modules("src", "packages", "development", "benchmarks", "tests")
    nameless = [str(path) for path in named if BANNED_NAMES & {part.lower() for part in path.with_suffix("").parts}]
    assert not nameless, "call a module by what it does"


def test_no_module_imports_a_test_module() -> None:
    found = [
        at(path, statement)
        for path in modules("tests", "development", "benchmarks")
        if path != LISTS_TESTS
        for statement in ast.walk(tree_of(path))
        if isinstance(statement, ast.Import | ast.ImportFrom)
        if any(part.startswith("test_") for name in imported_by(statement) for part in name.split("."))
    ]
    assert not found, "move what two test modules share to a module beside them"


def imported_by(statement: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the full names that an import statement makes available."""
    names = [alias.name for alias in statement.names]
    return names if isinstance(statement, ast.Import) else [f"{statement.module or ''}.{name}" for name in names]


def test_every_domain_uses_the_same_role_names() -> None:
    domains = {path.parts[3] for path in source_modules() if path.match("src/doorward/domain/*/*.py")}
    assert "auth" in domains
    for domain in domains:
        roles = {path.stem for path in source_modules() if path.is_relative_to(f"src/doorward/domain/{domain}")}
        missing = ({"models"} if domain in WITHOUT_RULES else ROLES) - roles
        has_repository = any(is_repository(path) for path in source_modules() if domain in path.parts)
        assert has_repository, f"domain/{domain} lacks repository.py, or a folder repositories"
        assert not missing, f"domain/{domain} lacks {missing}: all domains have the same roles"

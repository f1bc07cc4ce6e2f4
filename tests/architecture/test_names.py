"""Rules for the names of operations, repository functions, modules and roles, and for imports between tests."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.architecture.sources import (
    Function,
    at,
    functions_of,
    is_repository,
    modules,
    runs_no_query,
    source_modules,
    tree_of,
)

REPOSITORY_VERBS: Final = (
    *("find_", "get_", "list_", "add_", "update_", "remove_", "lock_", "consume_", "count_", "allow_"),
    *("rotate_", "end_", "activate_", "deactivate_", "enable_", "disable_", "replace_", "claim_", "retry_"),
)
"""find: may return None; get: raises; lock: FOR UPDATE; consume: single use, atomic; allow: until the transaction ends;
claim: for this process, until a lease ends; activate and deactivate: users; enable and disable: clients and webhooks;
retry: dead letters. The others are the domain's terms."""

WORDS: Final = {
    **dict.fromkeys(("read", "fetch", "load", "retrieve"), "get"),
    **dict.fromkeys(("amend", "change", "edit", "modify"), "update"),
    **dict.fromkeys(("add", "insert", "store", "save"), "create"),
    **dict.fromkeys(("remove", "destroy"), "delete"),
}
"""Verbs of other projects for what is called by one word here. Only asynchronous functions are operations on stored
things: a synchronous ``read_...`` parses text, and a synchronous ``add`` changes an object in memory."""

WORDS_OF_STEPS: Final = {
    **{verb: word for verb, word in WORDS.items() if word in {"get", "update"}},
    **dict.fromkeys(("create", "insert", "store", "save"), "add"),
    **dict.fromkeys(("delete", "destroy"), "remove"),
}
"""The same for functions that take a connection: repositories, and steps in the transaction of a use case."""

TERMS: Final = {
    "PasswordChange.change": "the term for a password, which is replaced",
    "Authorization.read": "parses the parameters of a request, which may be stored ones",
    "Logout.read": "parses the parameters of a request",
    "Introspection.read": "parses a token",
    "AccessTokenSigner.read_with_latest_keys": "parses a token, with keys that it may have to load",
    "read_newcomer": "parses input, and checks for breached passwords",
}
"""Operations that may begin with another verb, and the reason."""

TERMS_OF_ROUTES: Final = {
    "change_password": "as PasswordChange.change",
    **dict.fromkeys(("read_me", "read_item", "amend_item"), "a name of version 0.1"),
}
"""Route functions that may begin with another verb, and the reason."""

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
        if not function.name.startswith(REPOSITORY_VERBS) and not runs_no_query(function)
    ]
    assert repositories()
    assert not strangers, f"the verb indicates None, locks and single use: choose one of {REPOSITORY_VERBS}"


def operations(path: Path) -> Iterator[tuple[str, Function]]:
    """Yield the public functions and methods of a module, with their names in it."""
    tree = tree_of(path)
    owners: list[ast.Module | ast.ClassDef] = [tree]
    owners += [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for owner in owners:
        prefix = f"{owner.name}." if isinstance(owner, ast.ClassDef) else ""
        for node in owner.body:
            if isinstance(node, Function) and not node.name.startswith("_"):
                yield f"{prefix}{node.name}", node


def replaced_word(function: Function) -> str | None:
    """Return the word that belongs in place of the first one of an asynchronous function's name, if it is another."""
    if not isinstance(function, ast.AsyncFunctionDef):
        return None
    parameters = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    takes_connection = "connection" in {parameter.arg for parameter in parameters}
    return (WORDS_OF_STEPS if takes_connection else WORDS).get(function.name.partition("_")[0])


def misnamed(paths: list[Path]) -> dict[str, str]:
    """Return the operations in these modules that begin with another verb, each with its place and the right word."""
    found = [(path, name, function) for path in paths for name, function in operations(path)]
    assert found
    return {
        name: f"{at(path, function)}: {name}: {word}"
        for path, name, function in found
        if (word := replaced_word(function)) is not None
    }


def test_an_operation_of_a_domain_is_named_by_the_one_word_for_it() -> None:
    found = misnamed([path for path in source_modules() if path.is_relative_to("src/doorward/domain")])
    assert not [place for name, place in found.items() if name not in TERMS], "docs/tour.md#names-of-operations"
    assert TERMS.keys() <= found.keys(), "the list of exceptions names something that is gone"


def test_the_function_of_a_route_is_named_by_the_word_of_its_use_case() -> None:
    folders = ("src/doorward/api/v1", "src/doorward/api/oauth")
    found = misnamed([path for path in source_modules() if any(path.is_relative_to(folder) for folder in folders)])
    assert not [place for name, place in found.items() if name not in TERMS_OF_ROUTES], (
        "docs/tour.md#names-of-operations"
    )
    assert TERMS_OF_ROUTES.keys() <= found.keys(), "the list of exceptions names something that is gone"


def test_find_may_find_nothing_and_get_returns_something() -> None:
    wrong = [
        f"{at(path, function)}: {name}"
        for path in source_modules()
        if path.is_relative_to("src/doorward/domain")
        for name, function in operations(path)
        if function.returns is not None
        for verb, returned in [(function.name.partition("_")[0], ast.unparse(function.returns))]
        if (verb == "find" and "None" not in returned and returned != "bool") or (verb == "get" and "None" in returned)
    ]
    assert not wrong, "find returns None, or False, if there is none, get raises, and list returns several"


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

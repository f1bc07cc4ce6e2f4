"""Tests use only public names and patch no module: the values that they vary are parameters."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.architecture.sources import called_name, modules, text_of, tree_of

ALLOWED: Final[dict[str, str]] = {}
"""``path::target``, and the reason why a test replaces it. Only internals of third-party libraries belong here."""

SOURCES: Final = ("src", "packages/doorward-client/src")
PATCHING: Final = {"setattr", "delattr", "setitem", "delitem", "patch", "object", "getattr"}
"""The calls that replace something (pytest's ``monkeypatch``, ``unittest.mock``, built-in ones), and ``getattr``."""


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def imported_modules(tree: ast.AST) -> set[str]:
    """Return the local names of our modules."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {each.asname or each.name for each in node.names if each.name.startswith("doorward")}
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("doorward"):
            folders = [Path(source, *(node.module or "").split(".")) for source in SOURCES]
            names |= {
                each.asname or each.name
                for each in node.names
                for folder in folders
                if (folder / f"{each.name}.py").exists() or (folder / each.name / "__init__.py").exists()
            }
    return names


def replaced_targets(tree: ast.AST) -> Iterator[str]:
    """Yield the names in our modules that a file replaces by calls and assignments, and its private names."""
    ours = imported_modules(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called_name(node) in PATCHING and node.args:
            yield from patched(node, ours)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (ast.unparse(each) for each in targets if belongs_to(each, ours))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("doorward"):
            yield from (f"{node.module}.{each.name}" for each in node.names if is_private(each.name))


def patched(call: ast.Call, ours: set[str]) -> Iterator[str]:
    target, *others = call.args
    name = text(others[0]) if others else ""
    if text(target).startswith("doorward."):
        yield text(target)
    elif is_private(name) or (
        called_name(call) != "getattr" and (ast.unparse(target) in ours or belongs_to(target, ours))
    ):
        yield f"{ast.unparse(target)}.{name}"


def text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def belongs_to(target: ast.expr, ours: set[str]) -> bool:
    """Return whether this is an attribute of one of our modules itself, not of a class in it."""
    while isinstance(target, ast.Subscript):
        target = target.value
    return isinstance(target, ast.Attribute) and ast.unparse(target.value) in ours and target.attr.isupper()


def found() -> set[str]:
    return {f"{path}::{target}" for path in modules("tests") for target in replaced_targets(tree_of(path))}


def test_no_test_replaces_a_name_in_our_modules_or_uses_a_private_name() -> None:
    assert sorted(found() - set(ALLOWED)) == [], "take it as a parameter, or replace a public attribute of an object"
    assert set(ALLOWED) <= found(), "the list of exceptions names something that is gone"


def test_no_test_silences_the_rule_about_private_attributes() -> None:
    silent = [
        f"{path}:{number}"
        for path in modules("tests")
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if "# noqa: SLF001" in line and path.name != Path(__file__).name
    ]
    assert silent == [], "what a test needs of an object is public: name it there"


def test_each_way_to_replace_a_name_is_detected() -> None:
    code = """
from doorward.infrastructure.postgres import batching
from doorward.infrastructure.postgres.batching import _refuse
import doorward.settings.sources as sources
from doorward_client import key_sets
monkeypatch.setattr(batching, "MAXIMUM_WAITING", 1)
monkeypatch.setattr("doorward.settings.sources.SECRETS_FOLDER", 1)
monkeypatch.setitem(batching.BOUNDS, "waiting", 1)
monkeypatch.setattr(service.database, "_pool", 1)
getattr(service.database, "_pool")
patch.object(sources, "read_sources", 1)
patch("doorward.settings.sources.read_sources")
sources.SECRETS_FOLDER = 1
monkeypatch.setattr(key_sets, "STALE_SECONDS", 1)
monkeypatch.setattr(service.hasher, "check", 1)
monkeypatch.setattr(bcrypt, "hashpw", 1)
getattr(batching, "Bounds")
"""
    assert sorted(replaced_targets(ast.parse(code))) == [
        "batching.BOUNDS.waiting",
        "batching.MAXIMUM_WAITING",
        "doorward.infrastructure.postgres.batching._refuse",
        "doorward.settings.sources.SECRETS_FOLDER",
        "doorward.settings.sources.read_sources",
        "key_sets.STALE_SECONDS",
        "service.database._pool",
        "service.database._pool",
        "sources.SECRETS_FOLDER",
        "sources.read_sources",
    ]

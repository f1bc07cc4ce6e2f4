"""Tests use only public names, and change no module, class or object of ours: what they vary is a parameter."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.architecture.sources import called_name, modules, text_of, tree_of

ALLOWED: Final[dict[str, str]] = {}
"""``path::target``, and the reason why a test replaces it. Only internals of third-party libraries belong here."""

SOURCES: Final = ("src", "packages/doorward-client/src")
READING: Final = {"getattr", "hasattr"}
PATCHING: Final = {"setattr", "delattr", "setitem", "delitem", "patch", "object"}
"""The calls that replace something: pytest's ``monkeypatch``, ``unittest.mock``, built-in ones."""

OURS: Final = ("doorward", "doorward_client", "development", "tests")


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


def names_of_others(tree: ast.AST) -> set[str]:
    """Return the local names of modules and classes of the standard library and of third parties."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {
                (each.asname or each.name).partition(".")[0] for each in node.names if not each.name.startswith(OURS)
            }
        if isinstance(node, ast.ImportFrom) and not (node.module or "").startswith(OURS):
            names |= {each.asname or each.name for each in node.names}
    return names


def replaced_targets(tree: ast.AST) -> Iterator[str]:
    """Yield what a file replaces in our modules, classes and objects, its private names, and its computed names."""
    ours, others = imported_modules(tree), names_of_others(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            yield from read(node) if called_name(node) in READING else patched(node, others)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (ast.unparse(each) for each in targets if belongs_to(each, ours) or is_of_a_service(each))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("doorward"):
            yield from (f"{node.module}.{each.name}" for each in node.names if is_private(each.name))


def read(call: ast.Call) -> Iterator[str]:
    """Yield the name that a call reads if it is private or is computed, so that no rule can check it."""
    target, name, *_ = call.args
    if not text(name) or is_private(text(name)):
        yield f"{ast.unparse(target)}.{text(name) or ast.unparse(name)}"


def patched(call: ast.Call, others: set[str]) -> Iterator[str]:
    """Yield the target of a call that replaces something, unless it is a public name of third parties."""
    if called_name(call) not in PATCHING:
        return
    target, *rest = call.args
    is_item = called_name(call) in {"setitem", "delitem"}
    if text(target):
        if text(target).startswith("doorward"):
            yield text(target)
    elif rest and (not (text(rest[0]) or is_item) or is_private(text(rest[0])) or root(target) not in others):
        yield f"{ast.unparse(target)}.{text(rest[0]) or ast.unparse(rest[0])}"


def root(node: ast.expr) -> str:
    """Return the first name of an expression: ``service`` for ``service.app.state``."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def belongs_to(target: ast.expr, ours: set[str]) -> bool:
    """Return whether this is an attribute of one of our modules itself, not of a class in it."""
    while isinstance(target, ast.Subscript):
        target = target.value
    return isinstance(target, ast.Attribute) and ast.unparse(target.value) in ours and target.attr.isupper()


def is_of_a_service(target: ast.expr) -> bool:
    """Return whether this is an attribute of the objects of a running application."""
    return isinstance(target, ast.Attribute) and ".services" in ast.unparse(target.value)


def found() -> set[str]:
    return {f"{path}::{target}" for path in modules("tests") for target in replaced_targets(tree_of(path))}


def test_no_test_replaces_a_part_of_ours_or_uses_a_private_or_computed_name() -> None:
    assert sorted(found() - set(ALLOWED)) == [], "take it as a parameter"
    assert set(ALLOWED) <= found(), "the list of exceptions names something that is gone"


def test_no_test_silences_the_rule_about_private_attributes() -> None:
    silent = [
        f"{path}:{number}"
        for path in modules("tests")
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if "# noqa: SLF001" in line and path.name != Path(__file__).name
    ]
    assert silent == [], "what a test needs of an object is public: name it there"


REPLACING: Final = """
from doorward.infrastructure.postgres import batching
from doorward.infrastructure.postgres.batching import _refuse
import doorward.settings.sources as sources
from doorward_client import key_sets
from doorward.infrastructure.passwords import BcryptHasher
import bcrypt, sys
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
getattr(sessions, f"_{name}")
hasattr(person, field)
monkeypatch.setattr(BcryptHasher, "check", 1)
monkeypatch.setattr(bcrypt, name, 1)
monkeypatch.setitem(sys.modules, "redis", None)
service.app.state.services.edge.upload_seconds = 1
"""

REFUSED: Final = [
    "BcryptHasher.check",
    "batching.BOUNDS.waiting",
    "batching.MAXIMUM_WAITING",
    "bcrypt.name",
    "doorward.infrastructure.postgres.batching._refuse",
    "doorward.settings.sources.SECRETS_FOLDER",
    "doorward.settings.sources.read_sources",
    "key_sets.STALE_SECONDS",
    "person.field",
    "service.app.state.services.edge.upload_seconds",
    "service.database._pool",
    "service.database._pool",
    "service.hasher.check",
    "sessions.f'_{name}'",
    "sources.SECRETS_FOLDER",
    "sources.read_sources",
]


def test_each_way_to_replace_a_name_is_detected() -> None:
    assert sorted(replaced_targets(ast.parse(REPLACING))) == REFUSED

"""The sources that the architecture tests read: the project's files, and the syntax trees of its modules."""

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = Path("src/doorward")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def project_files() -> tuple[Path, ...]:
    """Return every file that is in git or would be added to it, relative to the root."""
    # Accept a clone that another user owns.
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return tuple(sorted(Path(name) for name in set(listed) if (ROOT / name).is_file()))


def modules(*roots: str) -> list[Path]:
    """Return the Python files below the roots; a root may be a file."""
    return [path for path in project_files() if path.suffix == ".py" and path.parts[0] in roots]


def source_modules() -> list[Path]:
    found = modules("src")
    assert found, "no module found under src"
    return found


def is_repository(path: Path) -> bool:
    """Return whether a module holds a domain's SQL: its folder is repositories, or its name repository.py."""
    return path.parent.name == "repositories" or path.name == "repository.py"


def text_of(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path), filename=str(path))


def functions_of(path: Path) -> Iterator[Function]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, Function):
            yield node


def runs_no_query(function: Function) -> bool:
    """Return whether a function of a repository runs no query: a private one, or a context manager."""
    decorators = {ast.unparse(each) for each in function.decorator_list}
    return function.name.startswith("_") or not decorators.isdisjoint({"contextmanager", "asynccontextmanager"})


def calls_of(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            yield node


def called_name(call: ast.Call) -> str:
    """Return the last name of the called expression: ``execute`` for ``connection.execute(...)``."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def at(path: Path, node: ast.expr | ast.stmt) -> str:
    """Return the position of a finding in the format that editors recognise."""
    return f"{path}:{node.lineno}"


def project_table() -> dict[str, Any]:
    return tomllib.loads(text_of(Path("pyproject.toml")))

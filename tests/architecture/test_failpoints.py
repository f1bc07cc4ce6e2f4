"""The failpoints of the proofs are not part of the product: its source and its packages do not contain them."""

import ast
import re

from tests.architecture.sources import ROOT, at, project_table, source_modules, text_of, tree_of

FOREIGN = {"development", "tests", "benchmarks", "tasks"}
IN_THE_IMAGE = {"pyproject.toml", "uv.lock", "README.md", "packages", "src"}


def imported(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    return {(node.module or "").partition(".")[0]} if isinstance(node, ast.ImportFrom) else set()


def test_the_product_imports_none_of_its_tools() -> None:
    found = [
        at(path, node)
        for path in source_modules()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.stmt) and imported(node) & FOREIGN
    ]
    assert not found, "the product must work without its tools"


def test_the_product_has_no_failpoint() -> None:
    found = [
        str(path)
        for path in source_modules()
        if re.search(r"fail_?point|signal\.SIGKILL", text_of(path), re.IGNORECASE)
    ]
    assert not found, "failpoints are put around the product by development/proof/kills, from outside"


def test_wheel_and_image_contain_only_the_product() -> None:
    assert project_table()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["src/doorward"]
    lines = (ROOT / "docker/Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in lines
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == IN_THE_IMAGE

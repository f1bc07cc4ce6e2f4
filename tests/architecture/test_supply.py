"""No locked package is older than the version that fixed its known weaknesses."""

import tomllib
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.sources import text_of

FLOORS: Final = {
    "h11": (0, 16),
    "pyjwt": (2, 13, 0),
    "python-multipart": (0, 0, 31),
    "starlette": (1, 0, 1),
}
"""Minimum versions of packages that read requests and tokens. python-multipart comes with the MCP library, for examples
and tests: the service reads forms by its own code (docs/decisions/0010-own-form-parser.md)."""


def _locked() -> dict[str, tuple[int, ...]]:
    packages = tomllib.loads(text_of(Path("uv.lock")))["package"]
    return {
        package["name"]: tuple(map(int, package["version"].split(".")))
        for package in packages
        if package["name"] in FLOORS
    }


@pytest.mark.parametrize("name", sorted(FLOORS))
def test_a_package_is_locked_at_its_minimum_version_or_above(name: str) -> None:
    assert _locked()[name] >= FLOORS[name]

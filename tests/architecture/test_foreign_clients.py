"""docs/foreign-clients.md names the versions that are locked: those with which people sign in in the tests."""

import json
import re
import tomllib
from pathlib import Path
from typing import Final

from tests.architecture.sources import ROOT, text_of

PAGE: Final = Path("docs/foreign-clients.md")
NPM: Final = ("openid-client", "oauth4webapi", "oidc-client-ts")
PYTHON: Final = ("Authlib", "requests-oauthlib", "idpyoidc", "JupyterHub with oauthenticator")


def versions() -> dict[str, str]:
    """Return the second column of the table of applications, by the first."""
    section = text_of(PAGE).partition("## Applications that people sign in to")[2].partition("What each has taught")[0]
    return dict(re.findall(r"^\| ([^|]+) \| ([\d., a-z]+) \|", section, re.MULTILINE))


def test_versions_of_npm_are_those_of_the_lock() -> None:
    locked = json.loads((ROOT / "tests/interop/package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert {name: versions()[name] for name in NPM} == {name: locked[f"node_modules/{name}"]["version"] for name in NPM}


def test_versions_of_python_are_those_of_the_lock() -> None:
    locked = {each["name"]: each["version"] for each in tomllib.loads(text_of(Path("uv.lock")))["package"]}
    for software in PYTHON:
        names = software.lower().split(" with ")
        assert versions()[software] == ", ".join(locked[name] for name in names)

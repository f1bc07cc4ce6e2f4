"""The versions on docs/foreign-clients.md are those in the lock files, with which the tests run."""

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
    """Return the version of each application in the table."""
    section = text_of(PAGE).partition("## Applications that people sign in to")[2].partition("What each has taught")[0]
    return dict(re.findall(r"^\| ([^|]+) \| ([\d., a-z]+) \|", section, re.MULTILINE))


def test_npm_versions_match_the_lock_file() -> None:
    locked = json.loads((ROOT / "tests/interop/package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert {name: versions()[name] for name in NPM} == {name: locked[f"node_modules/{name}"]["version"] for name in NPM}


def test_python_versions_match_the_lock_file() -> None:
    locked = {each["name"]: each["version"] for each in tomllib.loads(text_of(Path("uv.lock")))["package"]}
    for software in PYTHON:
        names = software.lower().split(" with ")
        assert versions()[software] == ", ".join(locked[name] for name in names)

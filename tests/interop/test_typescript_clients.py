"""Clients in TypeScript that generators create from our OpenAPI document compile strictly, and work."""

import json
import shutil
from pathlib import Path
from typing import Final

import httpx
import pytest

from development.client import new_person
from tests.interop.flows import Site
from tests.interop.programs import FOLDER, NODE_PACKAGES, node_package, run_node

SOURCES: Final = FOLDER / "typescript"
PROJECT: Final = {"strict": True, "target": "es2022", "module": "nodenext", "types": ["node"]}
GENERATORS: Final = {
    "openapi_fetch": ("openapi-typescript", "bin/cli.js", "openapi.json", "-o", "schema.ts"),
    "hey_api": ("@hey-api/openapi-ts", "bin/run.js", "-f", str(SOURCES / "hey_api.config.mjs")),
}
"""Package, program and arguments of each generator; `typescript` has the code that uses the generated clients."""


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generated_client_compiles_strictly_and_works(site: Site, tmp_path: Path, name: str) -> None:
    package, program, *arguments = GENERATORS[name]
    generator = node_package(package) / program
    (tmp_path / "node_modules").symlink_to(NODE_PACKAGES)
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    project = {"compilerOptions": PROJECT, "files": [f"{name}.ts"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(project), encoding="utf-8")
    document = httpx.get(f"{site.url}/openapi.json", trust_env=False).text
    (tmp_path / "openapi.json").write_text(document, encoding="utf-8")
    run_node(generator, *arguments, folder=tmp_path)
    shutil.copy(SOURCES / f"{name}.ts", tmp_path)
    run_node(NODE_PACKAGES / "typescript" / "bin" / "tsc", "--strict", "--project", ".", folder=tmp_path)
    person = new_person()
    seen = run_node(tmp_path / f"{name}.js", folder=tmp_path, given=site.addresses(person))
    assert json.loads(seen) == [person.username, "Casablanca", "Casablanca"]
    assert site.sessions_of(person) == [(1, None)]

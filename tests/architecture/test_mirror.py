"""Tests mirror the product: each folder of the unit and integration rings belongs to a package."""

from pathlib import Path
from typing import Final

from tests.architecture.sources import ROOT, SOURCE, modules, project_files

RINGS: Final = (Path("tests/unit"), Path("tests/integration"))
ABOVE: Final = (SOURCE, SOURCE / "domain", SOURCE / "infrastructure")
"""Where packages and modules with folders of tests are."""

ELSEWHERE: Final = {
    "benchmarks": "the package benchmarks",
    "client_library": "the package packages/doorward-client",
    "development": "the package development",
    "examples": "the programs in examples",
    "certification": "the whole provider, checked by the modules of the OpenID Foundation's plans",
    "maildev": "the locked packages of a mail server that a test of infrastructure starts",
    "upgrade": "a database of version 0.1, with all of the service",
    "oauth/assertions": "a part of domain/oauth: clients with keys",
    "oauth/documents": "a part of domain/oauth: clients that are described by a document",
    "oauth/dpop": "a part of domain/oauth: tokens that are bound to a key",
}
"""The folders that belong to no package of the product, and what they test."""

COMMANDS: Final = "tests/integration/commands"


def folders() -> set[str]:
    """Return the folders of tests, relative to their ring."""
    return {
        str(folder.relative_to(ring))
        for ring in RINGS
        for path in project_files()
        if path.is_relative_to(ring)
        for folder in path.parents
        if folder.is_relative_to(ring) and folder != ring
    }


def belongs_to_the_product(folder: str) -> bool:
    return any((ROOT / above / folder).is_dir() or (ROOT / above / f"{folder}.py").is_file() for above in ABOVE)


def test_each_folder_belongs_to_a_package() -> None:
    strays = {folder for folder in folders() if not belongs_to_the_product(folder)}
    assert strays - set(ELSEWHERE) == set(), "name the folder as the package that it tests"
    assert set(ELSEWHERE) - strays == set(), "the list of exceptions names a folder that is gone"


def test_tests_of_commands_are_in_one_folder() -> None:
    """Elsewhere, a test may run a command to check a use case. The file is named after the use case."""
    named = [path for path in modules("tests") if path.is_relative_to("tests/integration") and "command" in path.name]
    assert [str(path) for path in named if str(path.parent) != COMMANDS] == []


def test_folders_are_found_in_each_part_of_the_product() -> None:
    assert {"auth", "web/admin", "postgres", "rabbitmq", "settings"} <= folders()
    assert not belongs_to_the_product("nowhere")

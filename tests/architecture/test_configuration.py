"""Settings are read in one place, not at import; production accepts no text of this repository as a secret."""

import ast
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from development.documents import meanings_of
from doorward.settings.config import FIELDS, TOPICS, SettingsError, settings_from
from doorward.settings.config import SECRETS as SECRET_SETTINGS
from doorward.settings.published_secrets import is_published
from doorward.settings.secret_strength import problem_with_secret_key
from tests.architecture.sources import (
    at,
    called_name,
    calls_of,
    project_files,
    source_modules,
    text_of,
    tree_of,
)

READERS: Final = {
    Path("src/doorward/settings/config.py"),
    Path("src/doorward/wiring/application.py"),
    *Path("src/doorward/commands").glob("*.py"),
}
WRITERS: Final = {Path("src/doorward/observability/metrics_endpoint.py")}
"""Sets the folder of the workers' metrics in their environment."""

COMPOSE_ONLY: Final = frozenset(
    {"COMPOSE_PROFILES", "DOORWARD_BIND_ADDRESS", "DOORWARD_LISTEN", "DOORWARD_MEMORY", "DOORWARD_PORT"}
)
"""Read by docker/compose.yaml, not by the service."""

SECRETS: Final = ("SECRET_KEY", "POSTGRES_PASSWORD")
ASSIGNED: Final = re.compile(rf"(?<!\$\{{)\b({'|'.join(SECRETS)})[\"']?\s*[=:]\s*[\"']?([^\s\"'`,|)]*)")


def example_lines() -> list[str]:
    return text_of(Path(".env.example")).splitlines()


def assigned_values() -> Iterator[tuple[str, str, str]]:
    """Yield the position, the secret's name and the value of each literal that a file assigns to a secret."""
    for path in project_files():
        if path.suffix == ".py":
            for where, name, value in assigned_in_python(path):
                yield where, name, value
        elif path.suffix not in MACHINE_MADE:
            for name, value in ASSIGNED.findall(text_of(path)):
                yield str(path), name, value


def assigned_in_python(path: Path) -> Iterator[tuple[str, str, str]]:
    for node in ast.walk(tree_of(path)):
        for name, value in named_values(node):
            secret = next((each for each in SECRETS if each in name.upper()), None)
            if secret and isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield at(path, value), secret, value.value


def named_values(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(node, ast.Assign):
        yield from ((ast.unparse(target), node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign):
        yield ast.unparse(node.target), node.value
    elif isinstance(node, ast.keyword):
        yield node.arg or "", node.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            yield (str(key.value) if isinstance(key, ast.Constant) else ""), value
    elif isinstance(node, ast.Call) and called_name(node) in {"setenv", "setdefault"} and len(node.args) > 1:
        yield ast.unparse(node.args[0]), node.args[1]


MACHINE_MADE: Final = frozenset({".lock", ".svg", ".png", ".txt", ".gz"})
LOCKS = {"package-lock.json", "go.mod", "go.sum"}
"""Files that are not searched, because they show no examples: checksums, drawings, lists of passwords, a dump."""

QUOTED: Final = re.compile(r"([\"'`])((?:(?!\1).)+)\1")
GIVEN: Final = re.compile(r"[=:>]\s*(.+)")
PASSWORD_IN_URL: Final = re.compile(r"://[^\s:/@]+:([^\s@/{}]+)@")


def texts_of(path: Path) -> Iterator[str]:
    """Yield the strings of a module or the lines of another file, and the words, quotations and values in each."""
    if path.suffix == ".py":
        values = [node.value for node in ast.walk(tree_of(path)) if isinstance(node, ast.Constant)]
        texts = [each for each in values if isinstance(each, str)]
        texts += [each.decode("latin-1") for each in values if isinstance(each, bytes)]
    else:
        texts = text_of(path).splitlines()
    for text in texts:
        yield text
        yield from text.split()
        yield from (found[1] for found in QUOTED.findall(text))
        yield from GIVEN.findall(text)


def shown_files() -> list[Path]:
    return [path for path in project_files() if path.suffix not in MACHINE_MADE and path.name not in LOCKS]


def refused_in_production(name: str, value: str) -> bool:
    try:
        settings_from({"environment": "production", name.lower(): value})
    except SettingsError as error:
        return any(problem.startswith(f"{name} ") for problem in error.problems)
    return False


def test_only_the_entry_points_load_settings() -> None:
    loaders = [
        at(path, call)
        for path in source_modules()
        if path not in READERS
        for call in calls_of(path)
        if called_name(call) in {"Settings", "load_settings", "settings_from"}
    ]
    assert not loaders, "take the settings, or the one value that is needed, as a parameter"


def test_only_the_configuration_reads_the_environment() -> None:
    readers = [
        at(path, node)
        for path in source_modules()
        if path not in {Path("src/doorward/settings/sources.py"), *WRITERS}
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}
    ]
    assert not readers, "make it a setting of a topic in settings/"


def test_no_import_reads_the_environment() -> None:
    outside_functions = [
        at(path, node)
        for path in source_modules()
        for statement in tree_of(path).body
        for node in outside_of_functions(statement)
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"})
        or (isinstance(node, ast.Call) and called_name(node) in {"Settings", "load_settings", "settings_from"})
    ]
    assert not outside_functions, "read it when it is asked for: two applications must fit into one process"


def outside_of_functions(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return
    if isinstance(node, ast.expr):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from outside_of_functions(child)


def test_the_example_file_names_only_settings_that_exist() -> None:
    known = {name.upper() for name in FIELDS} | COMPOSE_ONLY
    named = {match[1] for line in example_lines() if (match := re.match(r"#?\s?([A-Z][A-Z0-9_]+)=", line))}
    assert named
    assert named <= known, "an unused name would be misleading"


def test_the_example_file_contains_no_secret() -> None:
    values = dict(line.split("=", 1) for line in example_lines() if "=" in line and not line.startswith("#"))
    assert {name: values.get(name) for name in SECRETS} == dict.fromkeys(SECRETS, "")


def test_every_secret_in_the_repository_is_refused_in_production() -> None:
    found = [(where, name, value) for where, name, value in assigned_values() if value and not value.startswith("$")]
    usable = [where for where, name, value in found if not refused_in_production(name, value)]
    assert found, "the search finds nothing: not even the development key"
    assert not usable, "make it at random when it is needed, or add it to PUBLISHED_SECRETS"


def test_no_text_of_the_repository_is_accepted_as_a_secret_key() -> None:
    texts = {text: path for path in shown_files() for text in texts_of(path)}
    usable = [f"{path}: {text[:8]}..." for text, path in texts.items() if problem_with_secret_key(text) is None]
    assert len(texts) > 10_000, "the search finds next to nothing"
    assert not usable, "make it at random when it is needed, or add it to settings/published_secrets.py"


def test_every_documented_password_is_listed_as_published() -> None:
    shown = {
        password
        for path in shown_files()
        if path.parts[0] not in {"tests", "src"}
        for password in PASSWORD_IN_URL.findall(text_of(path))
        if not password.startswith("$")
    }
    examples = {
        str(example) for name in SECRET_SETTINGS for example in FIELDS[name].examples or [] if "://" not in str(example)
    }
    assert shown
    assert examples
    assert not [each[:8] for each in shown | examples if not is_published(each)], (
        "add it to settings/published_secrets.py"
    )


@pytest.mark.parametrize("name", SECRETS)
def test_a_random_secret_is_accepted(name: str) -> None:
    assert not refused_in_production(name, secrets.token_urlsafe(32))


def test_secrets_have_no_usable_default() -> None:
    for name in ("secret_key", "postgres_password", "database_url"):
        default = FIELDS[name].default
        assert default is None or default.get_secret_value() == ""


def test_every_setting_is_explained_with_an_example() -> None:
    explained = [name for topic in TOPICS.values() for name, meaning in meanings_of(topic).items() if meaning]
    unexplained = [name for name, field in FIELDS.items() if name not in explained or not field.examples]
    assert not unexplained


def test_no_environment_file_is_in_the_repository() -> None:
    assert not [path for path in project_files() if path.name == ".env"]

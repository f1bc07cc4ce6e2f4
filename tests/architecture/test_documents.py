"""The documentation agrees with the code."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Final

from development.documents import configuration_page, events_page, problems_page
from doorward.web.cookies import Cookie
from tests.architecture.sources import ROOT, SOURCE, project_files, project_table, text_of, tree_of

README: Final = Path("README.md")
CLIENT_LIBRARY: Final = Path("packages/doorward-client/pyproject.toml")
README_LINES: Final = 100
TWO_SCREENS: Final = 100
"""The maximum number of lines of a page for operators."""

PATH: Final = r"`((?:src|tests|docs|docker|development|benchmarks|\.ci|core|domain|api|infrastructure)/[\w./-]+)`"
"""Matches paths relative to the root, or to src/doorward as in the tour."""

WRITE_ANEW: Final = "run: uv run inv docs"
PARTS_OF_HOSTS: Final = (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("crates", "io"),
    ("golang", "org"),
    ("ghcr", "io"),
    ("quay", "io"),
    ("gcr", "io"),
    ("index.docker", "io"),
    ("registry-1.docker", "io"),
    ("hub.docker", "com"),
)
"""Hosts of package registries, in two parts, so that the search does not find this list."""

OF_TOOLS: Final = {"uv.lock", "go.mod", "go.sum"}
"""Files that tools write with the hosts of packages; in Go, a host is also the first part of a package's name."""


def pages() -> list[Path]:
    return [path for path in project_files() if path.suffix == ".md"]


def sections_of(page: Path) -> set[str]:
    """Return the fragments of a page's headings in GitHub's format."""
    if not (ROOT / page).exists():
        return set()
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def task_names() -> set[str]:
    return {
        function.name
        for function in tree_of(Path("tasks.py")).body
        if isinstance(function, ast.FunctionDef)
        if any("task" in ast.unparse(decorator) for decorator in function.decorator_list)
    }


def commands_of(page: Path) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", text_of(page), re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith("#")]


def test_the_page_of_settings_is_current() -> None:
    assert text_of(Path("docs/configuration.md")) == configuration_page(), WRITE_ANEW


def test_the_page_of_problems_is_current() -> None:
    assert text_of(Path("docs/problems.md")) == problems_page(), WRITE_ANEW


def test_the_page_of_events_is_current() -> None:
    assert text_of(Path("docs/events.md")) == events_page(), WRITE_ANEW


def test_the_readme_is_short() -> None:
    assert len(text_of(README).splitlines()) <= README_LINES, "move it to docs/ and link it"


def test_the_readme_begins_with_a_clone_and_says_how_to_install_uv_on_debian() -> None:
    commands, text = commands_of(README), text_of(README)
    assert commands[0] == "git clone ADDRESS doorward && cd doorward"
    assert all(line.startswith("pip install uv && uv run inv ") for line in commands[1:3])
    # Debian's pip refuses to install outside a virtual environment, and its venv is a separate package.
    assert commands[3] == 'python3 -m venv ~/.local/uv && export PATH="$HOME/.local/uv/bin:$PATH"'
    (remedy,) = [line for line in text.splitlines() if "externally-managed-environment" in line]
    assert "apt-get install python3-venv" in remedy


def test_the_picture_shows_the_steps_of_the_demo() -> None:
    shown = re.findall(r">\d+\. ([^<]+)</text>", text_of(Path("docs/demo.svg")))
    steps = [
        call.args[0].value
        for call in ast.walk(tree_of(Path("development/demo.py")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "self._call"
        if isinstance(call.args[0], ast.Constant)
    ]
    assert len(shown) > 5
    assert shown == steps[: len(shown)], "run: python -m development.picture"


def test_every_inv_command_on_a_page_is_a_task() -> None:
    unknown = {
        f"{page}: inv {name}"
        for page in pages()
        for line in [*commands_of(page), *re.findall(r"`([^`\n]+)`", text_of(page))]
        for name in re.findall(r"\binv ([a-z][a-z-]*)", line)
        if name not in task_names()
    }
    assert any("inv dev" in line for line in commands_of(README))
    assert any("inv test" in line for line in commands_of(README))
    assert not unknown


def test_the_readme_lists_every_task() -> None:
    first_cells = re.findall(r"^\| (`inv [^|]+) \|", text_of(README), re.MULTILINE)
    assert set(re.findall(r"`inv ([a-z]+)`", " ".join(first_cells))) == task_names()


def test_every_linked_file_exists() -> None:
    dead = [
        f"{page}: {target}"
        for page in pages()
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text_of(page))
        if "://" not in target and not target.startswith("mailto:")
        if not (ROOT / page.parent / target).exists()
    ]
    assert not dead


def test_every_linked_section_exists() -> None:
    dead = [
        f"{page}: {file}#{section}"
        for page in pages()
        for file, section in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", text_of(page))
        if "://" not in file and section not in sections_of((page.parent / file) if file else page)
    ]
    assert not dead


def test_each_page_for_operators_fits_on_two_screens() -> None:
    lengths = {page.name: len(text_of(page).splitlines()) for page in Path("docs/operations").glob("*.md")}
    assert len(lengths) > 6
    assert not {name: lines for name, lines in lengths.items() if lines > TWO_SCREENS}


def test_every_file_named_on_a_page_exists() -> None:
    gone = [
        f"{page}: {name}"
        for page in pages()
        if page.name != "CHANGELOG.md"
        for name in re.findall(PATH, text_of(page))
        if not (ROOT / name).exists() and not (ROOT / SOURCE / name).exists()
    ]
    assert not gone


def test_every_path_in_the_test_selection_of_mutmut_exists() -> None:
    table = project_table()["tool"]["mutmut"]["pytest_add_cli_args_test_selection"]
    names = [name.removeprefix("--ignore=").removeprefix("--ignore-glob=*").removeprefix("/") for name in table]
    # A pattern for many folders ends with the end of a file's name.
    assert [name for name in names if "/" not in name and not list((ROOT / "tests").rglob(f"*{name}"))] == []
    assert [name for name in names if "/" in name and not (ROOT / name).exists()] == []


def test_every_decision_is_in_the_index() -> None:
    index = text_of(Path("docs/decisions/README.md"))
    decisions = [path.name for path in pages() if re.fullmatch(r"\d{4}-.*\.md", path.name)]
    assert len(decisions) > 8
    assert not [name for name in decisions if f"({name})" not in index]


def test_the_page_of_personal_data_has_a_row_for_every_table() -> None:
    tables = set(re.findall(r"^CREATE TABLE public\.(\w+)", text_of(Path("docs/schema.sql")), re.MULTILINE))
    rows = [line.split("|")[1] for line in text_of(Path("docs/personal-data.md")).splitlines() if line.startswith("| ")]
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert "users" in tables
    assert tables <= listed, "describe its personal data, and for how long they are stored"


def test_the_page_of_the_provider_lists_every_cookie() -> None:
    rows = re.findall(r"^\| `__Host-(\w+)` \|", text_of(Path("docs/openid.md")), re.MULTILINE)
    assert rows == [cookie.value for cookie in Cookie]


def test_every_direct_dependency_has_a_row_with_its_reason() -> None:
    table, client = project_table(), tomllib.loads(text_of(CLIENT_LIBRARY))["project"]
    groups = [*table["dependency-groups"].values(), client["dependencies"], *client["optional-dependencies"].values()]
    required = [*table["project"]["dependencies"], *(name for group in groups for name in group)]
    names = {re.match(r"[a-z0-9-]+", requirement) for requirement in required}
    page = text_of(Path("docs/decisions/0009-dependencies.md"))
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| ")]
    explained = {name.strip() for row in rows for name in row[1].split(",")}
    assert {name[0] for name in names if name} <= explained


def test_the_changelog_has_a_section_for_this_version() -> None:
    version = re.search(r'^version = "(.+)"$', text_of(Path("pyproject.toml")), re.MULTILINE)
    assert version
    assert f"## [{version[1]}]" in text_of(Path("CHANGELOG.md"))
    assert "### Migration" in text_of(Path("CHANGELOG.md"))


def test_no_file_contains_the_host_of_a_package_registry() -> None:
    hosts = re.compile("|".join(rf"\b{re.escape('.'.join(parts))}\b" for parts in PARTS_OF_HOSTS))
    naming = [
        f"{path}: {match[0]}"
        for path in project_files()
        if path.name not in OF_TOOLS
        if (match := hosts.search((ROOT / path).read_text(encoding="utf-8", errors="replace")))
    ]
    assert not naming, "every machine has its own registries: leave the choice to its configuration"

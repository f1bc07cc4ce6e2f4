"""docker/compose.yaml: the places of the key, the refusal to start without one, and the rights of the database role."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.compose_project import PLAIN, WITH_KEY_FILE, Project, a_project, write_key

COMMANDS_BESIDE_THE_SERVICE = {
    ("exec", "--no-TTY", "service", "doorward", "prune"): "doorward: removed 0 sessions",
    ("run", "--rm", "--no-TTY", "service", "deactivate", "nobody"): "There is no such user",
}
"""The two ways in which the documentation runs a command, each with its output after a query of the database."""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with a_project(tmp_path) as made:
        yield made


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return write_key(tmp_path)


def test_the_commands_of_operators_work_with_the_key_in_a_file(running_project: Project) -> None:
    for command, said in COMMANDS_BESIDE_THE_SERVICE.items():
        finished = running_project.compose(WITH_KEY_FILE, *command)
        assert said in finished.stdout + finished.stderr, (command, finished.stderr)


def test_the_role_of_the_service_has_no_rights_beyond_its_database(running_project: Project) -> None:
    rights = "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles"
    assert running_project.psql("postgres", f"{rights} WHERE rolname = 'doorward'").stdout.strip() == "f|f|f|f|f"
    owners = running_project.psql("doorward", "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
    assert owners.stdout.split() == ["doorward"]
    assert "permission denied" in running_project.psql("doorward", "COPY (SELECT 1) TO PROGRAM 'true'").stderr


def test_the_superuser_cannot_log_in_over_the_network(running_project: Project) -> None:
    over_network = "--host=postgres"
    assert running_project.psql("doorward", "SELECT 1", over_network).stdout.strip() == "1"
    assert "password authentication failed" in running_project.psql("postgres", "SELECT 1", over_network).stderr
    assert running_project.psql("postgres", "SELECT 1").stdout.strip() == "1"


def test_the_role_of_the_service_can_back_up_and_restore(running_project: Project) -> None:
    options = "--clean --if-exists --no-owner --no-privileges --single-transaction --exit-on-error"
    database = "--username=doorward --dbname=doorward"
    script = f"pg_dump --format=custom {database} >/tmp/dump && pg_restore {options} {database} /tmp/dump"
    restored = running_project.in_database("sh", "-c", script)
    assert restored.returncode == 0, restored.stderr


def test_the_service_does_not_start_without_a_key(project: Project) -> None:
    project.write()
    checked = project.check_config(PLAIN)
    assert checked.returncode == 1
    assert "SECRET_KEY is missing" in checked.stderr


def test_a_key_in_the_environment_file_and_in_a_file_is_refused(project: Project, key_file: Path) -> None:
    project.write(f"SECRET_KEY={secrets.token_urlsafe(48)}", f"SECRET_KEY_FILE={key_file}")
    checked = project.check_config(WITH_KEY_FILE)
    assert checked.returncode == 1
    assert "SECRET_KEY and SECRET_KEY_FILE are both set" in checked.stderr


def test_the_port_is_published_only_on_the_loopback(running_project: Project) -> None:
    published = running_project.compose(PLAIN, "port", "service", "8080").stdout
    assert published.startswith("127.0.0.1:")


def test_inv_psql_runs_statements_and_copies_from_this_machine(running_project: Project) -> None:
    into = "CREATE TEMPORARY TABLE brought (name text); \\copy brought FROM pstdin\nada\ngrace\n\\.\n"
    out = "\\copy (SELECT upper(name) FROM brought ORDER BY 1) TO STDOUT\n"
    finished = running_project.task("psql", "--quiet", stdin=into.replace("; ", ";\n") + out)
    assert (finished.returncode, finished.stdout.split()) == (0, ["ADA", "GRACE"]), finished.stderr
    assert "inv psql: the database of `inv up`" in finished.stderr

"""All development tasks of this project, as `inv` tasks. `inv --list` lists them."""

import os
import sys

from invoke.context import Context
from invoke.tasks import task

from development.arguments import TaskWithHelp, given, require_yes, whole_number
from development.checks import CODE, commands_of

COMPOSE = "docker compose --project-directory . -f docker/compose.yaml -f docker/compose.scale.yaml"
COMPOSE += " --profile observability"  # all services of the profiles
PARALLEL = "--dist loadfile --no-loadscope-reorder --numprocesses"  # docs/decisions/0032-one-suite.md
RUN_WITH_COVERAGE = "coverage erase && coverage run -m pytest"  # tests/measurement.py has the same
CHECK_COVERAGE = " && python -m development.coverage_report"
DATABASE_HELP = "url, up or dev; default: the first that exists"
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}  # otherwise each process of a test compiles all modules again


@task(help={"port": "where to listen"})
def dev(_c: Context, port: str = "8000") -> None:
    """Run the service with reload, on an embedded PostgreSQL or on DATABASE_URL."""
    os.execv(sys.executable, [sys.executable, "-m", "development.server", "--port", port])


@task(help={"database": DATABASE_HELP})
def psql(_c: Context, database: str = "") -> None:
    """Open psql on DATABASE_URL's database, else on that of `inv up`, else on that of `inv dev`."""
    os.execv(sys.executable, [sys.executable, "-m", "development.psql", *given("--database", database)])


@task(help={"url": "where the service runs", "admin": "walk through administration, beside `inv dev`"})
def demo(_c: Context, url: str = "http://localhost:8000", admin: bool = False) -> None:
    """Run through the whole flow against a running service, showing each call."""
    options = ["--admin"] if admin else []
    os.execv(sys.executable, [sys.executable, "-m", "development.demo", "--url", url, *options])


@task(klass=TaskWithHelp, help={"username": "user name or e-mail address", "url": "where the service runs"})
def token(_c: Context, username: str, url: str = "http://localhost:8000") -> None:
    """Log in and print a bearer token with a curl line."""
    os.execv(sys.executable, [sys.executable, "-m", "development.token", "--username", username, "--url", url])


@task
def migrate(c: Context) -> None:
    """Migrate the configured database to the newest schema."""
    c.run("doorward migrate")


@task(help={"image": "require Docker, test the image", "ring": "a folder of tests/", "coverage": "as inv coverage"})
def test(c: Context, image: bool = False, ring: str = "", coverage: bool = False) -> None:
    """Run all tests except the ring `interop`; the e2e ring uses the image if there is a Docker engine."""
    with_e2e = ring in {"", "e2e"}
    has_engine = with_e2e and (image or bool(c.run("docker info", hide=True, warn=True)))
    if has_engine:
        build(c)
    target = "image" if has_engine else "process"
    workers = 2 if ring == "unit" else 4  # the tests of all other rings wait half of their time
    begin, end = (RUN_WITH_COVERAGE, CHECK_COVERAGE) if coverage else ("python -m pytest", "")
    folder = f"tests/{ring}" if ring else "tests --ignore=tests/interop"
    c.run(f"{begin} {folder} --e2e-target={target} {PARALLEL} {workers}{end}", env=COMPILED)
    if with_e2e and not has_engine:
        print("The image was NOT exercised: no Docker engine answers. With one: uv run inv test --image")


@task
def coverage(c: Context) -> None:
    """Run the unit and integration rings with coverage, and check its limits; takes twice as long as without."""
    c.run(f"{RUN_WITH_COVERAGE} tests/unit tests/integration {PARALLEL} 4{CHECK_COVERAGE}", env=COMPILED)


@task(help={"file": "what to write (default: backups/doorward-TIME.dump)", "database": DATABASE_HELP})
def backup(_c: Context, file: str = "", database: str = "") -> None:
    """Write the whole database to a file: DATABASE_URL's, else that of `inv up`, else that of `inv dev`."""
    arguments = [*given("--file", file), *given("--database", database)]
    os.execv(sys.executable, [sys.executable, "-m", "development.backup", "backup", *arguments])


@task(
    klass=TaskWithHelp,
    help={"file": "a file of `inv backup`", "yes": "overwrite the accounts of the database", "database": DATABASE_HELP},
)
def restore(_c: Context, file: str, yes: bool = False, database: str = "") -> None:
    """Replace the same database's content with a backup; then end all sessions: docs/operations/backup.md."""
    arguments = ["--file", file, *(["--yes"] if yes else []), *given("--database", database)]
    os.execv(sys.executable, [sys.executable, "-m", "development.backup", "restore", *arguments])


@task(help={"group": "deployment: also check deploy/, with tools that the first run installs"})
def check(c: Context, group: str = "") -> None:
    """Check format, lint, types, import contracts, architecture and the lock; CI adds --group deployment."""
    for command in commands_of(group):
        c.run(command)


@task
def audit(c: Context) -> None:
    """Check all locked packages for known vulnerabilities at OSV; fail if OSV cannot be reached."""
    # pip-audit skips packages that it has no record of; uv fails.
    if not c.run("uv audit --locked", warn=True):
        sys.exit("NOT audited, or vulnerable: see above.")


@task(help={"file": "what to write"})
def sbom(c: Context, file: str = "sbom.cdx.json") -> None:
    """Write the components of the service, including extras, as CycloneDX 1.5."""
    options = "--format cyclonedx1.5 --preview-features sbom-export --locked --no-dev --all-extras --quiet"
    c.run(f"uv export {options} --output-file {file}", hide="out")


@task
def fix(c: Context) -> None:
    """Fix the format, and the lint errors that can be fixed automatically."""
    c.run(f"ruff format {CODE}")
    c.run(f"ruff check --fix {CODE}")


@task(
    help={
        "quick": "in three minutes; writes no page",
        "part": "rates, logins, start, storage, growth, memory, accounts, admin, capacity, codes, factors, items, "
        "rotations, tokens; several with commas",
        "check": "fail when a ratio is 15 % worse than the committed one",
        "peers": "no-peers: the service and the limits only",
        "options": "further options of python -m benchmarks, which --help lists",
    }
)
def bench(
    c: Context, quick: bool = False, part: str = "", check: bool = False, peers: bool = True, options: str = ""
) -> None:
    """Measure the service, its limits and its peers, in under 20 minutes; write the tables of docs/performance.md."""
    chosen = {"--quick": quick, f"--part {part}": part, "--check": check, "--no-peers": not peers, options: options}
    c.run(f"python -m benchmarks {' '.join(option for option, is_chosen in chosen.items() if is_chosen)}")


@task(
    help={
        "only": "model, faults, kills, races, settings, fuzz, pages, parsers, timing or mutation",
        "deep": "5,000 walks of 100 steps, 2,000 timed calls of each kind",
        "kills": "at each point",
    }
)
def prove(c: Context, only: str = "", deep: bool = False, kills: str = "10") -> None:
    """Check the claims of docs/assurance.md at length; `inv test` checks them briefly."""
    options = {f"--only {only}": only, "--deep": deep, f"--kills {kills}": kills}
    chosen = " ".join(option for option, is_chosen in options.items() if is_chosen)
    c.run(f"uv run --group proof python -m development.proof {chosen}")


@task
def docs(c: Context) -> None:
    """Generate the pages that come from the code: configuration, events, problems, schema, dashboard."""
    c.run("python -m development.documents")


@task
def build(c: Context) -> None:
    """Build the image doorward:latest."""
    # Without a value: it is taken from the environment, or from the Dockerfile's default.
    options = "--build-arg PYTHON_IMAGE --tag doorward:latest --file docker/Dockerfile"
    c.run(f"docker build {options} .", env={"DOCKER_BUILDKIT": "1"})


@task(help={"replicas": "number of replicas behind a load balancer, with Redis; 0: one without both"})
def up(c: Context, replicas: str = "0") -> None:
    """Run the image with PostgreSQL in Docker Compose at port 8080, production settings."""
    copies = whole_number("--replicas", replicas)
    build(c)
    os.execv(sys.executable, [sys.executable, "-m", "development.compose", "--replicas", str(copies)])


@task
def down(c: Context) -> None:
    """Stop the containers of `inv up`. Data and secrets stay."""
    c.run(f"{COMPOSE} down")


@task
def logs(c: Context) -> None:
    """Follow the logs of `inv up`."""
    c.run(f"{COMPOSE} logs --follow", pty=sys.stdin.isatty())


@task(help={"yes": "do not ask"})
def clean(c: Context, yes: bool = False) -> None:
    """Stop the containers of `inv up` and delete their data, then the development data and caches."""
    if not yes:
        require_yes("inv clean", "This deletes all accounts of `inv up` and `inv dev`.")
    if c.run("docker info", hide=True, warn=True):
        c.run(f"{COMPOSE} down --volumes")
    c.run("rm -rf .development .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*")

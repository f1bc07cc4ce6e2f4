"""Properties of the image: its user, its contents, its history and its health check."""

import subprocess
import time
from collections.abc import Iterator

import pytest

from development.client import ApiClient
from tests.e2e.image_stack import IMAGE, ImageService, ImageStack
from tests.e2e.people import client_of
from tests.e2e.stack import Service, Stack

HEALTHY_SECONDS = 180
BUILD_TOOLS = ["gcc", "cc", "g++", "make", "ld", "uv", "pip", "pip3", "git", "curl", "wget"]


@pytest.fixture
def image_service(service: Service) -> ImageService:
    assert isinstance(service, ImageService)
    return service


def run_inside(service: ImageService, script: str) -> str:
    result = service.container.exec(["sh", "-c", script])
    return f"{result.exit_code}:{result.output.decode().strip()}"


def engine(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout


def test_the_image_runs_as_a_numeric_user_other_than_root(image_service: ImageService) -> None:
    assert run_inside(image_service, "id -u") == "0:10001"
    assert engine("image", "inspect", "--format={{.Config.User}}", IMAGE).strip() == "10001:10001"


async def test_the_image_serves_with_a_read_only_root_no_capabilities_and_no_new_privileges(
    image_service: ImageService, client: ApiClient
) -> None:
    host = image_service.docker.attrs["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert run_inside(image_service, "grep CapEff /proc/1/status").endswith("0000000000000000")
    assert run_inside(image_service, "touch /opt/doorward/x 2>/dev/null; echo $?") == "0:1"
    assert (await client.get_me((await client.log_in()).access)).status_code == 200


def test_the_user_of_the_image_cannot_modify_the_product(image_service: ImageService) -> None:
    assert run_inside(image_service, "find /opt/doorward -writable ! -type l") == "0:"
    assert run_inside(image_service, "find / -xdev -perm -2 -type f 2>/dev/null; true") == "0:"


def test_the_image_contains_no_build_tools_and_no_caches(image_service: ImageService) -> None:
    found = run_inside(image_service, f"for tool in {' '.join(BUILD_TOOLS)}; do command -v $tool; done; true")
    assert found == "0:"
    caches = r"find / -xdev \( -path '*/.cache/*' -o -path '*/apt/lists/*_Packages*' \) 2>/dev/null; true"
    assert run_inside(image_service, caches) == "0:"
    assert run_inside(image_service, "python -c 'import pip'").startswith("1:")
    assert run_inside(image_service, "ls /opt/doorward/bin/pip /opt/doorward/bin/uv 2>/dev/null") == "2:"


def test_the_history_and_settings_of_the_image_contain_no_secret() -> None:
    made_of = engine("history", "--no-trunc", "--format={{.CreatedBy}}", IMAGE)
    settings = engine("image", "inspect", "--format={{json .Config.Env}}", IMAGE)
    assert "serve" in made_of
    for word in ("SECRET", "PASSWORD", "TOKEN", "DATABASE_URL", "postgresql://"):
        assert word not in made_of.upper()
        assert word not in settings.upper()


async def test_the_image_serves_as_any_user_of_the_root_group_like_on_openshift(
    image_stack: ImageStack, client: ApiClient
) -> None:
    tokens = await client.log_in()
    with image_stack.service_of_user("1000650000:0") as service:
        assert isinstance(service, ImageService)
        assert run_inside(service, "id -u; id -g") == "0:1000650000\n0"
        assert (await client_of(service).get_me(tokens.access)).status_code == 200
        # A command records its user in the audit log, even a user without a name.
        assert "There is no such user" in run_inside(service, "doorward deactivate nobody 2>&1")


@pytest.fixture(scope="module")
def with_secret_files(stack: Stack) -> Iterator[ImageService]:
    """Yield a service that reads its secrets from files, with the image's health check."""
    assert isinstance(stack, ImageStack)
    with stack.service_with_secret_files("SECRET_KEY", "POSTGRES_PASSWORD") as service:
        assert isinstance(service, ImageService)
        yield service


async def test_the_image_reads_secrets_from_files_in_run_secrets(
    with_secret_files: ImageService, client: ApiClient
) -> None:
    access_token = (await client.log_in()).access
    found = run_inside(with_secret_files, "env | grep -c -e '^SECRET_KEY=' -e '^POSTGRES_PASSWORD='")
    assert found == "1:0"
    # The key is the same: a token of the service with the key in its environment is accepted.
    assert (await client_of(with_secret_files).get_me(access_token)).status_code == 200


def test_the_health_check_reports_a_healthy_container(with_secret_files: ImageService) -> None:
    deadline = time.monotonic() + HEALTHY_SECONDS
    while (health := with_secret_files.docker.attrs["State"]["Health"]["Status"]) != "healthy":
        assert time.monotonic() < deadline, health
        time.sleep(0.5)


def test_the_image_contains_no_tests(image_service: ImageService) -> None:
    assert run_inside(image_service, "find / -xdev -name 'conftest.py' -path '*doorward*' 2>/dev/null").endswith(":")
    assert run_inside(image_service, "python -c 'import pytest'").startswith("1:")

"""The errors of `inv up` when containers do not start, for the messages of Docker 20.10 and 28."""

import pytest

from development.compose import Container, address_of, explain

SERVICE = Container("1", "service", is_up=True, exit_status=0, is_out_of_memory=False, memory_limit=2**30)
DRIVER = (
    "Error response from daemon: driver failed programming external connectivity on endpoint doorward-service-1 (9f): "
)
OF_28 = "failed to set up container networking: driver failed programming external connectivity on endpoint a (9f): "
TAKEN = (
    f"{DRIVER}Bind for 127.0.0.1:8080 failed: port is already allocated",
    f"{DRIVER}Error starting userland proxy: listen tcp4 127.0.0.1:8080: bind: address already in use",
    f"{OF_28}failed to bind host port for 127.0.0.1:8080:172.18.0.3:8080/tcp: address already in use",
)
NOT_HERE = "Error starting userland proxy: listen tcp4 192.0.2.1:8080: bind: cannot assign requested address"
FULL = "failed to register layer: write /usr/lib/x: no space left on device"


@pytest.mark.parametrize("message", TAKEN)
def test_an_occupied_port_is_reported_with_its_setting(message: str) -> None:
    (line,) = explain(message, [SERVICE])
    assert "port 8080 of 127.0.0.1 is taken" in line
    assert "DOORWARD_PORT" in line


def test_an_address_of_another_machine_is_reported_with_its_setting() -> None:
    (line,) = explain(NOT_HERE, [SERVICE])
    assert line.startswith("192.0.2.1 is no address")
    assert "DOORWARD_BIND_ADDRESS" in line


def test_a_full_disk_is_reported() -> None:
    assert "disk of Docker is full" in explain(FULL, [])[0]


def test_a_container_killed_by_its_memory_limit_is_reported_with_the_limit() -> None:
    killed = SERVICE._replace(is_up=False, exit_status=137, is_out_of_memory=True, memory_limit=24 * 2**20)
    (line,) = explain("", [killed, SERVICE])
    assert line.startswith("service was killed, since it needed more memory than its 24 MiB")


def test_an_unknown_error_is_not_explained() -> None:
    assert explain("dependency failed to start", [SERVICE]) == []


@pytest.mark.parametrize(
    ("inspection", "has_failed"),
    [
        (("service", "running", "healthy", 0), False),
        (("service", "running", "unhealthy", 0), True),
        (("service", "restarting", "starting", 137), True),
        (("migrate", "exited", None, 0), False),
        (("migrate", "exited", None, 1), True),
        (("postgres", "running", None, 0), False),
    ],
)
def test_the_inspected_state_shows_whether_a_container_failed(
    inspection: tuple[str, str, str | None, int], *, has_failed: bool
) -> None:
    service, status, health, exit_code = inspection
    state = {"Status": status, "ExitCode": exit_code, "OOMKilled": False}
    inspected = {
        "Id": "1",
        "State": {**state, "Health": {"Status": health}} if health else state,
        "Config": {"Labels": {"com.docker.compose.service": service}},
        "HostConfig": {"Memory": 0},
    }
    assert Container.from_inspection(inspected).has_failed() is has_failed


@pytest.mark.parametrize(
    ("published", "url"),
    [
        ("127.0.0.1:8080\n", "http://localhost:8080"),
        ("[::]:8080", "http://localhost:8080"),
        ("192.0.2.1:80", "http://192.0.2.1:80"),
    ],
)
def test_the_url_is_that_of_the_published_address(published: str, url: str) -> None:
    assert address_of(published) == url

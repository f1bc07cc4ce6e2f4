"""Every container has resource limits and few rights, and its image can be pinned by a digest."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
COMPOSE_FILES: Final = sorted((ROOT / "docker").glob("compose*.yaml"))
BYTES: Final = re.compile(r"\d+[mg]|\$\{DOORWARD_MEMORY:-\d+[mg]\}")


class _Loader(yaml.SafeLoader):  # type: ignore[misc] # the library has no types
    """Loads YAML with the tags of Compose."""


_Loader.add_constructor("!reset", lambda _loader, _node: None)


def services() -> dict[str, dict[str, Any]]:
    """Return every service that a file defines with an image, without the additions of other files."""
    return {
        f"{file.name} {name}": service
        for file in COMPOSE_FILES
        for name, service in yaml.load(file.read_text(encoding="utf-8"), _Loader)["services"].items()
        if "image" in service
    }


def test_every_service_is_found() -> None:
    assert {name.rpartition(" ")[2] for name in services()} == {
        *("postgres", "migrate", "service", "load-balancer", "redis", "prometheus", "grafana"),
    }


@pytest.mark.parametrize("name", services())
def test_every_service_limits_memory_processes_and_logs(name: str) -> None:
    service = services()[name]
    assert BYTES.fullmatch(service["mem_limit"])
    assert 0 < service["pids_limit"] <= 512
    log = service["logging"]
    assert log["driver"] == "json-file"
    assert BYTES.fullmatch(log["options"]["max-size"])
    assert int(log["options"]["max-file"]) > 1


@pytest.mark.parametrize("name", services())
def test_every_service_has_few_rights(name: str) -> None:
    service = services()[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    # PostgreSQL's image changes its user, and the owner of its folder. All others have no capabilities.
    assert bool(service.get("cap_add")) == name.endswith(" postgres")


def test_the_service_does_not_use_the_superuser_of_postgresql() -> None:
    found = services()
    superuser = found["compose.yaml postgres"]["environment"]["POSTGRES_USER"]
    role = found["compose.yaml postgres"]["environment"]["SERVICE_USER"]
    assert superuser == "postgres"
    assert found["compose.yaml service"]["environment"]["POSTGRES_USER"] == role == "${POSTGRES_USER:-doorward}"


@pytest.mark.parametrize("name", [name for name in services() if "doorward:latest" not in services()[name]["image"]])
def test_every_third_party_image_can_be_pinned_by_its_digest(name: str) -> None:
    assert re.fullmatch(r"\$\{DOORWARD_[A-Z]+_IMAGE:-[a-z/]+:[\w.-]+\}", services()[name]["image"])


def test_ports_are_published_on_the_loopback_unless_configured_otherwise() -> None:
    published = {
        f"{file.name} {name}": port
        for file in COMPOSE_FILES
        for name, service in yaml.load(file.read_text(encoding="utf-8"), _Loader)["services"].items()
        for port in service.get("ports") or []
    }
    assert len(published) == 4
    for name, port in published.items():
        is_of_the_service = name.endswith((" service", " load-balancer"))
        chosen = "${DOORWARD_BIND_ADDRESS:-127.0.0.1}" if is_of_the_service else "127.0.0.1"
        assert port.startswith(f"{chosen}:"), name


def test_prometheus_and_grafana_start_only_with_the_observability_profile() -> None:
    profiles = {name.rpartition(" ")[2]: service.get("profiles") for name, service in services().items()}
    assert {name for name, chosen in profiles.items() if chosen == ["observability"]} == {"prometheus", "grafana"}
    assert {name for name, chosen in profiles.items() if chosen} == {"prometheus", "grafana"}


def test_the_base_image_can_be_pinned_by_its_digest() -> None:
    dockerfile = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE) == ["${PYTHON_IMAGE}"] * 2
    assert re.search(r"^ARG PYTHON_IMAGE=python:[\w.-]+$", dockerfile, re.MULTILINE)

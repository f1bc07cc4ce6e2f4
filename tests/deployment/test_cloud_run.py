"""The files for Cloud Run are valid for its API, contain no secrets, and agree with the service."""

import importlib.util
import json
import os
import secrets
from pathlib import Path
from string import Template
from typing import Any, Final

import pytest
import yaml

from doorward.settings.config import FIELDS, settings_from

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "cloud-run"
KINDS: Final = {"service": "Service", "job": "Job", "worker": "WorkerPool"}
VALUES: Final = {
    "PROJECT": "example",
    "REGION": "europe-west3",
    "IMAGE": "europe-west3-docker.pkg.dev/example/doorward/doorward@sha256:" + "0" * 64,
    "PUBLIC_URL": "https://auth.example.com",
}
SECRETS: Final = (("SECRET_KEY", "doorward-secret-key"), ("POSTGRES_PASSWORD", "doorward-database-password"))
"""Each variable, and the name of its secret."""

SECONDS_TO_END: Final = 10
"""The time between SIGTERM and SIGKILL on Cloud Run."""


def manifest_of(name: str) -> dict[str, Any]:
    """Return a file with the page's values. Raises ``KeyError`` for a variable that the page does not set."""
    filled = Template((FOLDER / f"{name}.yaml").read_text(encoding="utf-8")).substitute(VALUES)
    manifest: dict[str, Any] = yaml.safe_load(filled)
    return manifest


def pod_of(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = manifest_of(name)["spec"]["template"]["spec"]
    return spec["template"]["spec"] if name == "job" else spec


def container_of(name: str) -> dict[str, Any]:
    (container,) = pod_of(name)["containers"]
    assert isinstance(container, dict)
    return container


def variables_of(name: str) -> dict[str, Any]:
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container_of(name)["env"]}


def annotations_of(name: str) -> dict[str, str]:
    annotations: dict[str, str] = manifest_of(name)["spec"]["template"]["metadata"]["annotations"]
    return annotations


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    """Return Google's description of Cloud Run's API version 1 (Knative) as JSON schemas without additional members."""
    if "CI" not in os.environ and importlib.util.find_spec("googleapiclient") is None:
        pytest.skip("Google's description of its API is not installed; with it: uv sync --group deployment")
    spec = importlib.util.find_spec("googleapiclient.discovery_cache")
    assert spec is not None
    assert spec.origin is not None
    described = json.loads((Path(spec.origin).parent / "documents" / "run.v1.json").read_text(encoding="utf-8"))
    return {name: strict(schema) for name, schema in described["schemas"].items()}


def strict(schema: Any) -> Any:
    """Convert one of Google's schemas to JSON Schema."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": f"#/definitions/{schema['$ref']}"}
    kept = {
        key: {name: strict(each) for name, each in value.items()} if key == "properties" else strict(value)
        for key, value in schema.items()
        if key in {"type", "properties", "items", "additionalProperties", "enum"}
    }
    if "properties" in kept:
        kept.setdefault("additionalProperties", False)
    return kept


def errors_of(manifest: dict[str, Any], schemas: dict[str, Any]) -> list[str]:
    import jsonschema  # noqa: PLC0415 - only where the group is installed

    validator = jsonschema.Draft7Validator({**schemas[manifest["kind"]], "definitions": schemas})
    return [error.message for error in validator.iter_errors(manifest)]


@pytest.mark.parametrize("name", KINDS)
def test_a_file_is_valid_for_the_api(schemas: dict[str, Any], name: str) -> None:
    manifest = manifest_of(name)
    assert manifest["kind"] == KINDS[name]
    assert errors_of(manifest, schemas) == []


def test_a_misspelt_member_is_not_valid(schemas: dict[str, Any]) -> None:
    manifest = manifest_of("service")
    manifest["spec"]["template"]["spec"]["containerConcurency"] = 80
    (message,) = errors_of(manifest, schemas)
    assert "containerConcurency" in message


@pytest.mark.parametrize("name", KINDS)
def test_every_variable_is_a_setting_and_every_secret_a_reference(name: str) -> None:
    variables = variables_of(name)
    assert {variable.lower() for variable in variables} <= set(FIELDS)
    for variable, secret in SECRETS:
        assert variables[variable] == {"secretKeyRef": {"name": secret, "key": "1"}}
    plain = {key.lower(): value for key, value in variables.items() if isinstance(value, str)}
    settings_from({**plain, "secret_key": secrets.token_urlsafe(48)})


@pytest.mark.parametrize("name", ["job", "worker"])
def test_job_and_worker_use_the_image_account_and_database_of_the_service(name: str) -> None:
    assert container_of(name)["image"] == container_of("service")["image"]
    assert pod_of(name)["serviceAccountName"] == pod_of("service")["serviceAccountName"]
    assert variables_of(name)["POSTGRES_HOST"] == variables_of("service")["POSTGRES_HOST"]
    socket = "run.googleapis.com/cloudsql-instances"
    assert annotations_of(name)[socket] == annotations_of("service")[socket]
    assert variables_of(name)["POSTGRES_HOST"] == f"/cloudsql/{annotations_of(name)[socket]}"


@pytest.mark.parametrize("name", KINDS)
def test_every_command_accepts_settings_of_mail(name: str) -> None:
    plain = {key.lower(): value for key, value in variables_of(name).items() if isinstance(value, str)}
    mail = {"smtp_host": "smtp.example.com", "email_from": "accounts@example.com"}
    settings_from({**plain, **mail, "secret_key": secrets.token_urlsafe(48)})


def test_background_tasks_have_a_processor_between_requests() -> None:
    assert variables_of("service")["BACKGROUND"] == "in_process"
    assert annotations_of("service")["run.googleapis.com/cpu-throttling"] == "false"
    assert int(manifest_of("service")["metadata"]["annotations"]["run.googleapis.com/minScale"]) >= 1
    assert container_of("worker")["args"] == ["worker"]


def test_the_drain_leaves_time_for_the_last_requests() -> None:
    assert int(variables_of("service")["SHUTDOWN_DRAIN_SECONDS"]) < SECONDS_TO_END / 2


def test_the_probes_use_the_health_checks_of_the_service() -> None:
    container = container_of("service")
    asked = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness")}
    assert asked == {name: {"path": f"/health/{name}", "port": 8080} for name in asked}
    assert container["ports"] == [{"name": "http1", "containerPort": 8080}]


def test_a_failed_migration_is_not_retried() -> None:
    assert pod_of("job")["maxRetries"] == 0
    assert container_of("job")["args"] == ["migrate"]

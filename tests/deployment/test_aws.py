"""The templates for AWS are hardened, contain no secrets, agree with the service, and are safe to update."""

import re
import secrets
from types import SimpleNamespace
from typing import Any, Final

import boto3
import pytest
import yaml
from botocore.stub import ANY, Stubber

from doorward.infrastructure.postgres.database import BULK_SECONDS
from doorward.settings.config import FIELDS, settings_from
from doorward.settings.server import ServerSettings
from doorward.wiring.stopping import GRACE_SECONDS
from tests.deployment.aws import FOLDER, NAMES, migrate_function, of_type, resources_of, template_of, text_of, values_in

TASKS: Final = ("ServiceTask", "MigrateTask")
SECRETS: Final = {"SECRET_KEY", "DATABASE_URL", "POSTGRES_PASSWORD", "RATE_LIMIT_STORAGE_URI"}
OF_LIBPQ: Final = {"PGSSLMODE", "PGSSLROOTCERT"}
IDLE_SECONDS: Final = 75
"""The service closes idle connections after this time."""

ASKED: Final = {"Cluster": "c", "TaskDefinition": "t:1", "Subnets": ["subnet-1"], "SecurityGroup": "sg-1"}


def container_of(task: str) -> dict[str, Any]:
    (container,) = resources_of("service")[task]["Properties"]["ContainerDefinitions"]
    assert isinstance(container, dict)
    return container


def variables_of(task: str) -> dict[str, Any]:
    return {each["Name"]: each["Value"] for each in container_of(task)["Environment"]}


@pytest.mark.parametrize("name", NAMES)
def test_a_template_uses_no_yaml_anchor_or_alias(name: str) -> None:
    tokens = yaml.scan(text_of(name))
    assert not [token for token in tokens if isinstance(token, (yaml.AnchorToken, yaml.AliasToken))]


@pytest.mark.parametrize("name", NAMES)
def test_every_skipped_checkov_rule_has_a_reason(name: str) -> None:
    skipped = [each for key, part in values_in(template_of(name)) if key == "skip" for each in as_list(part)]
    assert skipped
    assert all(re.fullmatch(r"CKV2?_AWS_\d+", each["id"]) and len(each["comment"].split()) > 5 for each in skipped)


def as_list(part: object) -> list[dict[str, str]]:
    assert isinstance(part, list)
    return part


@pytest.mark.parametrize("task", TASKS)
def test_every_container_is_hardened(task: str) -> None:
    container = container_of(task)
    assert container["ReadonlyRootFilesystem"] is True
    assert container["User"] == "10001:10001"
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert [each["ContainerPath"] for each in container["MountPoints"]] == ["/tmp"]


@pytest.mark.parametrize("task", TASKS)
def test_every_variable_is_a_setting_and_every_secret_a_reference(task: str) -> None:
    variables = variables_of(task)
    assert {name.lower() for name in set(variables) - OF_LIBPQ} <= set(FIELDS)
    assert not SECRETS & set(variables)
    referred = {each["Name"]: each["ValueFrom"] for each in container_of(task)["Secrets"]}
    assert set(referred) < SECRETS
    assert all(key != "SecretString" for key, _ in values_in(referred))


def test_the_service_accepts_the_settings_of_the_template() -> None:
    plain = {name.lower(): value for name, value in variables_of("ServiceTask").items() if isinstance(value, str)}
    del plain["pgsslmode"], plain["pgsslrootcert"]
    settings_from({**plain, "secret_key": secrets.token_urlsafe(48)})
    assert plain["environment"] == "production"


def test_the_migration_accepts_the_settings_that_the_service_accepts() -> None:
    # Both read the secret Settings, in which some settings, such as those of mail, need PUBLIC_URL.
    service, migration = variables_of("ServiceTask"), variables_of("MigrateTask")
    assert migration.items() <= service.items()
    assert service.keys() - migration.keys() == {"TRUSTED_PROXIES", "WEB_CONCURRENCY"}


def test_the_image_contains_the_authorities_that_verify_the_database() -> None:
    dockerfile = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    for task in TASKS:
        variables = variables_of(task)
        assert variables["PGSSLMODE"] == "verify-full"
        assert f"global-bundle.pem {variables['PGSSLROOTCERT']}" in dockerfile
    # Otherwise root owns the folder on Fargate, and imports and exports fail.
    assert 'VOLUME ["/tmp"]' in dockerfile


def test_an_update_of_the_data_stack_keeps_the_secret_key() -> None:
    made = resources_of("data")["Settings"]["Properties"]["GenerateSecretString"]
    assert not [key for key, _ in values_in(made) if key == "Ref" or key.startswith("Fn::")]
    assert made["GenerateStringKey"] == "SECRET_KEY"
    for secret in ("Settings", "DatabasePassword"):
        assert resources_of("data")[secret]["DeletionPolicy"] == "Retain"


def test_a_generated_key_is_strong_enough() -> None:
    made = resources_of("data")["Settings"]["Properties"]["GenerateSecretString"]
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    assert made["ExcludePunctuation"] is True
    settings_from({"secret_key": "".join(secrets.choice(alphabet) for _ in range(made["PasswordLength"]))})


def test_the_service_stack_imports_exactly_the_exports_of_the_data_stack() -> None:
    exported = {each["Export"]["Name"]["Fn::Sub"] for each in template_of("data")["Outputs"].values()}
    imported = {str(value) for key, value in values_in(template_of("service")) if key == "Fn::ImportValue"}
    wanted = {str({"Fn::Sub": name.replace("AWS::StackName", "DataStack")}) for name in exported}
    assert imported == wanted


@pytest.mark.parametrize("group", ["DatabaseSecurityGroup", "CacheSecurityGroup"])
def test_only_the_service_reaches_the_database_and_the_cache(group: str) -> None:
    resources = resources_of("data")
    assert "SecurityGroupIngress" not in resources[group]["Properties"]
    rules = of_type("data", "AWS::EC2::SecurityGroupIngress").values()
    sources = [rule["SourceSecurityGroupId"] for rule in rules if rule["GroupId"] == {"Ref": group}]
    assert sources == [{"Ref": "ServiceSecurityGroup"}]
    assert resources["Database"]["Properties"]["PubliclyAccessible"] is False


def test_the_migration_runs_before_the_service_and_with_its_image() -> None:
    resources = resources_of("service")
    assert "Migration" in resources["Service"]["DependsOn"]
    assert resources["Migration"]["Properties"]["TaskDefinition"] == {"Ref": "MigrateTask"}
    assert container_of("MigrateTask")["Command"] == ["migrate"]
    assert container_of("MigrateTask")["Image"] == container_of("ServiceTask")["Image"] == {"Ref": "Image"}


def test_an_alarm_rolls_the_deployment_back() -> None:
    resources = resources_of("service")
    deployment = resources["Service"]["Properties"]["DeploymentConfiguration"]
    assert deployment["Strategy"] == "BLUE_GREEN"
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert deployment["Alarms"]["Rollback"] is True
    assert {resources[each["Ref"]]["Type"] for each in deployment["Alarms"]["AlarmNames"]} == {"AWS::CloudWatch::Alarm"}
    assert "DesiredCount" not in resources["Service"]["Properties"]


@pytest.mark.parametrize("name", ["network", "service"])
def test_every_log_group_has_the_configured_retention(name: str) -> None:
    logs = of_type(name, "AWS::Logs::LogGroup")
    assert logs
    assert all(each["RetentionInDays"] == {"Ref": "LogRetentionDays"} for each in logs.values())


def test_the_stop_timeout_covers_the_drain_and_the_last_requests() -> None:
    drain = ServerSettings.model_fields["shutdown_drain_seconds"].default
    assert container_of("ServiceTask")["StopTimeout"] >= drain + GRACE_SECONDS


def test_the_load_balancer_checks_readiness_and_closes_idle_connections_first() -> None:
    resources = resources_of("service")
    for group in ("Blue", "Green"):
        assert resources[group]["Properties"]["HealthCheckPath"] == "/health/readiness"
    attributes = {
        each["Key"]: each["Value"] for each in resources["LoadBalancer"]["Properties"]["LoadBalancerAttributes"]
    }
    assert BULK_SECONDS < int(attributes["idle_timeout.timeout_seconds"]) < IDLE_SECONDS
    assert attributes["routing.http.xff_header_processing.mode"] == "append"


def test_the_alarms_count_existing_events() -> None:
    events = (FOLDER.parents[1] / "docs" / "events.md").read_text(encoding="utf-8")
    patterns = [each["FilterPattern"] for each in of_type("service", "AWS::Logs::MetricFilter").values()]
    assert len(patterns) == 2
    for pattern in patterns:
        (event,) = re.findall(r'\$\.event = "([a-z_.]+)"', pattern)
        assert f"| `{event}` |" in events


class Migration:
    """The migration function of the template, with a stub of ECS."""

    def __init__(self, milliseconds: int = 600_000) -> None:
        self.answers: list[tuple[str, str]] = []
        self.defined = migrate_function(self._respond)
        self.defined["PAUSE_SECONDS"] = 0
        self.ecs = boto3.client("ecs", "eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
        self.stub = Stubber(self.ecs)
        self._context = SimpleNamespace(get_remaining_time_in_millis=lambda: milliseconds)

    def starts(self, *, failures: list[dict[str, str]] | None = None) -> None:
        tasks = [] if failures else [{"taskArn": "task/1"}]
        network = {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}
        expected = {"cluster": "c", "taskDefinition": "t:1", "launchType": "FARGATE"}
        self.stub.add_response(
            "run_task",
            {"tasks": tasks, "failures": failures or []},
            {**expected, "networkConfiguration": {"awsvpcConfiguration": network}},
        )

    def is_(self, status: str, exit_code: int | None = None) -> None:
        container = {} if exit_code is None else {"exitCode": exit_code}
        task = {"lastStatus": status, "containers": [container], "stoppedReason": "Essential container exited"}
        self.stub.add_response("describe_tasks", {"tasks": [task]}, {"cluster": "c", "tasks": ANY})

    def run(self, request: str) -> tuple[str, str]:
        self.defined["boto3"] = SimpleNamespace(client=lambda _: self.ecs)
        with self.stub:
            self.defined["handler"]({"RequestType": request, "ResourceProperties": ASKED}, self._context)
        self.stub.assert_no_pending_responses()
        (answer,) = self.answers
        return answer

    def _respond(self, _event: object, _context: object, status: str, *_rest: object, reason: str = "") -> None:
        self.answers.append((status, reason))


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_the_update_continues_after_a_successful_migration(request_type: str) -> None:
    migration = Migration()
    migration.starts()
    migration.is_("PENDING")
    migration.is_("RUNNING")
    migration.is_("STOPPED", 0)
    assert migration.run(request_type) == ("SUCCESS", "")


@pytest.mark.parametrize("exit_code", [1, 137, None])
def test_the_update_fails_if_the_migration_fails(exit_code: int | None) -> None:
    migration = Migration()
    migration.starts()
    migration.is_("STOPPED", exit_code)
    status, reason = migration.run("Update")
    assert status == "FAILED"
    assert f"ended with {exit_code} (Essential container exited)" in reason


def test_the_update_fails_if_the_migration_does_not_start() -> None:
    migration = Migration()
    migration.starts(failures=[{"reason": "no capacity"}])
    status, reason = migration.run("Update")
    assert status == "FAILED"
    assert "no capacity" in reason


def test_the_update_fails_with_a_remedy_if_the_migration_exceeds_the_timeout() -> None:
    migration = Migration(milliseconds=1_000)
    migration.starts()
    status, reason = migration.run("Update")
    assert status == "FAILED"
    assert "update the stack again" in reason


def test_deleting_the_stack_runs_no_migration() -> None:
    assert Migration().run("Delete") == ("SUCCESS", "")

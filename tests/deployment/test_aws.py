"""The templates for AWS: hardened, without secrets, of one mind with the service, and safe to update."""

import re
import secrets
from types import SimpleNamespace
from typing import Any, Final

import boto3
import pytest
import yaml
from botocore.stub import ANY, Stubber

from doorward.infrastructure.postgres.database import BULK_SECONDS
from doorward.server.worker import GRACE_SECONDS
from doorward.settings.config import FIELDS, settings_from
from doorward.settings.server import ServerSettings
from tests.deployment.aws import FOLDER, NAMES, migrate_function, of_type, resources_of, template_of, text_of, values_in

TASKS: Final = ("ServiceTask", "MigrateTask")
SECRETS: Final = {"SECRET_KEY", "DATABASE_URL", "POSTGRES_PASSWORD", "RATE_LIMIT_STORAGE_URI"}
OF_LIBPQ: Final = {"PGSSLMODE", "PGSSLROOTCERT"}
IDLE_SECONDS: Final = 75
"""After which the service closes a connection."""

ASKED: Final = {"Cluster": "c", "TaskDefinition": "t:1", "Subnets": ["subnet-1"], "SecurityGroup": "sg-1"}


def container_of(task: str) -> dict[str, Any]:
    (container,) = resources_of("service")[task]["Properties"]["ContainerDefinitions"]
    assert isinstance(container, dict)
    return container


def variables_of(task: str) -> dict[str, Any]:
    return {each["Name"]: each["Value"] for each in container_of(task)["Environment"]}


@pytest.mark.parametrize("name", NAMES)
def test_a_template_uses_no_part_of_yaml_that_cloudformation_lacks(name: str) -> None:
    tokens = yaml.scan(text_of(name))
    assert not [token for token in tokens if isinstance(token, (yaml.AnchorToken, yaml.AliasToken))]


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_of_checkov_that_is_left_out_has_its_reason(name: str) -> None:
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


def test_the_service_accepts_what_the_template_writes_out() -> None:
    plain = {name.lower(): value for name, value in variables_of("ServiceTask").items() if isinstance(value, str)}
    del plain["pgsslmode"], plain["pgsslrootcert"]
    settings_from({**plain, "secret_key": secrets.token_urlsafe(48)})
    assert plain["environment"] == "production"


def test_the_database_is_verified_by_authorities_that_the_image_has() -> None:
    dockerfile = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    for task in TASKS:
        variables = variables_of(task)
        assert variables["PGSSLMODE"] == "verify-full"
        assert f"global-bundle.pem {variables['PGSSLROOTCERT']}" in dockerfile
    # Else the folder is root's on Fargate, and nothing can be imported or exported.
    assert 'VOLUME ["/tmp"]' in dockerfile


def test_a_change_of_the_data_makes_no_other_secret_key() -> None:
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


def test_what_is_imported_is_exported() -> None:
    exported = {each["Export"]["Name"]["Fn::Sub"] for each in template_of("data")["Outputs"].values()}
    imported = {str(value) for key, value in values_in(template_of("service")) if key == "Fn::ImportValue"}
    wanted = {str({"Fn::Sub": name.replace("AWS::StackName", "DataStack")}) for name in exported}
    assert imported == wanted


@pytest.mark.parametrize("group", ["DatabaseSecurityGroup", "CacheSecurityGroup"])
def test_only_the_copies_reach_what_lasts(group: str) -> None:
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


def test_an_alarm_brings_the_old_copies_back() -> None:
    resources = resources_of("service")
    deployment = resources["Service"]["Properties"]["DeploymentConfiguration"]
    assert deployment["Strategy"] == "BLUE_GREEN"
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert deployment["Alarms"]["Rollback"] is True
    assert {resources[each["Ref"]]["Type"] for each in deployment["Alarms"]["AlarmNames"]} == {"AWS::CloudWatch::Alarm"}
    assert "DesiredCount" not in resources["Service"]["Properties"]


@pytest.mark.parametrize("name", ["network", "service"])
def test_every_log_is_kept_for_as_long_as_is_asked(name: str) -> None:
    logs = of_type(name, "AWS::Logs::LogGroup")
    assert logs
    assert all(each["RetentionInDays"] == {"Ref": "LogRetentionDays"} for each in logs.values())


def test_a_copy_is_killed_only_after_its_drain_and_its_last_calls() -> None:
    drain = ServerSettings.model_fields["shutdown_drain_seconds"].default
    assert container_of("ServiceTask")["StopTimeout"] >= drain + GRACE_SECONDS


def test_the_load_balancer_asks_what_the_service_answers_and_closes_first() -> None:
    resources = resources_of("service")
    for group in ("Blue", "Green"):
        assert resources[group]["Properties"]["HealthCheckPath"] == "/health/readiness"
    attributes = {
        each["Key"]: each["Value"] for each in resources["LoadBalancer"]["Properties"]["LoadBalancerAttributes"]
    }
    assert BULK_SECONDS < int(attributes["idle_timeout.timeout_seconds"]) < IDLE_SECONDS
    assert attributes["routing.http.xff_header_processing.mode"] == "append"


def test_the_alarms_count_events_that_exist() -> None:
    events = (FOLDER.parents[1] / "docs" / "events.md").read_text(encoding="utf-8")
    patterns = [each["FilterPattern"] for each in of_type("service", "AWS::Logs::MetricFilter").values()]
    assert len(patterns) == 2
    for pattern in patterns:
        (event,) = re.findall(r'\$\.event = "([a-z_.]+)"', pattern)
        assert f"| `{event}` |" in events


class Migration:
    """The function of the template, with an ECS that answers as it is told."""

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
def test_the_update_goes_on_when_the_migration_has_ended_well(request_type: str) -> None:
    migration = Migration()
    migration.starts()
    migration.is_("PENDING")
    migration.is_("RUNNING")
    migration.is_("STOPPED", 0)
    assert migration.run(request_type) == ("SUCCESS", "")


@pytest.mark.parametrize("exit_code", [1, 137, None])
def test_the_update_fails_when_the_migration_does(exit_code: int | None) -> None:
    migration = Migration()
    migration.starts()
    migration.is_("STOPPED", exit_code)
    status, reason = migration.run("Update")
    assert status == "FAILED"
    assert f"ended with {exit_code} (Essential container exited)" in reason


def test_the_update_fails_when_the_migration_does_not_start() -> None:
    migration = Migration()
    migration.starts(failures=[{"reason": "no capacity"}])
    status, reason = migration.run("Update")
    assert status == "FAILED"
    assert "no capacity" in reason


def test_a_migration_that_takes_longer_than_the_function_fails_the_update_with_what_to_do() -> None:
    migration = Migration(milliseconds=1_000)
    migration.starts()
    status, reason = migration.run("Update")
    assert status == "FAILED"
    assert "update the stack again" in reason


def test_nothing_is_migrated_when_the_stack_is_deleted() -> None:
    assert Migration().run("Delete") == ("SUCCESS", "")

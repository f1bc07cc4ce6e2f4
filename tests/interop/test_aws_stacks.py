"""The stacks of deploy/aws, created in moto's AWS."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from tests.deployment.aws import migrate_function, resources_of
from tests.integration.secret_store import run_secret_store
from tests.interop.aws_stacks import NOT_IN_MOTO, Aws

PYTHON: Final = Path(__file__).parents[2] / ".development" / "templates" / "bin" / "python"
"""Python with the packages that moto's CloudFormation needs: development/templates."""

STACKS: Final = {"network": "doorward-network", "data": "doorward-data", "service": "doorward"}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    if "CI" not in os.environ and not PYTHON.exists():
        pytest.skip("moto's CloudFormation is not installed; with it: uv run inv check --group deployment")
    with run_secret_store(tmp_path_factory.mktemp("moto"), str(PYTHON)) as moto:
        made = Aws(moto.url)
        made.make_all()
        yield made


@pytest.mark.parametrize("name", STACKS)
def test_every_resource_that_moto_supports_is_created(aws: Aws, name: str) -> None:
    conditional = {"AlarmsByMail"}
    wanted = {key for key, each in resources_of(name).items() if each["Type"] not in NOT_IN_MOTO} - conditional
    assert aws.names_in(STACKS[name]) == wanted


def test_the_copies_run_with_few_rights_and_get_the_addresses_of_the_other_stacks(aws: Aws) -> None:
    outputs, data = aws.outputs("doorward"), aws.outputs("doorward-data")
    task = aws.client("ecs").describe_task_definition(taskDefinition=outputs["ServiceTask"])["taskDefinition"]
    (container,) = task["containerDefinitions"]
    assert (container["readonlyRootFilesystem"], container["user"]) == (True, "10001:10001")
    variables = {each["name"]: each["value"] for each in container["environment"]}
    assert variables["POSTGRES_HOST"] == data["DatabaseHost"]
    assert variables["AWS_SECRETS_MANAGER_SECRET_NAME"] == data["Settings"]
    assert variables["TRUSTED_PROXIES"] == aws.outputs("doorward-network")["PublicNetworks"]
    referred = {each["name"]: each["valueFrom"] for each in container["secrets"]}
    assert referred == {
        "POSTGRES_PASSWORD": f"{data['DatabasePassword']}:password::",
        "RATE_LIMIT_STORAGE_URI": data["CacheAddress"],
    }
    (service,) = aws.client("ecs").describe_services(cluster=outputs["ClusterName"], services=[outputs["ServiceName"]])[
        "services"
    ]
    assert service["taskDefinition"] == outputs["ServiceTask"]


def test_the_database_is_private_encrypted_and_in_two_zones(aws: Aws) -> None:
    name = aws.outputs("doorward-data")["DatabaseName"]
    (database,) = aws.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    assert (database["StorageEncrypted"], database["MultiAZ"], database["PubliclyAccessible"]) == (True, True, False)
    assert database["BackupRetentionPeriod"] == 14


def test_requests_over_tls_are_forwarded_to_the_first_target_group(aws: Aws) -> None:
    balancer = aws.client("elbv2")
    listeners = balancer.describe_listeners(LoadBalancerArn=aws.id_of("doorward", "LoadBalancer"))["Listeners"]
    actions = {each["Port"]: each["DefaultActions"][0]["Type"] for each in listeners}
    assert actions == {80: "redirect", 443: "fixed-response"}
    (https,) = [each for each in listeners if each["Port"] == 443]
    rules = balancer.describe_rules(ListenerArn=https["ListenerArn"])["Rules"]
    (production,) = [each for each in rules if not each["IsDefault"]]
    groups = production["Actions"][0]["ForwardConfig"]["TargetGroups"]
    weights = {each["TargetGroupArn"]: int(each["Weight"]) for each in groups}
    assert weights == {aws.id_of("doorward", "Blue"): 100, aws.id_of("doorward", "Green"): 0}


def test_only_the_load_balancer_reaches_the_copies(aws: Aws) -> None:
    group = aws.outputs("doorward-data")["ServiceSecurityGroup"]
    (found,) = aws.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert [
        (rule["FromPort"], rule["ToPort"], [pair["GroupId"] for pair in rule["UserIdGroupPairs"]], rule["IpRanges"])
        for rule in found["IpPermissions"]
    ] == [(8080, 8080, [aws.id_of("doorward", "LoadBalancerSecurityGroup")], [])]


def test_the_migration_function_runs_its_task(aws: Aws) -> None:
    answers: list[tuple[str, str]] = []

    def respond(_event: object, _context: object, status: str, *_rest: object, reason: str = "") -> None:
        answers.append((status, reason))

    outputs = aws.outputs("doorward")
    defined: dict[str, Any] = migrate_function(respond)
    defined["PAUSE_SECONDS"] = 0
    defined["boto3"] = SimpleNamespace(client=aws.client)
    asked = {
        "Cluster": outputs["ClusterName"],
        "TaskDefinition": outputs["MigrateTask"],
        "Subnets": aws.outputs("doorward-network")["PrivateSubnets"].split(","),
        "SecurityGroup": aws.outputs("doorward-data")["ServiceSecurityGroup"],
    }
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 600_000)
    defined["handler"]({"RequestType": "Create", "ResourceProperties": asked}, context)
    assert answers == [("SUCCESS", "")]

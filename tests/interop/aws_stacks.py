"""The stacks of deploy/aws in moto's AWS, with the changes that its limits require.

Moto cannot update a stack with a load balancer: the load balancer would be missing afterwards.
"""

import copy
import json
import time
from dataclasses import dataclass
from typing import Any, Final

import boto3

from tests.deployment.aws import resources_of, template_of

REGION: Final = "eu-central-1"
DOMAIN: Final = "auth.example.com"
SECONDS: Final = 60

NOT_IN_MOTO: Final = {
    "AWS::SecretsManager::Secret": "created by the test, and inserted in place of references",
    "AWS::ElastiCache::ReplicationGroup": "there is no cache",
    "AWS::ElastiCache::SubnetGroup": "there is no cache",
    "AWS::ApplicationAutoScaling::ScalableTarget": "nothing scales",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "nothing scales",
    "AWS::CloudWatch::Alarm": "no alarms, and no rollback of deployments",
    "AWS::Logs::MetricFilter": "no metrics of the log",
    "Custom::Migration": "moto would run its function in a container: the tests call it themselves",
}
"""Types that moto's CloudFormation does not create, and the tests' replacement."""

DROPPED: Final = ("AWS::SecretsManager::Secret", "AWS::ElastiCache::", "Custom::Migration")
"""Types that must not even appear in the template; moto ignores the others."""

LEFT_OUT: Final = {
    ("data", "Database", "DBParameterGroupName"): "moto uses the group object as its name, and fails",
}
"""Properties on which moto fails."""

MEMORY_OF_CONTAINERS: Final = 512
"""moto requires a memory size for each container, which Fargate does not if the task has one."""


@dataclass(frozen=True)
class Aws:
    """moto's AWS, with its stacks."""

    url: str

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        return boto3.client(service, REGION, endpoint_url=self.url, **keys)

    def make_all(self) -> None:
        """Create the three stacks in order."""
        network = self.deploy("doorward-network", template_of("network"), {})
        data = _template_for_moto("data")
        for name, each in resources_of("data").items():
            if each["Type"] == "AWS::SecretsManager::Secret":
                secret = self.client("secretsmanager").create_secret(Name=name, SecretString="{}")
                data = _with_value_for(data, name, secret["ARN"])
        subnets = {"VpcId": network["VpcId"], "Subnets": network["PrivateSubnets"]}
        self.deploy("doorward-data", data, subnets)
        certificate = self.client("acm").request_certificate(DomainName=DOMAIN)["CertificateArn"]
        self.deploy(
            "doorward",
            _template_for_moto("service"),
            {
                "DataStack": "doorward-data",
                "VpcId": network["VpcId"],
                "LoadBalancerSubnets": network["PublicSubnets"],
                "LoadBalancerNetworks": network["PublicNetworks"],
                "ServiceSubnets": network["PrivateSubnets"],
                "PublicUrl": f"https://{DOMAIN}",
                "CertificateArn": certificate,
                "Image": "registry.example/doorward@sha256:0",
            },
        )

    def deploy(self, stack: str, template: dict[str, Any], parameters: dict[str, str]) -> dict[str, str]:
        """Create a stack, like ``aws cloudformation deploy``; return its outputs."""
        self.client("cloudformation").create_stack(
            StackName=stack,
            TemplateBody=_json(template),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        return self.outputs(stack)

    def outputs(self, stack: str) -> dict[str, str]:
        """Return the outputs of a stack when it is complete."""
        deadline = time.monotonic() + SECONDS
        while True:
            (found,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
            if found["StackStatus"].endswith("COMPLETE"):
                assert found["StackStatus"] == "CREATE_COMPLETE"
                return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
            assert time.monotonic() < deadline, found["StackStatus"]
            time.sleep(0.1)

    def names_in(self, stack: str) -> set[str]:
        """Return the logical ids of a stack's resources."""
        listed = self.client("cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
        return {each["LogicalResourceId"] for each in listed if each["LogicalResourceId"]}

    def id_of(self, stack: str, name: str) -> str:
        """Return the physical id of a stack's resource."""
        detail = self.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=name)
        found: str = detail["StackResourceDetail"]["PhysicalResourceId"]
        return found


def _template_for_moto(name: str) -> dict[str, Any]:
    """Return a template without the parts that moto does not support."""
    template = copy.deepcopy(template_of(name))
    resources = template["Resources"]
    dropped = {each for each, resource in resources.items() if resource["Type"].startswith(DROPPED)}
    template["Resources"] = {each: resources[each] for each in resources if each not in dropped}
    for of, resource, property_name in LEFT_OUT:
        if of == name:
            del resources[resource]["Properties"][property_name]
    for resource in template["Resources"].values():
        for container in resource.get("Properties", {}).get("ContainerDefinitions", []):
            container["Memory"] = MEMORY_OF_CONTAINERS
        waits = resource.get("DependsOn", [])
        if isinstance(waits, list):
            resource["DependsOn"] = [each for each in waits if each not in dropped]
    return template


def _with_value_for(part: Any, name: str, value: str) -> Any:
    """Return a part of a template with all references to a resource replaced by a value."""
    if isinstance(part, dict):
        if part == {"Ref": name}:
            return value
        return {key: _with_value_for(each, name, value) for key, each in part.items()}
    if isinstance(part, list):
        return [_with_value_for(each, name, value) for each in part]
    return part.replace(f"${{{name}}}", value) if isinstance(part, str) else part


def _json(template: dict[str, Any]) -> str:
    """Return the template as JSON, with attributes as lists: moto splits their short form at the first dot only."""

    def long_form(part: Any) -> Any:
        if isinstance(part, dict):
            if set(part) == {"Fn::GetAtt"} and isinstance(part["Fn::GetAtt"], str):
                return {"Fn::GetAtt": part["Fn::GetAtt"].split(".", 1)}
            return {key: long_form(each) for key, each in part.items()}
        return [long_form(each) for each in part] if isinstance(part, list) else part

    return json.dumps(long_form(template))

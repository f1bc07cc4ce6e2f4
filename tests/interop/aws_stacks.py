"""The stacks of deploy/aws in moto's AWS, as far as moto goes. Where it does not go is named here.

Nor does it update a stack: of one with a load balancer that is gone afterwards.
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
    "AWS::SecretsManager::Secret": "made by hand, and put where the template would have referred to them",
    "AWS::ElastiCache::ReplicationGroup": "there is no cache",
    "AWS::ElastiCache::SubnetGroup": "there is no cache",
    "AWS::ApplicationAutoScaling::ScalableTarget": "nothing scales",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "nothing scales",
    "AWS::CloudWatch::Alarm": "nothing alarms, and nothing rolls a deployment back",
    "AWS::Logs::MetricFilter": "nothing is counted in the log",
    "Custom::Migration": "moto would run its function in a container: the tests call it themselves",
}
"""Types that moto's CloudFormation does not make, and what the tests do without them."""

DROPPED: Final = ("AWS::SecretsManager::Secret", "AWS::ElastiCache::", "Custom::Migration")
"""Those that must not even stand in the template; moto passes over the others."""

LEFT_OUT: Final = {
    ("data", "Database", "DBParameterGroupName"): "moto takes the group itself for its name, and fails",
}
"""Properties on which moto fails."""

MEMORY_OF_CONTAINERS: Final = 512
"""moto counts the memory of containers, which Fargate does not ask for where the task says it."""


@dataclass(frozen=True)
class Aws:
    """moto's AWS, with the stacks in it."""

    url: str

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        return boto3.client(service, REGION, endpoint_url=self.url, **keys)

    def make_all(self) -> None:
        """Make the three stacks in their order."""
        network = self.deploy("doorward-network", template_of("network"), {})
        data = _of_moto("data")
        for name, each in resources_of("data").items():
            if each["Type"] == "AWS::SecretsManager::Secret":
                secret = self.client("secretsmanager").create_secret(Name=name, SecretString="{}")
                data = _with_value_for(data, name, secret["ARN"])
        subnets = {"VpcId": network["VpcId"], "Subnets": network["PrivateSubnets"]}
        self.deploy("doorward-data", data, subnets)
        certificate = self.client("acm").request_certificate(DomainName=DOMAIN)["CertificateArn"]
        self.deploy(
            "doorward",
            _of_moto("service"),
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
        """Make a stack, as ``aws cloudformation deploy`` does; return its outputs."""
        self.client("cloudformation").create_stack(
            StackName=stack,
            TemplateBody=_json(template),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        return self.outputs(stack)

    def outputs(self, stack: str) -> dict[str, str]:
        """Return the outputs of a stack, once it is complete."""
        deadline = time.monotonic() + SECONDS
        while True:
            (found,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
            if found["StackStatus"].endswith("COMPLETE"):
                assert found["StackStatus"] == "CREATE_COMPLETE"
                return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
            assert time.monotonic() < deadline, found["StackStatus"]
            time.sleep(0.1)

    def names_in(self, stack: str) -> set[str]:
        """Return the names that a stack's resources have in its template."""
        listed = self.client("cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
        return {each["LogicalResourceId"] for each in listed if each["LogicalResourceId"]}

    def id_of(self, stack: str, name: str) -> str:
        """Return what AWS calls a resource of a stack."""
        detail = self.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=name)
        found: str = detail["StackResourceDetail"]["PhysicalResourceId"]
        return found


def _of_moto(name: str) -> dict[str, Any]:
    """Return a template without what moto does not do."""
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
    """Return a part of a template with a value wherever it refers to a resource."""
    if isinstance(part, dict):
        if part == {"Ref": name}:
            return value
        return {key: _with_value_for(each, name, value) for key, each in part.items()}
    if isinstance(part, list):
        return [_with_value_for(each, name, value) for each in part]
    return part.replace(f"${{{name}}}", value) if isinstance(part, str) else part


def _json(template: dict[str, Any]) -> str:
    """Return the template as JSON, with attributes as lists: moto cuts their short form at the first dot."""

    def long_form(part: Any) -> Any:
        if isinstance(part, dict):
            if set(part) == {"Fn::GetAtt"} and isinstance(part["Fn::GetAtt"], str):
                return {"Fn::GetAtt": part["Fn::GetAtt"].split(".", 1)}
            return {key: long_form(each) for key, each in part.items()}
        return [long_form(each) for each in part] if isinstance(part, list) else part

    return json.dumps(long_form(template))

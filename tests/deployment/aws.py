"""Parsed deploy/aws: CloudFormation templates with expanded short forms, and the code that they contain."""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "aws"
NAMES: Final = ("network", "data", "service")

Template = dict[str, Any]


class _Loader(yaml.SafeLoader):  # type: ignore[misc] # yaml has no types here
    """YAML with CloudFormation's tags: ``!Ref x`` is ``{"Ref": x}``, ``!GetAtt a.b`` ``{"Fn::GetAtt": "a.b"}``."""


def _written_out(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _written_out)


def text_of(name: str) -> str:
    return (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


@cache
def template_of(name: str) -> Template:
    template: Template = yaml.load(text_of(name), _Loader)
    return template


def resources_of(name: str) -> dict[str, Any]:
    resources: dict[str, Any] = template_of(name)["Resources"]
    return resources


def of_type(name: str, kind: str) -> dict[str, Any]:
    return {key: each["Properties"] for key, each in resources_of(name).items() if each["Type"] == kind}


def values_in(part: object) -> Iterator[tuple[str, object]]:
    """Yield the key and the value of each entry in all nested mappings."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield key, value
            yield from values_in(value)
    elif isinstance(part, list):
        for value in part:
            yield from values_in(value)


def migrate_function(respond: Any) -> dict[str, Any]:
    """Return the definitions in the code of the migration function. ``respond`` sends its result to CloudFormation."""
    code = resources_of("service")["MigrateFunction"]["Properties"]["Code"]["ZipFile"]
    # AWS provides this module to code that is inlined in a template.
    module = ModuleType("cfnresponse")
    module.SUCCESS, module.FAILED, module.send = "SUCCESS", "FAILED", respond  # type: ignore[attr-defined] # a stand-in
    sys.modules["cfnresponse"] = module
    try:
        defined: dict[str, Any] = {}
        exec(compile(code, "service.yaml", "exec"), defined)
    finally:
        del sys.modules["cfnresponse"]
    return defined

"""Both sets of rules for the pods of the chart report every violation."""

import copy
from typing import Any

import pytest

from tests.deployment.pod_security import restricted_v2_violations, restricted_violations

ALLOWED: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "volumes": [{"name": "tmp", "emptyDir": {}}],
    "containers": [
        {"securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}, "ports": []}
    ],
}
FORBIDDEN: dict[str, tuple[str, dict[str, Any]]] = {
    "hostNetwork": ("pod", {"hostNetwork": True}),
    "hostPID": ("pod", {"hostPID": True}),
    "hostIPC": ("pod", {"hostIPC": True}),
    "volumes.hostPath": ("pod", {"volumes": [{"name": "root", "hostPath": {"path": "/"}}]}),
    "volumes.nfs": ("pod", {"volumes": [{"name": "share", "nfs": {}}]}),
    "sysctls": ("shared", {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}),
    "capabilities.add": ("own", {"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}),
    "capabilities.drop": ("own", {"capabilities": {}}),
    "privileged": ("own", {"privileged": True}),
    "allowPrivilegeEscalation": ("own", {"allowPrivilegeEscalation": None}),
    "procMount": ("own", {"procMount": "Unmasked"}),
    "hostPort": ("container", {"ports": [{"containerPort": 8080, "hostPort": 80}]}),
    "runAsNonRoot": ("shared", {"runAsNonRoot": None}),
    "runAsUser": ("own", {"runAsUser": 0}),
    "seccompProfile": ("shared", {"seccompProfile": {"type": "Unconfined"}}),
    "appArmorProfile": ("own", {"appArmorProfile": {"type": "Unconfined"}}),
    "seLinuxOptions": ("own", {"seLinuxOptions": {"user": "system_u"}}),
}
OF_OPENSHIFT: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: case for name, case in FORBIDDEN.items() if name != "runAsNonRoot"},
    "runAsUser": ("shared", {"runAsUser": 10001}),
    "fsGroup": ("shared", {"fsGroup": 10001}),
}
"""OpenShift runs a pod without a user as a user of its namespace's range, which is never root."""


def pod_with(place: str, change: dict[str, Any]) -> dict[str, Any]:
    pod = copy.deepcopy(ALLOWED)
    container = pod["containers"][0]
    holders = {
        "pod": pod,
        "shared": pod["securityContext"],
        "container": container,
        "own": container["securityContext"],
    }
    holders[place].update(change)
    return pod


def test_a_pod_without_violations_is_accepted_by_both() -> None:
    assert restricted_violations(ALLOWED) == restricted_v2_violations(ALLOWED) == []


@pytest.mark.parametrize("rule", FORBIDDEN)
def test_the_restricted_standard_reports_each_violation(rule: str) -> None:
    assert restricted_violations(pod_with(*FORBIDDEN[rule])) == [rule]


@pytest.mark.parametrize("rule", OF_OPENSHIFT)
def test_restricted_v2_reports_each_violation(rule: str) -> None:
    assert rule in restricted_v2_violations(pod_with(*OF_OPENSHIFT[rule]))

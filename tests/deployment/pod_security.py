"""The rules of two admission controls for pods: the restricted Pod Security Standard, and OpenShift's `restricted-v2`.

Sources: "Pod Security Standards" of Kubernetes' documentation (concepts/security/pod-security-standards), and the
SecurityContextConstraints `restricted-v2` that OpenShift 4.11 and newer install (`oc get scc restricted-v2 -o yaml`).
"""

from collections.abc import Iterator
from typing import Any, Final

Fields = dict[str, Any]

HOST_NAMESPACES: Final = ("hostNetwork", "hostPID", "hostIPC")
VOLUMES: Final = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret")
}
SECCOMP: Final = {"RuntimeDefault", "Localhost"}
SELINUX_TYPES: Final = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
SAFE_SYSCTLS: Final = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
}


def restricted_violations(pod: Fields) -> list[str]:
    """Return the fields of a pod's spec that violate the restricted Pod Security Standard."""
    return sorted(
        {
            *_violations_of_pod(pod),
            *(each for container in _containers(pod) for each in _violations_of_container(container, pod)),
        }
    )


def restricted_v2_violations(pod: Fields) -> list[str]:
    """Return the fields that violate `restricted-v2`, in a namespace whose ranges are not known beforehand."""
    found = {each for each in restricted_violations(pod) if each not in {"runAsNonRoot", "seLinuxOptions"}}
    for context in (_context(pod), *map(_context, _containers(pod))):
        # MustRunAsRange and MustRunAs: an explicit value must be in the namespace's range, which the cluster chooses.
        found |= {name for name in ("runAsUser", "fsGroup", "seLinuxOptions") if context.get(name) is not None}
        if context.get("seccompProfile", {}).get("type", "RuntimeDefault") != "RuntimeDefault":
            found.add("seccompProfile")
    return sorted(found)


def _violations_of_pod(pod: Fields) -> Iterator[str]:
    yield from (name for name in HOST_NAMESPACES if pod.get(name))
    for volume in pod.get("volumes", []):
        yield from (f"volumes.{kind}" for kind in set(volume) - {"name"} - VOLUMES)
    for sysctl in _context(pod).get("sysctls", []):
        if sysctl["name"] not in SAFE_SYSCTLS:
            yield "sysctls"


def _violations_of_container(container: Fields, pod: Fields) -> list[str]:
    own = _context(container)
    merged = {**_context(pod), **own}
    capabilities = own.get("capabilities", {})
    options = merged.get("seLinuxOptions", {})
    refused = {
        "capabilities.add": bool(set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}),
        "capabilities.drop": "ALL" not in capabilities.get("drop", []),
        "privileged": bool(own.get("privileged")),
        "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is not False,
        "procMount": own.get("procMount", "Default") != "Default",
        "hostPort": any(port.get("hostPort") for port in container.get("ports", [])),
        "runAsNonRoot": merged.get("runAsNonRoot") is not True,
        "runAsUser": merged.get("runAsUser") == 0,
        "seccompProfile": merged.get("seccompProfile", {}).get("type") not in SECCOMP,
        "appArmorProfile": merged.get("appArmorProfile", {}).get("type") == "Unconfined",
        "seLinuxOptions": options.get("type", "") not in SELINUX_TYPES or {"user", "role"} & set(options) != set(),
    }
    return [field for field, is_refused in refused.items() if is_refused]


def _containers(pod: Fields) -> list[Fields]:
    return [*pod.get("initContainers", []), *pod["containers"], *pod.get("ephemeralContainers", [])]


def _context(holder: Fields) -> Fields:
    context: Fields = holder.get("securityContext") or {}
    return context

"""Rendered deploy/helm: the manifests that Kubernetes would get."""

from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "helm"
LEAST: Final[dict[str, Any]] = {"image": {"repository": "registry.example/doorward"}, "secret": {"name": "doorward"}}
"""The required values."""

EVERYTHING: Final[dict[str, Any]] = {
    "image": {"repository": "registry.example/doorward", "digest": "sha256:" + "0" * 64, "pullSecrets": ["registry"]},
    "secret": {"name": "doorward", "keys": {"RATE_LIMIT_STORAGE_URI": None}},
    "settings": {"BCRYPT_ROUNDS": 13, "RATE_LIMIT_ENABLED": True, "JWT_ISSUER": "https://auth.example.com"},
    "trustedProxies": ["10.0.0.0/8", "192.168.0.0/16"],
    "drainSeconds": 30,
    "metrics": {"port": 9090, "podMonitor": {"enabled": True, "labels": {"release": "prometheus"}, "interval": "15s"}},
    "autoscaling": {"enabled": False},
    "ingress": {
        "enabled": True,
        "className": "nginx",
        "annotations": {"cert-manager.io/issuer": "letsencrypt"},
        "host": "auth.example.com",
        "path": "/auth",
        "pathType": "ImplementationSpecific",
        "tlsSecretName": "auth-tls",
    },
    "host": "::",
    "serviceAccountName": "auth",
    "podAnnotations": {"linkerd.io/inject": "enabled"},
    "podSecurityContext": {"fsGroup": 10001},
    "extraVolumes": [{"name": "authority", "configMap": {"name": "authority"}}],
    "extraVolumeMounts": [{"name": "authority", "mountPath": "/etc/doorward/authority", "readOnly": True}],
    "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []}},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"},
        {
            "maxSkew": 2,
            "topologyKey": "zone",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"tier": "auth"}},
        },
    ],
    "networkPolicy": {
        "clients": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}],
        "metricsClients": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
        "database": {"port": 6432, "peers": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]},
        "extraEgress": [
            {
                "ports": [{"port": 4318, "protocol": "TCP"}],
                "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
            },
            {"ports": [{"port": 443, "protocol": "TCP"}]},
        ],
    },
    "nodeSelector": {"pool": "auth"},
    "tolerations": [{"key": "auth", "operator": "Exists"}],
}
"""All options set to the opposite of their default."""

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((FOLDER / "examples").glob("*.yaml"))
}
CASES: Final = {"least": LEAST, "everything": EVERYTHING, **EXAMPLES}

NOTES: Final = "NOTES.txt"
WORKLOADS: Final = ("Deployment", "Job")
Manifest = dict[str, Any]


class RefusedValuesError(Exception):
    """Helm refuses an installation with these values."""


class Chart:
    """The chart, loaded once."""

    def __init__(self) -> None:
        import helm_python.chart as helm  # noqa: PLC0415 - only where it is installed
        from helm_python.errors import HelmError  # noqa: PLC0415 - as above

        self._helm = helm
        self._error = HelmError
        self._chart = helm.Chart.load(FOLDER)

    def lint(self, values: dict[str, Any]) -> list[str]:
        report = self._helm.lint(FOLDER, values, strict=True)
        notes = [message["error"] for message in report["messages"] if message["severity"] > 1]
        return [*notes, *report["errors"]]

    def metadata(self) -> dict[str, Any]:
        metadata: dict[str, Any] = self._chart.metadata
        return metadata

    def render(self, values: dict[str, Any], release: str = "auth") -> list[Manifest]:
        """Return all manifests. Raises ``RefusedValuesError`` if the values do not match the schema."""
        try:
            self._chart.validate_schema(values)
            rendered = self._chart.render(values, name=release, namespace="auth", is_install=True)
        except self._error as error:
            raise RefusedValuesError(str(error)) from error
        texts = (text for name, text in rendered.items() if not name.endswith(NOTES))
        return [each for text in texts for each in yaml.safe_load_all(text) if each]

    def notes(self, values: dict[str, Any]) -> str:
        """Return Helm's notes after an installation."""
        rendered = self._chart.render(values, name="auth", namespace="auth", is_install=True)
        notes: str = next(text for name, text in rendered.items() if name.endswith(NOTES))
        return notes

    def one(self, kind: str, values: dict[str, Any] = LEAST) -> Manifest:
        (found,) = [each for each in self.render(values) if each["kind"] == kind]
        return found


def pod_of(manifest: Manifest) -> Manifest:
    pod: Manifest = manifest["spec"]["template"]["spec"]
    return pod


def environment_of(manifest: Manifest) -> dict[str, Any]:
    (container,) = pod_of(manifest)["containers"]
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}

"""deploy/helm, rendered: manifests as Kubernetes would get them."""

from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "helm"
LEAST: Final[dict[str, Any]] = {"image": {"repository": "registry.example/doorward"}, "secret": {"name": "doorward"}}
"""What an operator must say."""

EVERYTHING: Final[dict[str, Any]] = {
    "image": {"repository": "registry.example/doorward", "digest": "sha256:" + "0" * 64, "pullSecrets": ["registry"]},
    "secret": {"name": "doorward", "keys": {"RATE_LIMIT_STORAGE_URI": None}},
    "settings": {"BCRYPT_ROUNDS": 13, "RATE_LIMIT_ENABLED": True, "JWT_ISSUER": "https://auth.example.com"},
    "trustedProxies": ["10.0.0.0/8", "192.168.0.0/16"],
    "drainSeconds": 30,
    "metrics": {"port": 9090},
    "autoscaling": {"enabled": False},
    "ingress": {
        "enabled": True,
        "className": "nginx",
        "annotations": {"cert-manager.io/issuer": "letsencrypt"},
        "host": "auth.example.com",
        "tlsSecretName": "auth-tls",
    },
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
"""Every switch the other way."""

Manifest = dict[str, Any]


class RefusedValuesError(Exception):
    """Helm would not install with these values."""


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
        """Return all manifests. Raises ``RefusedValuesError`` when the schema of the values is not met."""
        try:
            self._chart.validate_schema(values)
            rendered = self._chart.render(values, name=release, namespace="auth", is_install=True)
        except self._error as error:
            raise RefusedValuesError(str(error)) from error
        return [each for text in rendered.values() for each in yaml.safe_load_all(text) if each]

    def one(self, kind: str, values: dict[str, Any] = LEAST) -> Manifest:
        (found,) = [each for each in self.render(values) if each["kind"] == kind]
        return found


def pod_of(manifest: Manifest) -> Manifest:
    pod: Manifest = manifest["spec"]["template"]["spec"]
    return pod


def environment_of(manifest: Manifest) -> dict[str, Any]:
    (container,) = pod_of(manifest)["containers"]
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}

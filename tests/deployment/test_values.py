"""The values of the Helm chart: the effect of each, and the refusal of misspelt and missing values."""

from typing import Any

import pytest

from development.chart_schema import OF_THE_CHART
from doorward import __version__
from doorward.settings.config import FIELDS
from doorward.settings.config import SECRETS as SECRET_SETTINGS
from tests.deployment.chart import (
    EVERYTHING,
    EXAMPLES,
    LEAST,
    WORKLOADS,
    Chart,
    Manifest,
    RefusedValuesError,
    environment_of,
    pod_of,
)


@pytest.mark.parametrize("kind", WORKLOADS)
def test_values_extend_the_pod_and_keep_its_defaults(chart: Chart, kind: str) -> None:
    pod = pod_of(chart.one(kind, EVERYTHING))
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
        "fsGroup": 10001,
    }
    assert pod["serviceAccountName"] == "auth"
    assert pod["affinity"] == EVERYTHING["affinity"]
    assert [volume["name"] for volume in pod["volumes"]] == ["tmp", "authority"]
    assert pod["containers"][0]["volumeMounts"][1:] == EVERYTHING["extraVolumeMounts"]
    metadata = chart.one(kind, EVERYTHING)["spec"]["template"]["metadata"]
    assert metadata["annotations"] == EVERYTHING["podAnnotations"]


@pytest.mark.parametrize("kind", WORKLOADS)
def test_secrets_can_be_files(chart: Chart, kind: str) -> None:
    manifest = chart.one(kind, EXAMPLES["private-authority"])
    environment, pod = environment_of(manifest), pod_of(manifest)
    assert "SECRET_KEY" not in environment
    folders = [mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]]
    files = [environment[name] for name in ("SECRET_KEY_FILE", "RATE_LIMIT_STORAGE_URI_FILE", "SSL_CERT_FILE")]
    assert all(any(file.startswith(f"{folder}/") for folder in folders) for file in files)


def test_the_address_to_listen_on_is_a_value(chart: Chart) -> None:
    def arguments(values: dict[str, Any]) -> list[str]:
        container = pod_of(chart.one("Deployment", values))["containers"][0]
        return [str(argument) for argument in container["args"]]

    assert arguments(LEAST) == ["serve", "--host", "0.0.0.0", "--port", "8080"]
    assert arguments(EXAMPLES["ipv6-only"]) == ["serve", "--host", "::", "--port", "8080"]


def test_spread_constraints_are_configurable_and_select_only_the_pods_of_the_release(chart: Chart) -> None:
    def spread(values: dict[str, Any]) -> list[tuple[str, str, dict[str, str]]]:
        found = pod_of(chart.one("Deployment", values))["topologySpreadConstraints"]
        return [
            (each["topologyKey"], each["whenUnsatisfiable"], each["labelSelector"]["matchLabels"]) for each in found
        ]

    labels = chart.one("Deployment")["spec"]["selector"]["matchLabels"]
    assert spread(LEAST) == [
        ("topology.kubernetes.io/zone", "ScheduleAnyway", labels),
        ("kubernetes.io/hostname", "ScheduleAnyway", labels),
    ]
    assert spread(EVERYTHING) == [("rack", "DoNotSchedule", labels), ("zone", "ScheduleAnyway", {"tier": "auth"})]


def test_the_prometheus_operator_scrapes_the_metrics_port_under_the_job_name_of_the_alerts(chart: Chart) -> None:
    monitor = chart.one("PodMonitor", EVERYTHING)
    labels = chart.one("Deployment", EVERYTHING)["spec"]["template"]["metadata"]["labels"]
    ports = pod_of(chart.one("Deployment", EVERYTHING))["containers"][0]["ports"]
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert endpoint == {"port": "metrics", "interval": "15s"}
    assert {"name": "metrics", "containerPort": 9090} in ports
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert labels[monitor["spec"]["jobLabel"]] == "doorward"


def test_a_monitor_without_metrics_is_refused(chart: Chart) -> None:
    with pytest.raises(RefusedValuesError, match=r"metrics\.port"):
        chart.render({**LEAST, "metrics": {"podMonitor": {"enabled": True}}})


def ingress_of(chart: Chart, **values: Any) -> Manifest:
    spec: Manifest = chart.one(
        "Ingress", {**LEAST, "ingress": {"enabled": True, "host": "auth.example.com", **values}}
    )["spec"]
    return spec


def test_the_ingress_has_the_configured_path(chart: Chart) -> None:
    def path(spec: Manifest) -> tuple[str, str]:
        (found,) = spec["rules"][0]["http"]["paths"]
        return found["path"], found["pathType"]

    assert path(ingress_of(chart)) == ("/", "Prefix")
    assert path(ingress_of(chart, path="/auth", pathType="Exact")) == ("/auth", "Exact")


def test_the_ingress_has_the_named_certificate_or_that_of_its_controller_or_no_tls(chart: Chart) -> None:
    assert ingress_of(chart, tlsSecretName="auth-tls")["tls"] == [
        {"hosts": ["auth.example.com"], "secretName": "auth-tls"}
    ]
    # OpenShift creates no route for an entry that has hosts but no secret.
    assert ingress_of(chart)["tls"] == [{}]
    assert "tls" not in ingress_of(chart, tls=False)


def test_an_ingress_without_a_host_is_refused(chart: Chart) -> None:
    with pytest.raises(RefusedValuesError, match=r"ingress\.host"):
        ingress_of(chart, host="")


def test_the_notes_of_an_installation_list_missing_settings(chart: Chart) -> None:
    ingress = {"enabled": True, "host": "auth.example.com"}
    trusting = {"trustedProxies": ["192.0.2.1/32"], "settings": {"PUBLIC_URL": "https://auth.example.com"}}
    assert "trustedProxies is empty" in chart.notes({**LEAST, "ingress": ingress})
    assert "PUBLIC_URL" in chart.notes(LEAST)
    assert "ingress.tls is false" in chart.notes({**LEAST, "ingress": {**ingress, "tls": False}})
    notes = chart.notes({**LEAST, **trusting, "ingress": ingress})
    assert not any(word in notes for word in ("WARNING", "PUBLIC_URL"))


@pytest.mark.parametrize("name", [name.upper() for name in SECRET_SETTINGS])
def test_a_secret_among_the_settings_is_refused(chart: Chart, name: str) -> None:
    with pytest.raises(RefusedValuesError, match=name):
        chart.render({**LEAST, "settings": {name: "in the clear"}})


@pytest.mark.parametrize("name", ["HOST", "PORT"])
def test_host_and_port_among_the_settings_are_refused(chart: Chart, name: str) -> None:
    with pytest.raises(RefusedValuesError, match=name):
        chart.render({**LEAST, "settings": {name: "1"}})


def test_every_other_setting_is_accepted(chart: Chart) -> None:
    plain = {name.upper(): "value" for name in FIELDS.keys() - OF_THE_CHART if name not in SECRET_SETTINGS}
    files = {f"{name.upper()}_FILE": "/etc/doorward/file" for name in SECRET_SETTINGS}
    assert chart.render({**LEAST, "settings": {**plain, **files, "OTEL_SERVICE_NAME": "auth", "TZ": "UTC"}})


MISSPELT: dict[str, dict[str, Any]] = {
    "replica": {"replica": 3},
    "repositry": {"image": {**LEAST["image"], "repositry": "x"}},
    "minReplica": {"autoscaling": {"minReplica": 3}},
    "tlsSecret": {"ingress": {"tlsSecret": "auth-tls"}},
    "podMonitors": {"metrics": {"podMonitors": {}}},
    "enable": {"metrics": {"podMonitor": {"enable": True}}},
    "runAsUsr": {"podSecurityContext": {"runAsUsr": 10001}},
    "mountpath": {"extraVolumeMounts": [{"name": "a", "mountPath": "/a", "mountpath": "/a"}]},
    "podAfinity": {"affinity": {"podAfinity": {}}},
    "maxSkw": {
        "topologySpreadConstraints": [
            {"maxSkw": 1, "maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule"}
        ]
    },
    "operater": {"tolerations": [{"operater": "Exists"}]},
    "limit": {"resources": {"limit": {}}},
    "ipBlocks": {"networkPolicy": {"clients": [{"ipBlocks": {}}]}},
    "BCRYPT_ROUND": {"settings": {"BCRYPT_ROUND": 13}},
    "SECRET_KY": {"secret": {"name": "doorward", "keys": {"SECRET_KY": "SECRET_KEY"}}},
}
"""A misspelt name at each level, and values that contain it."""


@pytest.mark.parametrize("name", MISSPELT)
def test_a_misspelt_value_is_refused_and_named(chart: Chart, name: str) -> None:
    with pytest.raises(RefusedValuesError, match=rf"\b{name}\b"):
        chart.render({**LEAST, **MISSPELT[name]})


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"image": LEAST["image"]},
        {"secret": LEAST["secret"]},
        {**LEAST, "drainSeconds": "5"},
        {**LEAST, "networkPolicy": {"extraEgress": [{}]}},
        {**LEAST, "ingress": {"path": "auth"}},
        {**LEAST, "extraVolumeMounts": [{"name": "authority"}]},
    ],
)
def test_missing_and_invalid_values_are_refused(chart: Chart, values: dict[str, Any]) -> None:
    with pytest.raises(RefusedValuesError):
        chart.render(values)


def test_an_optional_secret_can_be_omitted(chart: Chart) -> None:
    assert "RATE_LIMIT_STORAGE_URI" not in environment_of(chart.one("Deployment", EVERYTHING))


def test_a_digest_overrides_the_tag(chart: Chart) -> None:
    def image(values: dict[str, Any]) -> str:
        return str(pod_of(chart.one("Deployment", values))["containers"][0]["image"])

    assert image(LEAST) == f"registry.example/doorward:{__version__}"
    assert image(EVERYTHING) == f"registry.example/doorward@sha256:{'0' * 64}"

"""The Helm chart is valid for Kubernetes and hardened, contains no secrets, and agrees with the service."""

import re
import secrets
import textwrap
from typing import Any

import pytest
import yaml

from doorward import __version__
from doorward.settings.config import FIELDS, settings_from
from doorward.settings.config import SECRETS as SECRET_SETTINGS
from doorward.settings.mail import MailSettings
from doorward.wiring.stopping import GRACE_SECONDS
from tests.deployment.chart import CASES, EVERYTHING, EXAMPLES, FOLDER, LEAST, WORKLOADS, Chart, environment_of, pod_of
from tests.deployment.pod_security import restricted_v2_violations, restricted_violations

KUBERNETES = ("1.27", "1.37")
"""The oldest version that the chart permits, and the newest version that has schemas."""

SECRETS = ("SECRET_KEY", "DATABASE_URL", "RATE_LIMIT_STORAGE_URI")


@pytest.mark.parametrize("case", CASES)
def test_helm_lint_reports_nothing(chart: Chart, case: str) -> None:
    assert chart.lint(CASES[case]) == []


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("case", CASES)
def test_every_manifest_is_valid_for_kubernetes(chart: Chart, case: str, version: str) -> None:
    import kubernetes_validate  # noqa: PLC0415 - only where it is installed

    manifests = chart.render(CASES[case])
    assert len(manifests) >= 6
    # The kind PodMonitor comes from the Prometheus Operator, not from Kubernetes.
    for manifest in (each for each in manifests if each["kind"] != "PodMonitor"):
        kubernetes_validate.validate(manifest, version, strict=True)


def test_the_chart_renders_these_kinds(chart: Chart) -> None:
    always = {"Deployment", "Job", "NetworkPolicy", "PodDisruptionBudget", "Service"}
    assert {each["kind"] for each in chart.render(LEAST)} == {*always, "HorizontalPodAutoscaler"}
    assert {each["kind"] for each in chart.render(EVERYTHING)} == {*always, "Ingress", "PodMonitor"}


@pytest.mark.parametrize("kind", WORKLOADS)
@pytest.mark.parametrize("case", CASES)
def test_every_pod_is_hardened(chart: Chart, case: str, kind: str) -> None:
    pod = pod_of(chart.one(kind, CASES[case]))
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert restricted_violations(pod) == []
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("kind", WORKLOADS)
def test_openshift_can_choose_user_and_group(chart: Chart, kind: str) -> None:
    for values in (LEAST, EXAMPLES["openshift"]):
        assert restricted_v2_violations(pod_of(chart.one(kind, values))) == []


@pytest.mark.parametrize("kind", WORKLOADS)
def test_the_temporary_volume_has_room_for_the_uploads_of_each_worker(chart: Chart, kind: str) -> None:
    def room(settings: dict[str, Any]) -> str:
        (volume,) = pod_of(chart.one(kind, {**LEAST, "settings": settings}))["volumes"]
        return str(volume["emptyDir"]["sizeLimit"])

    assert [room({}), room({"WEB_CONCURRENCY": 4}), room({"WEB_CONCURRENCY": "4"})] == ["72Mi", "288Mi", "288Mi"]


@pytest.mark.parametrize("kind", WORKLOADS)
def test_secrets_are_references(chart: Chart, kind: str) -> None:
    environment = environment_of(chart.one(kind))
    for name in SECRETS:
        assert environment[name] == {"secretKeyRef": {"name": "doorward", "key": name}}
    assert "Secret" not in {each["kind"] for each in chart.render(EVERYTHING)}


@pytest.mark.parametrize("case", CASES)
def test_every_variable_is_a_setting_of_the_service(chart: Chart, case: str) -> None:
    environment = environment_of(chart.one("Deployment", CASES[case]))
    files = {f"{name.upper()}_FILE" for name in SECRET_SETTINGS}
    # OpenSSL itself reads SSL_CERT_FILE.
    assert {name.lower() for name in environment if name not in {*files, "SSL_CERT_FILE"}} <= set(FIELDS)
    plain = {
        name.lower(): each for name, each in environment.items() if isinstance(each, str) if name.lower() in FIELDS
    }
    settings_from({**plain, "secret_key": secrets.token_urlsafe(48)})


@pytest.mark.parametrize("case", CASES)
def test_the_grace_period_of_a_pod_covers_the_drain_and_the_last_requests(chart: Chart, case: str) -> None:
    deployment = chart.one("Deployment", CASES[case])
    drain = int(environment_of(deployment)["SHUTDOWN_DRAIN_SECONDS"])
    probe = pod_of(deployment)["containers"][0]["readinessProbe"]
    assert pod_of(deployment)["terminationGracePeriodSeconds"] >= drain + GRACE_SECONDS
    assert drain > probe["periodSeconds"] * probe["failureThreshold"]


def test_the_probes_use_the_health_checks_of_the_service(chart: Chart) -> None:
    container = pod_of(chart.one("Deployment"))["containers"][0]
    asked = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert asked == {name: f"/health/{name}" for name in asked}


def test_the_migration_runs_before_each_new_version(chart: Chart) -> None:
    job = chart.one("Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert pod_of(job)["containers"][0]["args"] == ["migrate"]
    assert pod_of(job)["containers"][0]["image"] == pod_of(chart.one("Deployment"))["containers"][0]["image"]


def test_traffic_is_routed_to_the_service_and_never_to_the_migration(chart: Chart) -> None:
    def selected(selector: dict[str, str], kind: str) -> bool:
        return bool(selector.items() <= chart.one(kind)["spec"]["template"]["metadata"]["labels"].items())

    for selector in (
        chart.one("Service")["spec"]["selector"],
        chart.one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        chart.one("Deployment")["spec"]["selector"]["matchLabels"],
    ):
        assert (selected(selector, "Deployment"), selected(selector, "Job")) == (True, False)
    fenced = chart.one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
    assert (selected(fenced, "Deployment"), selected(fenced, "Job")) == (True, True)


def test_the_network_policy_allows_only_clients_and_required_servers(chart: Chart) -> None:
    policy = chart.one("NetworkPolicy", EVERYTHING)["spec"]
    values = EVERYTHING["networkPolicy"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert [(rule["ports"][0]["port"], rule["from"]) for rule in policy["ingress"]] == [
        (8080, values["clients"]),
        (9090, values["metricsClients"]),
    ]
    needed, extra = policy["egress"][:3], policy["egress"][3:]
    assert [[port["port"] for port in rule["ports"]] for rule in needed] == [[53, 53], [6432], [6379]]
    assert needed[1]["to"] == values["database"]["peers"]
    assert extra == values["extraEgress"]
    assert len(chart.one("NetworkPolicy")["spec"]["egress"]) == 3


@pytest.mark.parametrize(
    ("file", "example"),
    [
        ("deploy/helm/values.yaml", r"^  # - ports:.*?(?=^  extraEgress)"),
        ("docs/deployment-kubernetes.md", r"^    - ports:.*?(?=^```)"),
    ],
)
def test_the_documented_egress_rules_are_accepted_and_allow_mail_and_https(
    chart: Chart, file: str, example: str
) -> None:
    found = re.search(example, (FOLDER.parents[1] / file).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found
    rules = yaml.safe_load(textwrap.dedent(found[0].replace("# ", "")))
    policy = chart.one("NetworkPolicy", {**LEAST, "networkPolicy": {"extraEgress": rules}})["spec"]
    assert policy["egress"][3:] == rules
    ports = {port["port"] for rule in rules for port in rule["ports"]}
    assert {MailSettings().port, 443} <= ports


def test_the_autoscaler_sets_the_number_of_replicas_if_it_is_enabled(chart: Chart) -> None:
    assert "replicas" not in chart.one("Deployment")["spec"]
    assert chart.one("Deployment", EVERYTHING)["spec"]["replicas"] == 3
    scaled = chart.one("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    assert scaled["name"] == chart.one("Deployment")["metadata"]["name"]


def test_the_chart_has_the_version_of_the_project(chart: Chart) -> None:
    assert chart.metadata()["appVersion"] == __version__

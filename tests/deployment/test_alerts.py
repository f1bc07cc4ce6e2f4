"""docker/prometheus-alerts.yaml, checked by promtool: each alert fires for one of its cases and not for the other."""

import json
import subprocess
from pathlib import Path

import pytest

from development.alert_rules import ALERTS
from development.alerts import PAGE
from tests.deployment.alert_cases import CASES, MINUTES, Case
from tests.programs import find_program


@pytest.fixture(scope="module")
def promtool() -> str:
    return find_program("promtool", "prometheus")


def run(promtool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([promtool, *arguments], check=False, capture_output=True, text=True)


def metrics_of(case: Case) -> set[str]:
    return {series.partition("{")[0] for series in (*case.fires, *case.quiet)}


def groups_of(cases: dict[str, Case]) -> list[dict[str, Case]]:
    """Group cases of the same length that have no metric in common: promtool needs some time for each group."""
    groups: list[dict[str, Case]] = []
    for name, case in cases.items():
        for group in groups:
            shared = {metric for each in group.values() for metric in metrics_of(each)}
            lengths = {(each.minutes, each.sample_minutes) for each in group.values()}
            if not shared & metrics_of(case) and lengths == {(case.minutes, case.sample_minutes)}:
                group[name] = case
                break
        else:
            groups.append({name: case})
    return groups


def as_rule_test(group: dict[str, Case], *, fires: bool) -> dict[str, object]:
    """Return a test for promtool: time series, and whether each alert fires at the end."""
    (length,) = {(case.minutes, case.sample_minutes) for case in group.values()}
    return {
        "interval": f"{length[1]}m",
        "input_series": [
            {"series": each, "values": values}
            for case in group.values()
            for each, values in (case.fires if fires else case.quiet).items()
        ],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{name}", alertstate="firing"}}) > bool 0 or vector(0)',
                "eval_time": f"{length[0]}m",
                "exp_samples": [{"labels": "{}", "value": int(fires)}],
            }
            for name in group
        ],
    }


def test_promtool_accepts_the_rules(promtool: str) -> None:
    checked = run(promtool, "check", "rules", str(PAGE))
    assert (checked.returncode, f"{len(ALERTS)} rules found" in checked.stdout) == (0, True), checked.stderr


def test_every_alert_has_a_case() -> None:
    assert {alert.name for alert in ALERTS} == set(CASES)
    assert len(CASES) == len(ALERTS)


@pytest.mark.parametrize("is_long", [False, True])
def test_each_alert_fires_only_in_its_firing_case(promtool: str, tmp_path: Path, *, is_long: bool) -> None:
    chosen = {name: case for name, case in CASES.items() if (case.minutes > MINUTES) is is_long}
    tests = [as_rule_test(group, fires=fires) for group in groups_of(chosen) for fires in (True, False)]
    # All rules are evaluated in each interval, which takes most of the time.
    interval = "10m" if is_long else "1m"
    content = {"rule_files": [str(PAGE.resolve())], "evaluation_interval": interval, "tests": tests}
    file = tmp_path / "tests.yaml"
    # JSON is YAML, too.
    file.write_text(json.dumps(content), encoding="utf-8")
    tested = run(promtool, "test", "rules", str(file))
    assert tested.returncode == 0, tested.stderr + tested.stdout

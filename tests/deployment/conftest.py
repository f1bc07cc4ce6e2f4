"""The chart, rendered by Helm's own code. It comes with the dependency group `deployment`, which few need."""

import importlib.util
import os

import pytest

from tests.deployment.chart import Chart


@pytest.fixture(scope="session")
def chart() -> Chart:
    """The chart; skips where Helm is not installed, which the gate does not accept."""
    if "CI" not in os.environ and importlib.util.find_spec("helm_python") is None:
        pytest.skip("Helm is not installed; with it: uv sync --group deployment")
    return Chart()

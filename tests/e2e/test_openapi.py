"""The OpenAPI document against the running service: Schemathesis with valid and invalid data for every call."""

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.people import Client
from tests.e2e.stack import Service

EXAMPLES = 100


def test_no_generated_request_gets_a_server_error_or_an_undocumented_answer(
    service: Service, client: Client, tmp_path: Path
) -> None:
    tokens = client.log_in()
    command = [
        str(Path(sys.executable).parent / "st"),
        "run",
        f"{service.base_url}/openapi.json",
        f"--max-examples={EXAMPLES}",
        "--generation-deterministic",
        "--no-color",
        # A common password fits the schema and is refused all the same.
        "--exclude-checks=positive_data_acceptance",
        # A busy machine makes data slowly, and answers late.
        "--suppress-health-check=too_slow",
        "--request-timeout=120",
        f"--header=Authorization: Bearer {tokens.access}",
    ]
    # No proxy is asked, whatever the environment says.
    environment = {**os.environ, "no_proxy": "127.0.0.1,localhost", "NO_PROXY": "127.0.0.1,localhost"}
    finished = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=1500
    )
    assert finished.returncode == 0, finished.stdout
    paths = client.call("GET", "/openapi.json").json()["paths"]
    total = sum(len(calls) for calls in paths.values())
    assert total > 15
    assert f"{total} selected / {total} total" in finished.stdout

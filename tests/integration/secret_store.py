"""AWS Secrets Manager in tests: moto's server in a separate process on this machine."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

REGION = "eu-central-1"
DEADLINE = 60


class SecretStore:
    """A running store and a client that sends the requests of AWS's SDK without using it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def put(self, name: str, **content: object) -> None:
        """Store a secret: text in ``SecretString``, or base64 in ``SecretBinary``."""
        self._call("CreateSecret", {"Name": name, "ClientRequestToken": os.urandom(16).hex(), **content})

    def put_settings(self, name: str, settings: dict[str, object]) -> None:
        self.put(name, SecretString=json.dumps(settings))

    def variables(self) -> dict[str, str]:
        """Return the variables with which AWS's SDK finds the store, and contacts nothing outside this machine."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def _call(self, action: str, body: dict[str, object]) -> None:
        headers = {
            "X-Amz-Target": f"secretsmanager.{action}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=testing/20261121/{REGION}/secretsmanager/aws4_request",
        }
        httpx.post(self.url, json=body, headers=headers, timeout=DEADLINE, trust_env=False).raise_for_status()


@contextlib.contextmanager
def run_secret_store(folder: Path, python: str = sys.executable) -> Iterator[SecretStore]:
    """Run moto's server. ``python`` may be an interpreter with more of moto's packages, which support more of AWS."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, "-m", "moto.server", "--host=127.0.0.1", f"--port={port}"]
    # Do not pass this machine's AWS settings to the store.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with (folder / "moto.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=variables)
    try:
        _wait_until_it_answers(port, process)
        yield SecretStore(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(DEADLINE)


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the store of secrets did not start")

"""Downloads, builds and configures a Keycloak. It needs Java 17 or newer and downloads 180 MB with Maven.

Everything goes below .development/keycloak, with one folder for each kind of database, since a build is for one kind.
Neither the service nor the tests required for a change need it.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import requests

Database = Literal["postgres", "dev-file"]
"""``dev-file`` is H2 in a file of the folder."""

ROOT: Final = Path(__file__).parents[2]
POM: Final = Path(__file__).parent / "pom.xml"
INSTALLED: Final = ROOT / ".development" / "keycloak"
ADMINISTRATOR: Final = "administrator"
CALL_SECONDS: Final = 120
"""Timeout in seconds. The first calls are slow, because they compile code."""


class KeycloakMissingError(Exception):
    """Keycloak cannot be downloaded or built here."""


def install(database: Database) -> Path:
    """Download and build Keycloak for a kind of database; return its folder. Raises ``KeycloakMissingError``."""
    folder = INSTALLED / database
    if folder.exists() and (folder / "pom.xml").read_bytes() == POM.read_bytes():
        return folder
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=INSTALLED) as temporary:
        unpack = ["mvn", "--quiet", "--batch-mode", "--strict-checksums", "--file", str(POM)]
        # Use new marker folders: otherwise the plug-in skips artifacts that it has unpacked elsewhere.
        folders = [f"-DoutputDirectory={temporary}/unpacked", f"-DmarkersDirectory={temporary}/markers"]
        _run([*unpack, "dependency:unpack-dependencies", *folders])
        unpacked = next(Path(temporary, "unpacked").glob("keycloak-*"))
        shutil.rmtree(folder, ignore_errors=True)
        unpacked.rename(folder)
    # Build in the final folder, since the build stores its path.
    _run([*program(folder), "build", f"--db={database}"])
    # Copy this file last, so that an interrupted installation is repeated.
    shutil.copy(POM, folder / "pom.xml")
    return folder


def program(folder: Path) -> Sequence[str]:
    """Return the command prefix that runs an installation; append the arguments."""
    return ["sh", str(folder / "bin" / "kc.sh")]


def start_command(folder: Path, host: str, port: str) -> Sequence[str]:
    """Return the command that runs Keycloak in production mode, as if behind a TLS-terminating proxy.

    The process only supervises one child, the Java process; SIGTERM ends both. It is ready when ``/realms/master``
    answers.
    """
    options = [f"--http-host={host}", f"--http-port={port}", f"--hostname=http://{host}:{port}"]
    return [*program(folder), "start", "--optimized", "--http-enabled=true", "--cache=local", *options]


def environment(password: str, database: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Return the environment of a start: the first administrator, and the PostgreSQL settings (``KC_DB_...``)."""
    return {
        "HOME": os.environ.get("HOME", "/"),
        "KC_BOOTSTRAP_ADMIN_USERNAME": ADMINISTRATOR,
        "KC_BOOTSTRAP_ADMIN_PASSWORD": password,
        **(database or {}),
    }


def create_realm(url: str, password: str, realm: Mapping[str, Any]) -> None:
    """Create a realm from its representation: clients, roles, users."""
    call(url, password, "POST", "/admin/realms", json=realm)


def call(
    url: str,
    password: str,
    method: str,
    path: str,
    **what: Any,  # noqa: ANN401 - passed on to requests
) -> requests.Response:
    """Call the administration API as the first administrator. Raises ``requests.HTTPError`` for an error response."""
    form = {
        "grant_type": "password",
        "client_id": "admin-cli",
        "username": ADMINISTRATOR,
        "password": password,
    }
    login = requests.post(f"{url}/realms/master/protocol/openid-connect/token", data=form, timeout=CALL_SECONDS)
    login.raise_for_status()
    headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
    answer = requests.request(method, f"{url}{path}", headers=headers, timeout=CALL_SECONDS, **what)
    answer.raise_for_status()
    return answer


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except OSError as error:
        raise KeycloakMissingError(str(error)) from error
    except subprocess.CalledProcessError as error:
        raise KeycloakMissingError(f"{command[0]} says {(error.stderr or error.stdout).strip()[-500:]}") from error

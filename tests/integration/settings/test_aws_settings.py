"""Settings from AWS Secrets Manager over HTTP, and the start when the store fails."""

import base64
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator

import boto3
import pytest

from doorward.commands.main import main
from doorward.settings.aws_secrets import SecretStoreError, read_aws_secret
from doorward.settings.config import SettingsError, load_settings
from tests.integration.secret_store import REGION, SecretStore, run_secret_store
from tests.integration.service import mark

NAME = "AWS_SECRETS_MANAGER_SECRET_NAME"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecretStore]:
    with run_secret_store(tmp_path_factory.mktemp("store")) as running:
        yield running


@pytest.fixture
def with_store(environment: pytest.MonkeyPatch, store: SecretStore) -> pytest.MonkeyPatch:
    """A production environment with only the settings that a test sets and stores."""
    environment.delenv("SECRET_KEY")
    environment.delenv("BCRYPT_ROUNDS")
    environment.setenv("ENVIRONMENT", "production")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        environment.delenv(name)
    environment.setenv("AWS_REGION", REGION)
    for name in ("NO_PROXY", "no_proxy"):
        environment.setenv(name, "127.0.0.1")
    for name, value in store.variables().items():
        environment.setenv(name, value)
    return environment


def _problem() -> str:
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    (problem,) = refusal.value.problems
    return problem


def test_settings_are_read_from_the_secret_in_any_case_and_any_type(
    with_store: pytest.MonkeyPatch, store: SecretStore
) -> None:
    key, name = secrets.token_urlsafe(48), mark()
    store.put_settings(
        name, {"SECRET_KEY": key, "postgres_port": 6543, "Rate_Limit_Enabled": False, "trusted_proxies": "10.0.0.0/8"}
    )
    with_store.setenv(NAME, name)
    settings = load_settings()
    assert settings.keys.secret_key.get_secret_value() == key
    assert (settings.database.postgres_port, settings.limits.rate_limit_enabled) == (6543, False)
    assert list(map(str, settings.limits.trusted_proxies)) == ["10.0.0.0/8"]


def test_the_secret_overrides_all_other_sources(with_store: pytest.MonkeyPatch, store: SecretStore) -> None:
    key, name = secrets.token_urlsafe(48), mark()
    store.put_settings(name, {"SECRET_KEY": key})
    with_store.setenv(NAME, name)
    with_store.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    settings = load_settings()
    assert settings.keys.secret_key.get_secret_value() == key
    assert settings.origin_of("secret_key") == f"AWS Secrets Manager, {name}"
    assert settings.origin_of("aws_region") == "environment"


def test_an_empty_member_and_a_null_are_unset(with_store: pytest.MonkeyPatch, store: SecretStore) -> None:
    name = mark()
    store.put_settings(name, {"SECRET_KEY": "", "DATABASE_URL": None})
    with_store.setenv(NAME, name)
    with_store.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    settings = load_settings()
    assert settings.origin_of("secret_key") == "environment"
    assert settings.database.database_url is None


def test_unknown_members_are_ignored_and_misspelt_ones_reported(
    with_store: pytest.MonkeyPatch, store: SecretStore
) -> None:
    name = mark()
    store.put_settings(name, {"SECRET_KEY": secrets.token_urlsafe(48), "engine": "postgres", "SECRET_KEYS": "x"})
    with_store.setenv(NAME, name)
    assert _problem() == "secret_keys is not a setting: did you mean SECRET_KEY?"


def test_a_weak_secret_from_the_store_is_refused(with_store: pytest.MonkeyPatch, store: SecretStore) -> None:
    name = mark()
    store.put_settings(name, {"SECRET_KEY": "changeme"})
    with_store.setenv(NAME, name)
    assert _problem().startswith("SECRET_KEY is shorter than 32 bytes")


def test_check_config_names_the_store_and_shows_no_secret(
    with_store: pytest.MonkeyPatch, store: SecretStore, capsys: pytest.CaptureFixture[str]
) -> None:
    key, name = secrets.token_urlsafe(48), mark()
    store.put_settings(name, {"SECRET_KEY": key, "JWT_ISSUER": "https://auth.example.com"})
    with_store.setenv(NAME, name)
    assert main(["check-config"]) == 0
    shown = capsys.readouterr().out
    assert f"JWT_ISSUER=https://auth.example.com  # AWS Secrets Manager, {name}\n" in shown
    assert f"SECRET_KEY=**********  # AWS Secrets Manager, {name}\n" in shown
    assert key not in shown


@pytest.mark.parametrize("environment_name", ["production", "development"])
def test_a_secret_that_does_not_exist_stops_the_start(with_store: pytest.MonkeyPatch, environment_name: str) -> None:
    with_store.setenv("ENVIRONMENT", environment_name)
    with_store.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    with_store.setenv(NAME, "nowhere")
    problem = _problem()
    assert problem.startswith("AWS Secrets Manager cannot be used: ")
    assert "ResourceNotFoundException" in problem
    assert NAME in problem


@pytest.mark.parametrize("text", ["MARK", '["MARK"]', '"MARK"', "12", "null", '{"SECRET_KEY": "MARK"'])
def test_a_secret_that_is_not_a_json_object_is_reported_without_its_content(
    with_store: pytest.MonkeyPatch, store: SecretStore, text: str
) -> None:
    name, marked = mark(), mark()
    store.put(name, SecretString=text.replace("MARK", marked))
    with_store.setenv(NAME, name)
    problem = _problem()
    assert problem.startswith(f"The secret that {NAME} names is not a JSON object.")
    assert marked not in problem


def test_a_binary_secret_is_reported_in_one_line(with_store: pytest.MonkeyPatch, store: SecretStore) -> None:
    name = mark()
    store.put(name, SecretBinary=base64.b64encode(b"{}").decode())
    with_store.setenv(NAME, name)
    assert "is not a JSON object" in _problem()


def test_a_store_that_refuses_connections_stops_the_start(with_store: pytest.MonkeyPatch) -> None:
    with_store.setenv(NAME, "doorward")
    with_store.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    problem = _problem()
    assert problem.startswith("AWS Secrets Manager cannot be used: Could not connect")


def test_a_store_that_never_responds_is_abandoned(with_store: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with_store.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(SecretStoreError, match=r"^AWS Secrets Manager cannot be used: Read timeout"):
            read_aws_secret([], name="doorward", region=REGION, read_seconds=0.2)
    limits = boto3.client("secretsmanager", region_name=REGION).meta.config
    assert (limits.connect_timeout, limits.read_timeout) == (3.0, 0.2)
    assert limits.retries["total_max_attempts"] == 2


def test_a_missing_region_is_reported(with_store: pytest.MonkeyPatch) -> None:
    with_store.setenv(NAME, "doorward")
    with_store.delenv("AWS_REGION")
    assert _problem() == "AWS_REGION is missing. Example: eu-central-1"


def test_missing_credentials_stop_the_start(with_store: pytest.MonkeyPatch) -> None:
    with_store.setenv(NAME, "doorward")
    with_store.delenv("AWS_ACCESS_KEY_ID")
    with_store.delenv("AWS_SECRET_ACCESS_KEY")
    assert "Unable to locate credentials" in _problem()


def test_a_profile_that_does_not_exist_stops_the_start(with_store: pytest.MonkeyPatch) -> None:
    with_store.setenv(NAME, "doorward")
    with_store.setenv("AWS_PROFILE", "nowhere")
    assert _problem().startswith("AWS Secrets Manager cannot be used: The config profile (nowhere) could not be found")


def test_a_malformed_url_of_the_store_is_reported_without_its_value(with_store: pytest.MonkeyPatch) -> None:
    marked = mark()
    with_store.setenv(NAME, "doorward")
    with_store.setenv("AWS_ENDPOINT_URL", marked)
    problem = _problem()
    assert "AWS_ENDPOINT_URL" in problem
    assert marked not in problem


def test_without_the_extra_the_remedy_is_reported(with_store: pytest.MonkeyPatch) -> None:
    with_store.setitem(sys.modules, "boto3", None)
    with_store.setenv(NAME, "doorward")
    assert "Install doorward[aws]" in _problem()


def test_without_a_secret_name_no_aws_module_is_imported(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_REGION", REGION)
    script = (
        "import sys; from doorward.commands.main import main; main(['check-config']); sys.exit('boto3' in sys.modules)"
    )
    finished = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("command", ["serve", "migrate", "check-config"])
def test_no_command_runs_without_the_configured_store(
    with_store: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with_store.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    with_store.setenv(NAME, "doorward")
    with_store.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert main([command]) == 1
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert line.startswith("doorward: AWS Secrets Manager cannot be used: ")
    assert captured.out == ""

"""What browsers are told, and what the log says of settings that give up security."""

import json

from tests.e2e.people import ME, Client
from tests.e2e.stack import Service, Stack

APP = "https://app.example.com"


def test_pages_of_the_named_origins_may_call_and_read(stack: Stack) -> None:
    settings = {"CORS_ALLOW_ORIGINS": APP, "PUBLIC_URL": "https://auth.example.com", "DOCS_ENABLED": "false"}
    with stack.service(**settings) as service:
        client = Client(service, {"Origin": APP})
        asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
        preflight = client.call("OPTIONS", ME, headers=asked)
        assert preflight.status_code == 200
        assert preflight.headers["Access-Control-Allow-Origin"] == APP
        answers = [client.me(client.log_in().access), client.call("GET", ME), client.call("GET", "/docs")]
        assert [answer.status_code for answer in answers] == [200, 401, 404]
        for answer in answers:
            assert answer.headers["Access-Control-Allow-Origin"] == APP
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        stranger = Client(service, {"Origin": "https://evil.example.com"})
        assert "Access-Control-Allow-Origin" not in stranger.call("GET", ME).headers


def test_the_service_answers_by_its_names_and_to_probes_by_any(stack: Stack) -> None:
    # It becomes ready at all because the probe, which calls an address, is answered.
    with stack.service(ALLOWED_HOSTS="auth.example.com") as service:
        assert Client(service).call("GET", ME).json()["code"] == "unknown_host"
        assert Client(service, {"Host": "auth.example.com"}).call("GET", ME).status_code == 401


def test_all_origins_with_credentials_stop_the_start(stack: Stack) -> None:
    outcome = stack.run_command("serve", CORS_ALLOW_ORIGINS="*", CORS_ALLOW_CREDENTIALS="true")
    assert outcome.status != 0
    (line,) = outcome.output.splitlines()
    assert line.startswith("doorward: CORS_ALLOW_ORIGINS must name its origins")


def _given_up(service: Service) -> list[str]:
    lines = [json.loads(line) for line in service.logs().splitlines()]
    warnings = [line for line in lines if line["event"] == "config.insecure"]
    assert all(line["level"] == "warning" and line["why"] for line in warnings)
    return [line["setting"] for line in warnings]


def test_what_the_settings_give_up_is_said_once_at_the_start(stack: Stack) -> None:
    insecure = {"PUBLIC_URL": "http://auth.example.com", "CORS_ALLOW_ORIGINS": "*", "RATE_LIMIT_ENABLED": "false"}
    with stack.service(**insecure, WEB_CONCURRENCY="2") as service:
        assert sorted(_given_up(service)) == ["CORS_ALLOW_ORIGINS", "PUBLIC_URL", "RATE_LIMIT_ENABLED"]
    with stack.service(RATE_LIMIT_ENABLED="true") as service:
        assert _given_up(service) == []

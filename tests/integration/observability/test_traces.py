"""Traces: the spans sent to a collector, values that are never sent, and the service without a collector."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from development.client import ME, PASSWORD, REGISTER, TOKEN
from doorward.commands.main import main
from doorward.settings.config import settings_from
from doorward.wiring.application import create_wired_app
from doorward.wiring.parts import Parts
from tests.integration.hashers import FailingHasher
from tests.integration.observability.collector import Collector, running_collector
from tests.integration.service import PARTS, FakeClock, Logs, Service, events, mark, run_service

DEADLINE = 60
SERVER, CLIENT = 2, 3
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
CALLERS_SPAN = "b7ad6b7169203331"
TRACE_PARENT = f"00-{TRACE_ID}-{CALLERS_SPAN}-01"
Traced = Callable[[Callable[[Service], Awaitable[object]]], Awaitable[Collector]]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


@asynccontextmanager
async def running(
    collector: Collector, database_url: str, secret_key: str, clock: FakeClock, parts: Parts = PARTS
) -> AsyncIterator[Service]:
    """Run the application, and send all spans at its end."""
    values = {
        "environment": "development",
        "secret_key": secret_key,
        "database_url": database_url,
        "bcrypt_rounds": 4,
        "otel_exporter_otlp_endpoint": collector.url,
        "housekeeping_interval_minutes": 0,
    }
    async with run_service(settings_from(values), clock, parts) as service:
        yield service


@pytest.fixture
def traced(collector: Collector, shared_database: str, secret_key: str, clock: FakeClock) -> Traced:
    """Run the application around some calls."""

    async def make(calls: Callable[[Service], Awaitable[object]]) -> Collector:
        async with running(collector, shared_database, secret_key, clock) as service:
            await calls(service)
        return collector

    return make


async def test_a_request_is_a_server_span_and_each_statement_a_child_span(traced: Traced) -> None:
    collector = await traced(lambda service: service.register_and_log_in())
    request = collector.named(f"POST {TOKEN}")
    assert (request.kind, request.parent_id, request.is_error) == (SERVER, "", False)
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": TOKEN,
        "http.response.status_code": 200,
    }
    below = [span for span in collector.spans() if span.parent_id == request.span_id]
    assert [span.name for span in below] == [
        "users.find_credentials",
        "throttles.add_failure",
        "users.lock_account",
        "sessions.add_session",
        "audit.add_entry",
        "throttles.remove_throttles_of",
        "devices.add_device",
        "devices.remove_surplus_devices",
    ]
    assert {(span.trace_id, span.kind, span.is_error) for span in below} == {(request.trace_id, CLIENT, False)}
    assert below[3].attributes == {"db.system.name": "postgresql", "db.query.summary": "sessions.add_session"}


async def test_every_statement_has_the_name_of_its_function(traced: Traced) -> None:
    async def everything(service: Service) -> None:
        _, pair = await service.register_and_log_in()
        await service.get_me(pair.access)
        await service.refresh(pair.refresh)
        await service.post_refresh(pair.refresh)
        await service.post_token("somebody@example.com", PASSWORD)
        await service.client.get("/health/readiness")

    collector = await traced(everything)
    assert {span.name for span in collector.spans() if span.kind == CLIENT} == {
        "audit.add_entry",
        "users.add_user",
        "users.lock_holder",
        "users.find_credentials",
        "users.lock_account",
        "throttles.add_failure",
        "throttles.remove_throttles_of",
        "devices.add_device",
        "devices.remove_surplus_devices",
        "sessions.add_session",
        "sessions.list_live_sessions",
        "rotations.rotate_sessions",
        "sessions.lock_owner",
        "rotations.lock_session",
        "sessions.end_session",
        "readiness.find_server_state",
    }


async def test_the_trace_of_a_caller_is_continued(traced: Traced, logs: Logs) -> None:
    collector = await traced(lambda service: service.client.get(ME, headers={"traceparent": TRACE_PARENT}))
    span = collector.named(f"GET {ME}")
    assert (span.trace_id, span.parent_id) == (TRACE_ID, CALLERS_SPAN)
    assert events(logs, "http.request")[0]["trace_id"] == TRACE_ID


async def test_a_new_trace_id_is_in_the_log_and_the_correlation_id(traced: Traced, logs: Logs) -> None:
    collector = await traced(lambda service: service.client.get(ME))
    (line,) = events(logs, "http.request")
    assert line["trace_id"] == line["correlation_id"] == collector.named(f"GET {ME}").trace_id


@pytest.mark.parametrize("malformed", ["", "00-xyz", TRACE_PARENT.replace(TRACE_ID, "0" * 32)])
async def test_a_malformed_traceparent_starts_a_new_trace(traced: Traced, malformed: str) -> None:
    collector = await traced(lambda service: service.client.get(ME, headers={"traceparent": malformed}))
    assert collector.named(f"GET {ME}").parent_id == ""


async def test_no_span_contains_a_value_of_a_request_or_a_statement(traced: Traced) -> None:
    canary, secrets = mark(), []

    async def badly(service: Service) -> None:
        person, pair = await service.register_and_log_in()
        secrets.extend([person.username, person.email, pair.access, pair.refresh, pair.refresh[6:40], PASSWORD])
        taken = {"email": person.email, "username": person.username, "password": canary}
        assert (await service.client.post(REGISTER, json=taken)).status_code == 409
        await service.post_token(canary, canary)
        await service.post_refresh(pair.refresh)
        await service.client.get(f"/{canary}", params={canary: canary}, headers={"User-Agent": canary})
        await service.client.request(canary.upper(), ME)
        await service.client.get(ME, headers={"tracestate": f"a={canary}", "traceparent": TRACE_PARENT})

    collector = await traced(badly)
    for secret in (canary, canary.upper(), *secrets, "SELECT", "INSERT", "users_email_key", "already exists"):
        assert not any(secret.encode() in body for body in collector.bodies), secret


async def test_a_statement_that_fails_has_its_sqlstate(
    collector: Collector, own_database: str, secret_key: str, clock: FakeClock
) -> None:
    async with running(collector, own_database, secret_key, clock) as service:
        person, _ = await service.register_and_log_in()
        await service.write("CREATE UNIQUE INDEX one_session_a_user ON sessions (user_id)")
        assert (await service.post_token(person.username, PASSWORD)).status_code == 503
    failed = [span for span in collector.spans() if span.is_error and span.kind == CLIENT]
    assert [(span.name, span.attributes["error.type"]) for span in failed] == [("sessions.add_session", "23505")]


async def test_an_unknown_path_or_method_is_not_in_the_name_of_a_span(traced: Traced) -> None:
    collector = await traced(lambda service: service.client.request("BREW", "/nowhere"))
    (span,) = collector.spans()
    assert (span.name, span.attributes) == (
        "_OTHER",
        {"http.request.method": "_OTHER", "http.response.status_code": 404},
    )


async def test_a_5xx_response_is_an_error(
    collector: Collector, shared_database: str, secret_key: str, clock: FakeClock
) -> None:
    broken = replace(PARTS, hasher=FailingHasher(RuntimeError("a defect")))
    async with running(collector, shared_database, secret_key, clock, broken) as service:
        assert (await service.post_token("ada", PASSWORD)).status_code == 500
    assert collector.named(f"POST {TOKEN}").is_error


async def test_the_variables_of_opentelemetry_are_used(traced: Traced, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "our-login")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    collector = await traced(lambda service: service.client.get(ME))
    assert {span.service for span in collector.spans()} == {"our-login"}


async def test_the_default_service_name_is_doorward(traced: Traced) -> None:
    collector = await traced(lambda service: service.client.get(ME))
    assert {span.service for span in collector.spans()} == {"doorward"}


async def test_with_a_sampler_that_is_always_off_no_span_is_sent(
    traced: Traced, monkeypatch: pytest.MonkeyPatch, logs: Logs
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    collector = await traced(lambda service: service.register_and_log_in())
    assert collector.spans() == []
    assert "trace_id" in events(logs, "http.request")[0]


async def test_an_unreachable_collector_fails_no_request(
    make_service: Callable[..., Awaitable[Service]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    service = await make_service(otel_exporter_otlp_traces_endpoint="http://127.0.0.1:1/v1/traces")
    _, pair = await service.register_and_log_in()
    assert (await service.get_me(pair.access)).status_code == 200


EXTRA = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.proto", "google.protobuf")
"""Modules of the extra. FastAPI itself loads only the API package."""

LOADED = (
    "import sys; from doorward.commands import main; from doorward.wiring.application import app_from_environment; "
    f"app_from_environment(); sys.exit(any(name.startswith({EXTRA}) for name in sys.modules))"
)
WITHOUT_THE_EXTRA = (
    f"import sys; sys.modules.update(dict.fromkeys({EXTRA})); "
    "from doorward.commands.main import main; sys.exit(main(['serve']))"
)


def test_without_a_collector_no_module_of_the_extra_is_loaded(environment: pytest.MonkeyPatch) -> None:
    del environment
    assert subprocess.run([sys.executable, "-c", LOADED], check=False, timeout=DEADLINE).returncode == 0


def test_a_collector_url_without_the_extra_stops_the_start_with_one_line(
    environment: pytest.MonkeyPatch, own_database: str
) -> None:
    environment.setenv("DATABASE_URL", own_database)
    environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    finished = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_EXTRA], check=False, timeout=DEADLINE, capture_output=True, text=True
    )
    assert finished.returncode == 1
    (line,) = finished.stderr.splitlines()
    assert "doorward[otel]" in line


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Start and stop the application like a server, because the framework reads its environment then."""
    to_app: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    from_app: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    running = asyncio.create_task(app({"type": "lifespan"}, to_app.get, from_app.put))
    for message in ("lifespan.startup", "lifespan.shutdown"):
        await to_app.put({"type": message})
        assert (await from_app.get())["type"] == f"{message}.complete"
        if message == "lifespan.startup":
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a") as client:
                yield client
    await running


async def test_the_frameworks_own_telemetry_stays_off_because_it_sends_query_strings(
    collector: Collector, shared_database: str, secret_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    canary = mark()
    values = {
        "secret_key": secret_key,
        "database_url": shared_database,
        "otel_exporter_otlp_endpoint": collector.url,
        "housekeeping_interval_minutes": 0,
    }
    async with served(create_wired_app(settings_from(values))) as client:
        await client.get(ME, params={"secret": canary})
    assert [span.name for span in collector.spans()] == [f"GET {ME}"]
    assert not any(canary.encode() in body for body in collector.bodies)


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINTS"])
def test_other_variables_of_opentelemetry_are_not_reported_as_misspelt(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    environment.setenv(name, "http://127.0.0.1:4318")
    assert main(["check-config"]) == 0
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=" in capsys.readouterr().out

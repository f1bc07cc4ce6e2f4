"""The log line of a request, and the members of every line logged during it."""

from ipaddress import IPv4Network

import httpx
import pytest

from development.client import ME, REFRESH, REGISTER, TOKEN
from doorward.observability.logging import configure_logging
from tests.integration.auth.refresh_tokens import version_1_of
from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.service import Logs, MakeService, Service, events, facts, mark
from tests.integration.web.visitor import FACTORS, SIGN_IN, Visitor

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACE_PARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


async def test_a_request_is_one_line_with_all_its_facts(service: Service, logs: Logs) -> None:
    person, pair = await service.register_and_log_in()
    session = str(service.sessions_of(person)[0]["id"])
    answer = await service.get_me(pair.access)
    line = events(logs, "http.request")[-1]
    assert line.pop("timestamp").endswith("Z")
    assert line.pop("duration_ms") > 0
    assert line == {
        "event": "http.request",
        "level": "info",
        "correlation_id": answer.headers["x-correlation-id"],
        "client": "203.0.113.7",
        "user_id": person.id,
        "session_id": session,
        "method": "GET",
        "route": ME,
        "status": 200,
    }


async def test_the_line_of_a_request_with_an_invalid_token_has_no_user(service: Service, logs: Logs) -> None:
    await service.register_and_log_in()
    await service.get_me("nobody's")
    (*_, line) = events(logs, "http.request")
    assert facts(line, "status", "user_id", "session_id") == (401, None, None)


async def test_the_line_of_a_request_of_an_ended_session_names_the_user(service: Service, logs: Logs) -> None:
    person, pair = await service.register_and_log_in()
    await service.post_revoke(pair.refresh)
    await service.get_me(pair.access)
    (*_, line) = events(logs, "http.request")
    assert facts(line, "status", "user_id") == (401, person.id)


@pytest.mark.parametrize(("leeway", "statuses"), [(0, [200, 401]), (60, [200, 200])])
async def test_the_line_of_a_refresh_names_the_user_even_if_the_token_does_not(
    make_service: MakeService, logs: Logs, leeway: int, statuses: list[int]
) -> None:
    """Tokens of version 1 contain no user id. The second refresh repeats the first one within the leeway only."""
    service = await make_service(refresh_token_reuse_leeway_seconds=leeway)
    person, pair = await service.register_and_log_in()
    version_1 = version_1_of(service, pair.refresh)
    session = str(service.session_of(pair.access)["id"])
    for status in statuses:
        await service.post_refresh(version_1)
        line = events(logs, "http.request")[-1]
        assert facts(line, "status", "user_id", "session_id") == (status, person.id, session)


async def test_the_line_of_a_page_names_the_user_of_the_browsers_session(make_service: MakeService, logs: Logs) -> None:
    site = await make_service(public_url=ORIGIN)
    visitor = Visitor(site, await site.register())
    await visitor.sign_in()
    lines = {(line["method"], line["route"]): line.get("user_id") for line in events(logs, "http.request")}
    assert lines["POST", SIGN_IN] == lines["GET", FACTORS] == visitor.person.id


async def test_an_unknown_path_is_not_logged(service: Service, logs: Logs) -> None:
    canary = mark()
    await service.client.get(f"/{canary}", params={canary: canary}, headers={"User-Agent": canary})
    (*_, line) = events(logs, "http.request")
    assert facts(line, "route", "status") == (None, 404)
    assert canary not in logs.text()


async def test_health_calls_are_logged_at_level_debug_or_on_failure(
    service: Service, empty_database: str, make_service: MakeService, logs: Logs
) -> None:
    await service.client.get("/health/readiness")
    assert not events(logs, "http.request")
    unready = await make_service(database_url=empty_database)
    await unready.client.get("/health/readiness")
    assert [line["status"] for line in events(logs, "http.request")] == [503]
    configure_logging("debug", "json", stream=logs)
    await service.client.get("/health/liveness")
    assert facts(events(logs, "http.request")[-1], "level", "route") == ("debug", "/health/liveness")


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("192.0.2.1", "198.51.100.9", "198.51.100.9"),
        ("203.0.113.7", "198.51.100.9", "203.0.113.7"),
        ("::ffff:192.0.2.1", "2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:1::5", "", "2001:db8:0:1::/64"),
        ("192.0.2.1", "\u2028forged\x1b", "192.0.2.1"),
    ],
)
async def test_the_logged_client_is_the_address_of_the_rate_limits(
    make_service: MakeService, logs: Logs, peer: str, forwarded_for: str, client: str
) -> None:
    service = await make_service(trusted_proxies=(IPv4Network("192.0.2.0/24"),))
    async with service.client_at(peer) as http:
        await http.get(ME, headers={b"X-Forwarded-For": forwarded_for.encode()})
    assert events(logs, "http.request")[-1]["client"] == client


async def test_the_correlation_id_is_the_trace_id_of_a_traceparent(service: Service, logs: Logs) -> None:
    answer = await service.client.get(ME, headers={"traceparent": TRACE_PARENT})
    assert answer.headers["x-correlation-id"] == answer.json()["correlation_id"] == TRACE_ID
    (line,) = events(logs, "http.request")
    assert facts(line, "correlation_id", "trace_id") == (TRACE_ID, TRACE_ID)


async def test_a_correlation_id_of_the_caller_is_logged_with_the_trace_id(service: Service, logs: Logs) -> None:
    await service.client.get(ME, headers={"traceparent": TRACE_PARENT, "X-Correlation-ID": "mine"})
    (line,) = events(logs, "http.request")
    assert facts(line, "correlation_id", "trace_id") == ("mine", TRACE_ID)


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        TRACE_PARENT.upper(),
        TRACE_PARENT[:-1],
        f"{TRACE_PARENT}-more",
        f"ff{TRACE_PARENT[2:]}",
        TRACE_PARENT.replace(TRACE_ID, "0" * 32),
        TRACE_PARENT.replace("b7ad6b7169203331", "0" * 16),
        TRACE_PARENT.replace("0af7", "0ag7"),
    ],
)
async def test_a_malformed_traceparent_is_ignored(service: Service, logs: Logs, malformed: str) -> None:
    answer = await service.client.get(ME, headers={"traceparent": malformed})
    assert TRACE_ID not in answer.headers["x-correlation-id"]
    assert "trace_id" not in events(logs, "http.request")[0]


async def test_a_traceparent_of_a_later_version_may_have_more_fields(service: Service, logs: Logs) -> None:
    await service.client.get(ME, headers={"traceparent": f"01{TRACE_PARENT[2:]}-more"})
    assert events(logs, "http.request")[0]["trace_id"] == TRACE_ID


async def test_two_traceparents_are_ignored(service: Service, logs: Logs) -> None:
    await service.client.get(ME, headers=[("traceparent", TRACE_PARENT)] * 2)
    assert "trace_id" not in events(logs, "http.request")[0]


@pytest.mark.parametrize(
    "hostile",
    ["\r\nforged: line", "\x1b[2J\x1b[31m", "\u2028\u2029\u202e", "a" * 10**6, "\x00"],
    ids=["CR LF", "ANSI", "U+2028", "a megabyte", "NUL"],
)
async def test_hostile_input_is_logged_in_one_line_of_limited_length(
    service: Service, logs: Logs, hostile: str
) -> None:
    canary = mark()
    value = f"{canary}{hostile}"
    await service.client.post(REGISTER, json={"email": value, "username": value, "password": value})
    await service.client.post(TOKEN, data={"username": value, "password": value})
    await service.client.post(REFRESH, json={"refresh_token": value})
    header = value.replace("\r\n", "").encode()[:60_000]
    await service.client.get(ME, headers={b"Authorization": b"Bearer " + header, b"X-Correlation-ID": header})
    await service.client.get("/", headers={b"X-Forwarded-For": header, b"User-Agent": header, b"traceparent": header})
    written = logs.getvalue()
    assert len(logs.lines()) >= 5
    assert canary not in written
    assert all(line.isprintable() and line.isascii() and len(line) < 1000 for line in written.splitlines())


async def test_every_line_of_a_request_has_its_correlation_id(service: Service, logs: Logs) -> None:
    answers: list[httpx.Response] = [
        await service.client.post(TOKEN, data={"username": mark(), "password": "b"}) for _ in range(3)
    ]
    ids = [answer.headers["x-correlation-id"] for answer in answers]
    assert len(set(ids)) == 3
    for correlation_id in ids:
        lines = [line["event"] for line in logs.lines() if line["correlation_id"] == correlation_id]
        assert lines == ["auth.login.failed", "http.request"]

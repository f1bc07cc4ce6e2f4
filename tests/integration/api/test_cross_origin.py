"""Cross-origin calls are refused unless the settings allow the origin; then successes and errors are readable."""

from dataclasses import replace

import httpx
import pytest

from development.client import ME, PASSWORD, REFRESH, TOKEN
from doorward.api.middleware.cross_origin import READ_HEADERS
from tests.integration.hashers import FailingHasher
from tests.integration.service import PARTS, MakeDatabase, MakeService, Service, is_problem, mark

APP = "https://app.example.com"
OTHER = "https://evil.example.com"


@pytest.fixture
async def open_to_app(make_service: MakeService) -> Service:
    return await make_service(cors_allow_origins=f"{APP},http://localhost:3000")


async def _preflight(
    service: Service, origin: str, method: str = "POST", headers: str = "", path: str = TOKEN
) -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        asked["Access-Control-Request-Headers"] = headers
    return await service.client.options(path, headers=asked)


def _is_open_to(answer: httpx.Response, origin: str) -> bool:
    exposed = answer.headers.get("access-control-expose-headers", "").split(", ")
    return (
        answer.headers.get("access-control-allow-origin") == origin
        and "Origin" in answer.headers["vary"]
        and exposed == list(READ_HEADERS)
    )


def _named(answer: httpx.Response) -> dict[str, str]:
    """Return the refused parts of the preflight with their reasons."""
    return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}


async def test_without_allowed_origins_a_preflight_is_refused_and_names_the_setting(service: Service) -> None:
    asked = await _preflight(service, APP)
    answered = await service.client.get("/health/liveness", headers={"Origin": APP})
    assert is_problem(asked, 400, "cross_origin_refused")
    assert "CORS_ALLOW_ORIGINS is empty" in _named(asked)["/headers/Origin"]
    assert [name for answer in (asked, answered) for name in answer.headers if name.startswith("access-control")] == []


@pytest.mark.parametrize("origin", [APP, "http://localhost:3000"])
@pytest.mark.parametrize("path", [TOKEN, ME, "/api/v1/items"])
async def test_a_preflight_of_an_allowed_origin_is_accepted(open_to_app: Service, origin: str, path: str) -> None:
    answer = await _preflight(
        open_to_app,
        origin,
        "POST",
        "authorization,content-type,x-correlation-id,baggage,sentry-trace,x-requested-with",
        path,
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert {"Authorization", "Content-Type", "If-Match"} <= set(
        answer.headers["access-control-allow-headers"].split(", ")
    )
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]
    assert len(answer.headers["x-correlation-id"]) == 32
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("origin", "method", "headers"), [(OTHER, "POST", ""), (APP, "POST", "x-other")])
async def test_an_invalid_preflight_is_refused_as_a_problem(
    open_to_app: Service, origin: str, method: str, headers: str
) -> None:
    answer = await _preflight(open_to_app, origin, method, headers)
    assert is_problem(answer, 400, "cross_origin_refused")
    assert answer.headers.get("access-control-allow-origin") in {None, APP}
    assert (answer.headers.get("access-control-allow-origin") == APP) is (origin == APP)


async def test_a_refused_preflight_names_everything_that_is_not_allowed(open_to_app: Service) -> None:
    answer = await _preflight(open_to_app, OTHER, "TRACE", "authorization, x-tenant,x-client")
    named = _named(answer)
    assert set(named) == {
        "/headers/Origin",
        "/headers/Access-Control-Request-Method",
        "/headers/Access-Control-Request-Headers",
    }
    assert "CORS_ALLOW_HEADERS: x-client, x-tenant." in named["/headers/Access-Control-Request-Headers"]


async def test_an_invalid_header_name_is_not_repeated(open_to_app: Service) -> None:
    secret = mark()
    answer = await _preflight(open_to_app, APP, headers=f"<{secret}>,{secret * 4}")
    assert is_problem(answer, 400, "cross_origin_refused")
    assert secret not in answer.text


async def test_headers_named_in_the_setting_are_allowed_too(make_service: MakeService) -> None:
    service = await make_service(cors_allow_origins=APP, cors_allow_headers="X-Tenant")
    answer = await _preflight(service, APP, headers="x-tenant,authorization")
    assert answer.status_code == 200
    assert "X-Tenant" in answer.headers["access-control-allow-headers"].split(", ")


async def test_the_origin_of_an_app_can_be_allowed(make_service: MakeService) -> None:
    service = await make_service(cors_allow_origins="capacitor://localhost")
    answer = await _preflight(service, "capacitor://localhost", headers="authorization")
    assert answer.headers["access-control-allow-origin"] == "capacitor://localhost"


async def test_a_successful_response_is_readable_by_the_origin(open_to_app: Service) -> None:
    person = await open_to_app.register()
    form = {"username": person.username, "password": person.password}
    answer = await open_to_app.client.post(TOKEN, data=form, headers={"Origin": APP})
    assert answer.status_code == 200
    assert _is_open_to(answer, APP)


async def test_a_response_is_not_readable_by_another_origin(open_to_app: Service) -> None:
    answer = await open_to_app.client.get("/health/liveness", headers={"Origin": OTHER})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
    assert "Origin" in answer.headers["vary"]


async def test_a_response_without_origin_has_a_vary_header(open_to_app: Service) -> None:
    answer = await open_to_app.client.get("/health/liveness")
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in answer.headers


async def test_a_refusal_is_readable_by_the_origin(open_to_app: Service) -> None:
    headers = {"Origin": APP}
    client = open_to_app.client
    refusals = [
        (await client.get(ME, headers=headers), 401),
        (await client.get("/nowhere", headers=headers), 404),
        (await client.put(ME, headers=headers), 405),
        (await client.post(REFRESH, content=b"x" * 70_000, headers=headers), 413),
        (await client.post(REFRESH, content=b"{}", headers=headers), 415),
        (await client.post(REFRESH, json={}, headers=headers), 422),
    ]
    assert [answer.status_code for answer, _ in refusals] == [status for _, status in refusals]
    assert [answer.status_code for answer, _ in refusals if not _is_open_to(answer, APP)] == []


async def test_a_rate_limit_and_its_retry_after_header_are_readable_by_the_origin(make_service: MakeService) -> None:
    service = await make_service(cors_allow_origins=APP, rate_limit_enabled=True, rate_limit_refresh="1/hour")
    body = {"refresh_token": "unknown"}
    answers = [await service.client.post(REFRESH, json=body, headers={"Origin": APP}) for _ in range(2)]
    assert is_problem(answers[-1], 429, "rate_limit_exceeded")
    assert _is_open_to(answers[-1], APP)
    assert "Retry-After" in answers[-1].headers["access-control-expose-headers"]


async def test_a_server_error_is_readable_by_the_origin(make_service: MakeService) -> None:
    broken = await make_service(replace(PARTS, hasher=FailingHasher(RuntimeError(mark()))), cors_allow_origins=APP)
    login = {"username": "ada", "password": PASSWORD}
    answer = await broken.client.post(TOKEN, data=login, headers={"Origin": APP})
    assert is_problem(answer, 500, "internal_error")
    assert _is_open_to(answer, APP)


async def test_an_outage_is_readable_by_the_origin(make_service: MakeService, make_database: MakeDatabase) -> None:
    service = await make_service(cors_allow_origins=APP, database_url=make_database(migrated=False))
    answer = await service.client.get("/health/readiness", headers={"Origin": APP})
    assert answer.status_code == 503
    assert _is_open_to(answer, APP)


async def test_the_refusal_of_an_unknown_host_is_readable_by_the_origin(make_service: MakeService) -> None:
    service = await make_service(cors_allow_origins=APP, allowed_hosts="auth.example.com")
    answer = await service.client.get(ME, headers={"Origin": APP})
    assert is_problem(answer, 400, "unknown_host")
    assert _is_open_to(answer, APP)


async def test_a_wildcard_origin_is_returned_without_credentials(make_service: MakeService) -> None:
    service = await make_service(cors_allow_origins="*")
    for answer in (
        await _preflight(service, OTHER, headers="authorization"),
        await service.client.get(ME, headers={"Origin": OTHER}),
    ):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


async def test_credentials_can_be_allowed_for_named_origins(make_service: MakeService) -> None:
    service = await make_service(cors_allow_origins=APP, cors_allow_credentials=True)
    asked, answered = await _preflight(service, APP), await service.client.get(ME, headers={"Origin": APP})
    for answer in (asked, answered):
        assert answer.headers["access-control-allow-origin"] == APP
        assert answer.headers["access-control-allow-credentials"] == "true"
    other = await service.client.get(ME, headers={"Origin": OTHER})
    assert "access-control-allow-origin" not in other.headers


async def test_two_applications_in_one_process_allow_their_own_origins(
    open_to_app: Service, make_service: MakeService
) -> None:
    other = await make_service(cors_allow_origins=OTHER)
    assert (await _preflight(open_to_app, OTHER)).status_code == 400
    assert (await _preflight(other, OTHER)).status_code == 200

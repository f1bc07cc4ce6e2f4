"""HEAD is supported wherever GET is, with the same status and headers and no body."""

import pytest

from development.client import ME, REVOKE
from doorward.api.routing import PolicyRoute
from tests.integration.service import Service, is_problem


@pytest.fixture
def service(lasting_service: Service) -> Service:
    """An application shared by these tests, which do not change it."""
    return lasting_service


async def test_head_returns_the_status_and_headers_of_get_without_a_body(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    service.sql("UPDATE users SET roles = '{admin}' WHERE id = %s", person.id)
    headers = {"Authorization": f"Bearer {pair.access}", "Accept-Encoding": "identity"}
    made = await service.client.post("/api/v1/items", json={"title": "M"}, headers=headers)
    gets = [route for route in service.app.routes if isinstance(route, PolicyRoute) and route.call.method == "GET"]
    assert {"/", "/docs", "/health/liveness", ME, "/api/v1/items"} <= {route.path for route in gets}
    for route in gets:
        path = route.path_format.format(
            item_id=made.json()["id"], user_id=person.id, name="admin", webhook_id=person.id, client_id="doorward"
        )
        parameters = {"q": "m"} if path.endswith("/search") else {}
        got = await service.client.get(path, params=parameters, headers=headers)
        head = await service.client.head(path, params=parameters, headers=headers)
        is_off = path.startswith(
            ("/api/v1/admin/webhooks", "/api/v1/admin/keys", "/api/v1/account/passkeys")
        )  # they are not enabled here
        status = 403 if is_off else 200
        assert (got.status_code, head.status_code, head.content) == (status, status, b""), path
        kept = {name: value for name, value in got.headers.items() if name != "x-correlation-id"}
        assert kept == {name: value for name, value in head.headers.items() if name != "x-correlation-id"}


async def test_head_is_refused_like_get(service: Service) -> None:
    answer = await service.client.head(ME)
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["www-authenticate"] == 'Bearer realm="doorward"'
    assert (await service.client.head(REVOKE)).status_code == 405


async def test_revoking_an_access_token_is_refused_and_the_response_names_refresh_tokens(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    answer = await service.post_revoke(pair.access)
    assert is_problem(answer, 422, "access_token_not_revocable")
    assert answer.json()["error"] == "unsupported_token_type"
    assert "refresh token" in answer.json()["detail"]
    assert (await service.get_me(pair.access)).status_code == 200


async def test_a_response_without_content_has_no_content_type(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    headers = {"Authorization": f"Bearer {pair.access}"}
    made = await service.client.post("/api/v1/items", json={"title": "M"}, headers=headers)
    deleted = await service.client.delete(made.headers["location"], headers=headers)
    for answer in (deleted, await service.post_revoke(pair.refresh)):
        assert (answer.status_code, answer.content) == (204, b"")
        assert "content-type" not in answer.headers


async def test_a_repeated_query_parameter_is_refused_with_its_name(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    answer = await service.items(pair.access, path="/api/v1/items?tag=Drama&tag=War")
    assert is_problem(answer, 422, "invalid_request")
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/query/tag", "repeated")


@pytest.mark.parametrize("path", ["/health/liveness", "/api/v1/auth/me", "/openapi.json"])
async def test_a_repeated_query_parameter_is_refused_where_no_parameter_is_declared(
    service: Service, path: str
) -> None:
    _, pair = await service.register_and_log_in()
    headers = {"Authorization": f"Bearer {pair.access}"}
    answer = await service.client.get(f"{path}?a=1&a=1", headers=headers)
    assert is_problem(answer, 422, "invalid_request")
    assert (await service.client.get(f"{path}?a=1", headers=headers)).status_code == 200


async def test_an_unknown_query_parameter_is_reported(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    headers = {"Authorization": f"Bearer {pair.access}"}
    answer = await service.client.get("/api/v1/items?colour=red", headers=headers)
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/query/colour"]

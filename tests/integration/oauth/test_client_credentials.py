"""The client credentials grant: what its tokens contain, and how requests are refused."""

import asyncio
from datetime import timedelta
from typing import Any

import jwt
import pytest

from doorward.core.versions import any_version
from doorward.domain.oauth.client_secret import new_client_id, new_secret
from doorward.domain.oauth.models import ClientContent, ResourceContent
from tests.integration.oauth.clients import OPERATOR
from tests.integration.oauth.provider import (
    FORM,
    ISSUER,
    ORDERS,
    TOKEN,
    Machine,
    Provider,
    is_oauth_error,
)
from tests.integration.service import Logs, MakeService, claims_of, events, mark


async def with_resource(provider: Provider, **content: Any) -> tuple[Machine, str]:
    """Return a client of a new resource, and the resource's identifier."""
    identifier = f"{ORDERS}/{mark()}"
    await provider.resources.create(OPERATOR, ResourceContent(identifier, ("orders:read", "orders:write"), **content))
    scopes = ("items:read", "orders:read")
    return await provider.machine(scopes=scopes, resources=(identifier,)), identifier


async def test_a_client_gets_an_access_token_with_its_id_as_subject(lasting_provider: Provider) -> None:
    machine = await lasting_provider.machine(scopes=("items:read", "reports:read"))
    answer = await machine.post_token()
    assert await lasting_provider.statements_of(machine.post_token) == 1
    body = answer.json()
    assert list(body) == ["access_token", "token_type", "expires_in", "scope"]
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 600, "items:read reports:read")
    assert (answer.headers["cache-control"], answer.headers["content-type"]) == ("no-store", "application/json")
    claims, now = claims_of(body["access_token"]), int(lasting_provider.clock.now().timestamp())
    assert set(claims) == {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"}
    assert (claims["iss"], claims["aud"], claims["sub"], claims["client_id"]) == (ISSUER, ISSUER, *[machine.id] * 2)
    assert (claims["iat"], claims["exp"], claims["scope"]) == (now, now + 600, body["scope"])


async def test_another_service_verifies_the_token_with_the_published_keys(lasting_provider: Provider) -> None:
    token = await (await lasting_provider.machine()).token()
    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["typ"]) == ("ES256", "at+jwt")
    keys = (await lasting_provider.service.client.get("/oauth/jwks")).json()["keys"]
    (key,) = [each for each in keys if each["kid"] == header["kid"]]
    options: Any = {"verify_exp": False, "verify_iat": False}
    jwt.decode(token, jwt.PyJWK(key), algorithms=["ES256"], audience=ISSUER, issuer=ISSUER, options=options)


async def test_each_authentication_method_gets_tokens(lasting_provider: Provider) -> None:
    for method in ("client_secret_basic", "client_secret_post"):
        assert (await (await lasting_provider.machine(auth_method=method)).post_token()).status_code == 200
    machine = await lasting_provider.machine()
    named = await lasting_provider.post(
        TOKEN, {"grant_type": "client_credentials", "client_id": machine.id}, auth=(machine.id, machine.secret)
    )
    assert named.status_code == 200


async def test_both_secrets_get_tokens_after_a_rotation(provider: Provider) -> None:
    machine = await provider.machine()
    rotated = await provider.clients.rotate_secret(OPERATOR, machine.id, any_version)
    assert rotated.secret is not None
    newer = Machine(provider, rotated.client, rotated.secret)
    assert [(await each.post_token()).status_code for each in (machine, newer)] == [200, 200]
    provider.clock.advance(timedelta(days=7))
    assert is_oauth_error(await machine.post_token(), "invalid_client", 401)
    assert (await newer.post_token()).status_code == 200


async def test_a_client_can_request_fewer_scopes(lasting_provider: Provider) -> None:
    machine = await lasting_provider.machine(scopes=("items:read", "items:write"))
    answer = await machine.post_token(scope=" items:read  items:read")
    assert (answer.json()["scope"], claims_of(answer.json()["access_token"])["scope"]) == ("items:read", "items:read")


async def test_a_resource_is_the_audience_and_limits_the_scopes(lasting_provider: Provider) -> None:
    machine, identifier = await with_resource(lasting_provider)
    answer = await machine.post_token(resource=identifier)
    assert await lasting_provider.statements_of(lambda: machine.post_token(resource=identifier)) == 1
    claims = claims_of(answer.json()["access_token"])
    assert (claims["aud"], claims["scope"], answer.json()["scope"]) == (identifier, "orders:read", "orders:read")
    assert is_oauth_error(await machine.post_token(resource=identifier, scope="items:read"), "invalid_scope")
    assert is_oauth_error(await machine.post_token(resource=identifier, scope="orders:write"), "invalid_scope")


async def test_a_resource_may_require_another_signature_algorithm(lasting_provider: Provider) -> None:
    machine, identifier = await with_resource(lasting_provider, algorithm="RS256")
    assert jwt.get_unverified_header(await machine.token(resource=identifier))["alg"] == "RS256"
    assert jwt.get_unverified_header(await machine.token())["alg"] == "ES256"


async def test_the_issuer_is_an_allowed_audience_and_the_audience_of_logins_must_be_registered(
    lasting_provider: Provider,
) -> None:
    machine = await lasting_provider.machine()
    assert claims_of(await machine.token(resource=ISSUER))["aud"] == ISSUER
    assert is_oauth_error(await machine.post_token(resource="doorward"), "invalid_target")
    allowed = await lasting_provider.machine(resources=("doorward",))
    assert claims_of(await allowed.token(resource="doorward"))["aud"] == "doorward"


async def test_a_resource_that_the_client_does_not_have_is_an_invalid_target(lasting_provider: Provider) -> None:
    machine, identifier = await with_resource(lasting_provider)
    stranger = await lasting_provider.machine()
    assert is_oauth_error(await stranger.post_token(resource=identifier), "invalid_target")
    for unknown in (f"{identifier}/", identifier.upper(), f"{identifier}#x", "x", "\0", "orders", " "):
        assert is_oauth_error(await machine.post_token(resource=unknown), "invalid_target"), unknown
    await lasting_provider.resources.delete_by_identifier(OPERATOR, identifier)
    assert is_oauth_error(await machine.post_token(resource=identifier), "invalid_target")


@pytest.mark.parametrize(
    ("content", "error", "status"),
    [
        (b"", "invalid_request", 400),
        (b"scope=items:read", "invalid_request", 400),
        (b"grant_type=", "invalid_request", 400),
        (b"grant_type=client_credentials&grant_type=client_credentials", "invalid_request", 400),
        (b"grant_type=client_credentials&scope=items:read&scope=items:read", "invalid_request", 400),
        (b"grant_type=client_credentials&resource=a&resource=b", "invalid_target", 400),
        (b"grant_type=client_credentials&resource=a&resource=b&scope=a&scope=b", "invalid_request", 400),
        (b"grant_type=client_credentials&" + b"&".join(b"p%d=1" % n for n in range(40)), "invalid_request", 400),
        (b"grant_type=client_credentials&scope=\xff", "invalid_request", 400),
        (b"grant_type=client_credentials&scope=" + b"a" * 1025, "invalid_request", 400),
        (b"grant_type=password&username=a&password=b", "unsupported_grant_type", 400),
        (b"grant_type=authorization_code", "invalid_request", 400),
        (b"grant_type=authorization_code&code=a", "unauthorized_client", 400),
        (b"grant_type=CLIENT_CREDENTIALS", "unsupported_grant_type", 400),
        (b"grant_type=client_credentials&scope=items:write", "invalid_scope", 400),
        (b"grant_type=client_credentials&scope=items:read+account", "invalid_scope", 400),
        (b"grant_type=client_credentials&scope=admin:users:read", "invalid_scope", 400),
        (b"grant_type=client_credentials&scope=openid", "invalid_scope", 400),
        (b"grant_type=client_credentials&scope=%00", "invalid_scope", 400),
        (b"grant_type=client_credentials&resource=https://other.example", "invalid_target", 400),
        (b"grant_type=client_credentials&unknown=1&state=2", "", 200),
        (b"grant_type=client_credentials&scope=&resource=", "", 200),
        (b"a" * 70_000, "invalid_request", 413),
    ],
    ids=range(23),
)
async def test_each_form_gets_the_expected_response(
    lasting_provider: Provider, content: bytes, error: str, status: int
) -> None:
    machine = await lasting_provider.machine()
    answer = await lasting_provider.service.client.post(
        TOKEN, content=content, headers=FORM, auth=(machine.id, machine.secret)
    )
    assert answer.status_code == status, answer.text
    assert status == 200 or is_oauth_error(answer, error, status), answer.text
    assert machine.secret not in answer.text


@pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
async def test_a_body_that_is_not_a_form_is_an_invalid_request(lasting_provider: Provider, media_type: str) -> None:
    answer = await lasting_provider.service.client.post(
        TOKEN, content=b"grant_type=client_credentials", headers={"Content-Type": media_type}
    )
    assert is_oauth_error(answer, "invalid_request")


async def test_credentials_in_the_query_are_refused(lasting_provider: Provider) -> None:
    machine = await lasting_provider.machine()
    answer = await lasting_provider.post(
        f"{TOKEN}?client_id={machine.id}&client_secret={machine.secret}", {"grant_type": "client_credentials"}
    )
    assert is_oauth_error(answer, "invalid_request")
    assert machine.secret not in answer.text


async def test_other_http_methods_are_refused_with_an_oauth_error(lasting_provider: Provider) -> None:
    assert is_oauth_error(await lasting_provider.service.client.get(TOKEN), "invalid_request", 405)


async def test_all_authentication_failures_get_the_same_response(lasting_provider: Provider) -> None:
    machine, of_form = (
        await lasting_provider.machine(),
        await lasting_provider.machine(auth_method="client_secret_post"),
    )
    disabled = await lasting_provider.machine()
    await lasting_provider.clients.disable(OPERATOR, disabled.id, any_version)
    removed = await lasting_provider.machine()
    await lasting_provider.clients.delete(OPERATOR, removed.id, any_version)
    answers = [
        await lasting_provider.post(TOKEN, {"grant_type": "client_credentials", **form}, auth=auth)
        for form, auth in [
            ({}, None),
            ({}, (machine.id, new_secret())),
            ({}, (new_client_id(), machine.secret)),
            ({}, (of_form.id, of_form.secret)),
            ({}, (disabled.id, disabled.secret)),
            ({}, (removed.id, removed.secret)),
            ({"client_id": machine.id, "client_secret": machine.secret}, None),
            ({"client_id": machine.id}, None),
        ]
    ]
    assert all(is_oauth_error(each, "invalid_client", 401) for each in answers)
    assert len({each.json()["error_description"] for each in answers}) == 1


async def test_two_authentication_methods_in_one_request_are_an_invalid_request(lasting_provider: Provider) -> None:
    machine = await lasting_provider.machine()
    form = {"grant_type": "client_credentials", "client_id": machine.id, "client_secret": machine.secret}
    assert is_oauth_error(
        await lasting_provider.post(TOKEN, form, auth=(machine.id, machine.secret)), "invalid_request"
    )
    named = {"grant_type": "client_credentials", "client_id": new_client_id()}
    assert is_oauth_error(
        await lasting_provider.post(TOKEN, named, auth=(machine.id, machine.secret)), "invalid_request"
    )
    headers = [("Authorization", "Basic YTpi"), ("Authorization", "Basic YTpi")]
    twice = await lasting_provider.service.client.post(
        TOKEN, data={"grant_type": "client_credentials"}, headers=headers
    )
    assert is_oauth_error(twice, "invalid_request")


async def test_clients_without_this_grant_are_unauthorized(lasting_provider: Provider) -> None:
    refreshing = await lasting_provider.machine(grant_types=("refresh_token",))
    assert is_oauth_error(await refreshing.post_token(), "unauthorized_client")
    public = await lasting_provider.clients.create(
        OPERATOR, ClientContent(name="Phone", auth_method="none", grant_types=())
    )
    for public_id in (public.client.client_id, "doorward"):
        answer = await lasting_provider.post(TOKEN, {"grant_type": "client_credentials", "client_id": public_id})
        assert is_oauth_error(answer, "unauthorized_client")


async def test_a_client_without_scopes_gets_no_token(lasting_provider: Provider) -> None:
    machine = await lasting_provider.machine(scopes=())
    assert is_oauth_error(await machine.post_token(), "invalid_scope")


async def test_a_client_disabled_during_concurrent_requests_has_no_valid_token_afterwards(provider: Provider) -> None:
    machine = await provider.machine()
    disabling = asyncio.create_task(provider.clients.disable(OPERATOR, machine.id, any_version))
    answers = await asyncio.gather(*(machine.post_token() for _ in range(20)))
    await disabling
    assert {each.status_code for each in answers} <= {200, 401}
    assert is_oauth_error(await machine.post_token(), "invalid_client", 401)
    for token in [each.json()["access_token"] for each in answers if each.status_code == 200]:
        assert (await provider.service.authorized("GET", "/api/v1/items", token)).status_code == 401


async def test_an_enabled_client_gets_tokens_from_the_next_full_second(provider: Provider) -> None:
    machine = await provider.machine()
    await provider.clients.disable(OPERATOR, machine.id, any_version)
    await provider.clients.enable(OPERATOR, machine.id, any_version)
    assert is_oauth_error(await machine.post_token(), "invalid_client", 401)
    provider.clock.advance(timedelta(seconds=1))
    assert (await machine.post_token()).status_code == 200


async def test_tokens_and_refusals_are_logged_without_secrets(provider: Provider, logs: Logs) -> None:
    machine = await provider.machine()
    token = await machine.token()
    await machine.post_token(scope="items:write")
    calls = [line for line in events(logs, "http.request") if line["route"] == "/oauth/token"]
    assert [(line["status"], line["client_id"]) for line in calls] == [(200, machine.id), (400, machine.id)]
    assert [line["reason"] for line in events(logs, "client.token_refused")] == ["scopes_not_allowed"]
    assert machine.secret not in logs.text()
    assert token not in logs.text()


async def test_calls_are_limited_by_address_and_by_client(make_service: MakeService) -> None:
    provider = Provider(await make_service(public_url=ISSUER, rate_limit_enabled=True, rate_limit_oauth_token="3/hour"))
    machine, other = await provider.machine(), await provider.machine()
    addresses = [provider.service.client_at(f"198.51.100.{number}") for number in range(3)]

    async def ask(number: int, each: Machine) -> int:
        form = {"grant_type": "client_credentials"}
        return (await addresses[number].post(TOKEN, data=form, auth=(each.id, each.secret))).status_code

    assert [await ask(0, machine), await ask(1, machine), await ask(2, machine)] == [200] * 3
    refused = await addresses[0].post(
        TOKEN, data={"grant_type": "client_credentials"}, auth=(machine.id, machine.secret)
    )
    assert is_oauth_error(refused, "temporarily_unavailable", 429)
    assert [await ask(1, other), await ask(1, machine), await ask(1, other)] == [200, 429, 429]
    assert await ask(2, other) == 200


async def test_without_the_provider_the_endpoint_does_not_exist(make_service: MakeService) -> None:
    for changes in ({}, {"public_url": "http://auth.example.com"}):
        service = await make_service(**changes)
        assert (await service.client.post(TOKEN, data={"grant_type": "client_credentials"})).status_code == 404

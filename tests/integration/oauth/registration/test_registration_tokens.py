"""Registration tokens: number of uses, lifetime, which client each is for, and what is stored."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from doorward.domain.oauth.exceptions import InvalidClientNameError, InvalidClientScopesError, UnknownResourceError
from doorward.domain.oauth.registration_exceptions import (
    InvalidInitialTokenError,
    InvalidRegistrationTokenError,
    TooManyRegistrationTokensError,
)
from tests.integration.oauth.provider import Provider
from tests.integration.oauth.registering import REGISTER, call, changed, client_metadata, initial, own, registered
from tests.integration.service import statuses


async def test_a_token_registers_as_many_clients_as_allowed_even_in_concurrent_calls(provider: Provider) -> None:
    token = await initial(provider, uses=3)
    answers = await asyncio.gather(*(call(provider, "POST", REGISTER, token, **client_metadata()) for _ in range(12)))
    assert statuses(answers) == [201] * 3 + [401] * 9
    assert len({answer.json()["client_id"] for answer in answers if answer.status_code == 201}) == 3


async def test_an_expired_or_removed_token_registers_no_client(provider: Provider) -> None:
    removed = await initial(provider, name="Removed")
    (stored,) = [each for each in await provider.registration_tokens.list() if each.name == "Removed"]
    await provider.registration_tokens.delete(stored.id)
    expired = await initial(provider, life=timedelta(minutes=1))
    provider.clock.advance(timedelta(minutes=1))
    for token in (removed, expired):
        assert (await call(provider, "POST", REGISTER, token, **client_metadata())).status_code == 401


async def test_only_its_own_token_manages_a_registration(provider: Provider) -> None:
    body, other, unused = await registered(provider), await registered(provider), await initial(provider)
    (path, token), (_, others) = own(body), own(other)
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    for wrong in (None, "", "x", unused, others, flipped, f"{token}x", token.upper(), "dwg_" + unused[4:]):
        for method in ("GET", "PUT", "DELETE"):
            answer = await call(provider, method, path, wrong, **changed(body))
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token"), (method, wrong)
            assert answer.headers["www-authenticate"].startswith('Bearer realm="doorward", error="invalid_token"')
    for wrong in (None, token, unused[:-1]):
        assert (await call(provider, "POST", REGISTER, wrong, **client_metadata())).status_code == 401
    headers = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    assert (await provider.service.client.get(path, headers=headers)).status_code == 401
    assert (await call(provider, "GET", path, token)).status_code == 200


@pytest.mark.parametrize("spelling", ["Bearer  {}", "bearer {} ", "Bearer {}\t", " Bearer {}"])
async def test_white_space_around_scheme_and_token_is_ignored(provider: Provider, spelling: str) -> None:
    path, token = own(await registered(provider))
    headers = {"Authorization": spelling.format(token)}
    assert (await provider.service.client.get(path, headers=headers)).status_code == 200


async def test_a_forged_token_is_refused_without_a_statement(provider: Provider) -> None:
    before = provider.service.connections_asked_for()
    for method, path in (("POST", REGISTER), ("GET", f"{REGISTER}/dwcr_x"), ("DELETE", f"{REGISTER}/dwcr_x")):
        assert (await call(provider, method, path, "dwg_" + "x" * 87)).status_code == 401
    refused = await provider.service.client.post(REGISTER, headers={"Authorization": "Bearer x"}, content=b"no JSON")
    assert refused.status_code == 401, "the token is checked before the body"
    assert provider.service.connections_asked_for() - before <= 1, "keys may be read again meanwhile"


async def test_no_secret_is_stored_in_clear_text(provider: Provider) -> None:
    token = await initial(provider)
    body = (await call(provider, "POST", REGISTER, token, **client_metadata(token_endpoint_auth_method=None))).json()
    tables = ("oauth_registration_tokens", "oauth_registered_clients", "oauth_client_secrets", "oauth_clients")
    text = "".join(str(row) for table in tables for row in provider.sql(f"SELECT * FROM {table}"))
    for secret in (token, body["client_secret"], body["registration_access_token"]):
        assert secret not in text


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"name": ""}, InvalidClientNameError),
        ({"scopes": ()}, InvalidClientScopesError),
        ({"scopes": ("openid", "account")}, InvalidClientScopesError),
        ({"scopes": ("admin:users:read",)}, InvalidClientScopesError),
        ({"resources": ("https://unknown.example",)}, UnknownResourceError),
        ({"resources": ("https://a\0.example",)}, UnknownResourceError),
        ({"resources": ("\udcff",)}, UnknownResourceError),
        ({"uses": 0}, InvalidInitialTokenError),
        ({"uses": 1001}, InvalidInitialTokenError),
        ({"life": timedelta(0)}, InvalidInitialTokenError),
        ({"life": timedelta(days=366)}, InvalidInitialTokenError),
    ],
)
async def test_an_initial_token_with_invalid_limits_is_refused(
    provider: Provider, content: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await initial(provider, **content)


async def test_a_token_with_a_valid_id_but_another_secret_is_refused(provider: Provider) -> None:
    registration = provider.service.app.state.services.provider.registration
    body, unused = await registered(provider), await initial(provider)
    own_token = replace(registration.own_token(body["registration_access_token"]), secret=bytes(16))
    with pytest.raises(InvalidRegistrationTokenError):
        await registration.get(own_token, body["client_id"])
    with pytest.raises(InvalidRegistrationTokenError):
        await registration.register(replace(registration.initial_token(unused), secret=bytes(16)), client_metadata())
    assert (await registration.register(registration.initial_token(unused), client_metadata())).client.name == "Tool"


async def test_at_most_100_registration_tokens_exist(provider: Provider) -> None:
    provider.sql(
        "INSERT INTO oauth_registration_tokens"
        " SELECT gen_random_uuid(), sha256(''), 'Many', '{}', '{}', 1, now(), now() FROM generate_series(1, 100)"
    )
    try:
        with pytest.raises(TooManyRegistrationTokensError):
            await initial(provider)
    finally:
        provider.sql("DELETE FROM oauth_registration_tokens WHERE name = 'Many'")

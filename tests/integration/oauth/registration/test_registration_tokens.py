"""The tokens of registration: how often each works, for whom, and what is stored of them."""

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
from tests.integration.oauth.registering import REGISTER, call, changed, initial, own, registered, said
from tests.integration.service import statuses


async def test_a_token_registers_as_many_clients_as_it_says_also_at_once(provider: Provider) -> None:
    token = await initial(provider, uses=3)
    answers = await asyncio.gather(*(call(provider, "POST", REGISTER, token, **said()) for _ in range(12)))
    assert statuses(answers) == [201] * 3 + [401] * 9
    assert len({answer.json()["client_id"] for answer in answers if answer.status_code == 201}) == 3


async def test_a_token_that_expired_or_was_removed_registers_none(provider: Provider) -> None:
    removed = await initial(provider, name="Removed")
    (stored,) = [each for each in await provider.registration_tokens.list() if each.name == "Removed"]
    await provider.registration_tokens.remove(stored.id)
    expired = await initial(provider, life=timedelta(minutes=1))
    provider.clock.advance(timedelta(minutes=1))
    for token in (removed, expired):
        assert (await call(provider, "POST", REGISTER, token, **said())).status_code == 401


async def test_no_other_token_opens_anything(provider: Provider) -> None:
    body, other, unused = await registered(provider), await registered(provider), await initial(provider)
    (path, token), (_, others) = own(body), own(other)
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    for wrong in (None, "", "x", unused, others, flipped, f"{token}x", token.upper(), "dwg_" + unused[4:]):
        for method in ("GET", "PUT", "DELETE"):
            answer = await call(provider, method, path, wrong, **changed(body))
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token"), (method, wrong)
            assert answer.headers["www-authenticate"].startswith('Bearer realm="doorward", error="invalid_token"')
    for wrong in (None, token, unused[:-1]):
        assert (await call(provider, "POST", REGISTER, wrong, **said())).status_code == 401
    headers = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    assert (await provider.service.client.get(path, headers=headers)).status_code == 401
    assert (await call(provider, "GET", path, token)).status_code == 200


async def test_a_forged_token_costs_no_statement(provider: Provider) -> None:
    before = provider.service.connections_asked_for()
    for method, path in (("POST", REGISTER), ("GET", f"{REGISTER}/dwcr_x"), ("DELETE", f"{REGISTER}/dwcr_x")):
        assert (await call(provider, method, path, "dwg_" + "x" * 87)).status_code == 401
    refused = await provider.service.client.post(REGISTER, headers={"Authorization": "Bearer x"}, content=b"no JSON")
    assert refused.status_code == 401, "the token is read first"
    assert provider.service.connections_asked_for() - before <= 1, "keys may be read again meanwhile"


async def test_no_secret_is_stored_in_clear(provider: Provider) -> None:
    token = await initial(provider)
    body = (await call(provider, "POST", REGISTER, token, **said(token_endpoint_auth_method=None))).json()
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
        ({"uses": 0}, InvalidInitialTokenError),
        ({"uses": 1001}, InvalidInitialTokenError),
        ({"life": timedelta(0)}, InvalidInitialTokenError),
        ({"life": timedelta(days=366)}, InvalidInitialTokenError),
    ],
)
async def test_an_operator_gives_none_that_allows_what_clients_must_not(
    provider: Provider, content: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await initial(provider, **content)


async def test_the_id_of_a_token_and_the_key_of_the_server_do_not_replace_its_secret(provider: Provider) -> None:
    registration = provider.service.app.state.services.provider.registration
    body, unused = await registered(provider), await initial(provider)
    own_token = replace(registration.own_token(body["registration_access_token"]), secret=bytes(16))
    with pytest.raises(InvalidRegistrationTokenError):
        await registration.read(own_token, body["client_id"])
    with pytest.raises(InvalidRegistrationTokenError):
        await registration.register(replace(registration.initial_token(unused), secret=bytes(16)), said())
    assert (await registration.register(registration.initial_token(unused), said())).client.name == "Tool"


async def test_there_are_100_tokens_at_most(provider: Provider) -> None:
    provider.sql(
        "INSERT INTO oauth_registration_tokens"
        " SELECT gen_random_uuid(), sha256(''), 'Many', '{}', '{}', 1, now(), now() FROM generate_series(1, 100)"
    )
    try:
        with pytest.raises(TooManyRegistrationTokensError):
            await initial(provider)
    finally:
        provider.sql("DELETE FROM oauth_registration_tokens WHERE name = 'Many'")

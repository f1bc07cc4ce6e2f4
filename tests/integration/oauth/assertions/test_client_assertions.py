"""Client authentication by signed assertions, private_key_jwt (RFC 7523)."""

import asyncio
import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest

from doorward.core.versions import any_version
from doorward.domain.oauth.exceptions import ClientKeysMissingError, ClientNotFoundError, InvalidClientKeysError
from doorward.domain.oauth.models import ClientContent, ClientKeySource
from tests.integration.oauth.assertions.signing import RSA, SHORT, TYPE, Key, key_set, signer
from tests.integration.oauth.browsers import Application, Browser
from tests.integration.oauth.clients import OPERATOR
from tests.integration.oauth.provider import ISSUER, TOKEN, Machine, Provider, is_oauth_error
from tests.integration.service import Logs, claims_of, events, statuses


@pytest.fixture
def provider(lasting_provider: Provider) -> Provider:
    return lasting_provider


@pytest.mark.parametrize("is_rsa", [False, True])
async def test_a_signed_assertion_authenticates_a_client(provider: Provider, is_rsa: bool) -> None:  # noqa: FBT001 - a case
    client = await signer(provider, key=Key(is_rsa=is_rsa))
    answer = await client.post()
    assert answer.status_code == 200, answer.text
    assert claims_of(answer.json()["access_token"])["client_id"] == client.id
    assert (await client.post(client_id=client.id)).status_code == 200
    for path, token in (("/oauth/introspect", answer.json()["access_token"]), ("/oauth/revoke", "dwr_x")):
        assert (await client.post(path=path, grant_type=None, token=token)).status_code == 200


async def test_a_client_with_assertions_exchanges_codes_and_refreshes_tokens(provider: Provider) -> None:
    client = await signer(
        provider,
        grant_types=("authorization_code", "refresh_token"),
        scopes=("openid",),
        redirect_uris=("https://app.example/callback",),
    )

    class Signing(Machine):
        async def post(self, path: str, **form: Any) -> Any:
            return await client.post(path=path, **form)

    stored = (await provider.clients.get(client.id, any_version)).client
    app = Application(provider, Signing(provider, stored, "none"))
    tokens = await app.tokens(Browser(provider), await provider.service.register(), scope="openid")
    assert (await app.refresh(tokens["refresh_token"])).status_code == 200
    assert claims_of(tokens["id_token"])["aud"] == client.id


@pytest.mark.parametrize(
    ("seconds", "is_taken"), [(300, True), (330, True), (331, False), (3600, False), (-29, True), (-30, False)]
)
async def test_an_assertion_is_valid_for_five_minutes_at_most(provider: Provider, seconds: int, is_taken: bool) -> None:  # noqa: FBT001 - a case
    client = await signer(provider)
    now = int(provider.clock.now().timestamp())
    answer = await client.post(client.assertion(exp=now + seconds, iat=None))
    assert (answer.status_code == 200) == is_taken


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [ISSUER]},
        {"aud": f"{ISSUER}/oauth/token"},
        {"aud": "https://other.example"},
        {"aud": None},
        {"iss": "dwc_another"},
        {"iss": None},
        {"sub": "dwc_another"},
        {"sub": None},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "j" * 256},
        {"jti": "a\nb"},
        {"exp": None},
        {"exp": True},
        {"exp": "soon"},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": 10**400},
        {"exp": -(10**400)},
        {"iat": 10**400},
        {"nbf": -(10**400)},
        {"iat": 10**11},
        {"nbf": 10**11},
        {"iat": "now"},
        {"header": {"crit": ["exp"], "exp": 1}},
        {"header": {"kid": "another"}},
        {"key": Key()},
        {"key": Key(is_rsa=True)},
    ],
)
async def test_an_assertion_with_an_invalid_claim_header_or_key_is_refused(
    provider: Provider, changes: dict[str, Any]
) -> None:
    client = await signer(provider)
    assert is_oauth_error(await client.post(client.assertion(**changes)), "invalid_client", 401)


def unsigned(assertion: str, **header: object) -> str:
    _, payload, _ = assertion.split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", **header}).encode()).rstrip(b"=").decode()
    return f"{head}.{payload}."


async def test_an_assertion_without_a_valid_signature_is_refused(provider: Provider) -> None:
    client = await signer(provider, key=Key(is_rsa=True))
    right = client.assertion()
    head, payload, signature = right.split(".")
    public = RSA.public_key().public_numbers().n.to_bytes(256, "big")
    symmetric = jwt.encode(claims_of(right), public, algorithm="HS256", headers={"kid": "first"})
    duplicated = base64.urlsafe_b64encode(f'{{"sub":"{client.id}","sub":"{client.id}"}}'.encode()).decode().rstrip("=")
    for wrong in (
        *("", "x", "a.b.c", f"{head}.{payload}.", f"{head}.{payload}", f"{head}.{payload}.{signature}x", f"{right}=="),
        *(unsigned(right), unsigned(right) + "AA", unsigned(right, kid="first") + "AA", symmetric),
        *(f"{head}.{duplicated}.{signature}", f"{head}.{'W' * 4000}.{signature}"),
    ):
        assert is_oauth_error(await client.post(wrong), "invalid_client", 401), wrong
    assert (await client.post("x" * 9000)).status_code == 400
    assert (await client.post(right)).status_code == 200


async def test_an_assertion_with_a_critical_header_is_refused(provider: Provider) -> None:
    client = await signer(provider)
    head = base64.urlsafe_b64encode(b'{"alg":"ES256","kid":"first","crit":["b64"],"b64":true}').rstrip(b"=").decode()
    signed = f"{head}.{client.assertion().split('.')[1]}"
    signature = jwt.get_algorithm_by_name("ES256").sign(signed.encode(), client.key.private)
    text = f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    assert is_oauth_error(await client.post(text), "invalid_client", 401)


async def test_raced_assertion_accepted_once_hydra_ghsa_3p3g(provider: Provider, logs: Logs) -> None:
    client = await signer(provider)
    assertion = client.assertion()
    answers = await asyncio.gather(*(client.post(assertion) for _ in range(30)))
    assert statuses(answers) == [200] + [401] * 29
    assert is_oauth_error(await client.post(assertion), "invalid_client", 401)
    assert {line["reason"] for line in events(logs, "client.authentication_failed")} == {"used_assertion"}


async def test_two_clients_may_use_the_same_assertion_id(provider: Provider) -> None:
    for client in (await signer(provider), await signer(provider)):
        assert (await client.post(client.assertion(jti="the same"))).status_code == 200


async def test_a_refused_assertion_does_not_use_up_its_id(provider: Provider) -> None:
    client = await signer(provider)
    await client.post(client.assertion(jti="mine", key=Key()))
    assert (await client.post(client.assertion(jti="mine"))).status_code == 200


async def test_only_the_registered_authentication_method_is_accepted(provider: Provider) -> None:
    client, machine = await signer(provider), await provider.machine()
    for form in ({"client_id": client.id}, {"client_id": client.id, "client_secret": "s" * 43}):
        answer = await provider.post(TOKEN, {"grant_type": "client_credentials", **form})
        assert is_oauth_error(answer, "invalid_client", 401)
    claimed = client.assertion(iss=machine.id, sub=machine.id)
    assert is_oauth_error(await client.post(claimed), "invalid_client", 401)
    assert is_oauth_error(await client.post(client_id=machine.id), "invalid_client", 401)
    assert is_oauth_error(await client.post(client_secret="s" * 43), "invalid_request")
    both = {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": client.assertion()}
    assert is_oauth_error(await machine.post(TOKEN, **both), "invalid_request")
    for half in ({"client_assertion_type": None}, {"client_assertion_type": f"{TYPE}x"}):
        assert is_oauth_error(await client.post(**half), "invalid_client", 401)


async def test_an_assertion_of_a_disabled_client_is_refused_and_not_used_up(provider: Provider) -> None:
    client = await signer(provider)
    assertion = client.assertion()
    await provider.clients.disable(OPERATOR, client.id, any_version)
    assert is_oauth_error(await client.post(assertion), "invalid_client", 401)
    await provider.clients.enable(OPERATOR, client.id, any_version)
    provider.clock.advance(timedelta(seconds=1))
    assert (await client.post(assertion)).status_code == 200


async def test_new_keys_replace_the_previous_keys(provider: Provider) -> None:
    client, other = await signer(provider), Key("second")
    await provider.client_keys.replace(client.id, ClientKeySource(key_set(other.jwk()), None))
    assert is_oauth_error(await client.post(), "invalid_client", 401)
    assert (await client.post(client.assertion(key=other))).status_code == 200
    machine = await provider.machine()
    with pytest.raises(ClientKeysMissingError):
        await provider.client_keys.replace(machine.id, ClientKeySource(key_set(other.jwk()), None))
    for odd in ("dwc_unknown", "a\0b", "\udcff"):
        with pytest.raises(ClientNotFoundError):
            await provider.client_keys.replace(odd, ClientKeySource(key_set(other.jwk()), None))


async def test_only_clients_with_private_key_jwt_have_keys(provider: Provider) -> None:
    keys = ClientKeySource(key_set(Key().jwk()), None)
    for method, given in (("private_key_jwt", None), ("client_secret_basic", keys), ("none", keys)):
        content = ClientContent(name="Odd", auth_method=method, grant_types=())  # type: ignore[arg-type] # a case
        with pytest.raises(ClientKeysMissingError):
            await provider.clients.create(OPERATOR, content, keys=given)


@pytest.mark.parametrize(
    "jwks",
    [
        "",
        "[]",
        "{",
        '{"keys": []}',
        '{"keys": {}}',
        "[" * 10_000,
        key_set(Key().jwk(d="AQAB")),
        key_set(Key(is_rsa=True).jwk(p="AQAB")),
        key_set(Key(private=SHORT).jwk()),
        key_set(Key().jwk(use="enc")),
        key_set(Key().jwk(alg="ES512")),
        key_set(Key().jwk(kid=7)),
        key_set(Key().jwk(), {"kty": "oct", "k": "c2VjcmV0"}),
        key_set({"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
        key_set({"kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB"}),
        key_set(Key().jwk(padding="x" * 17_000)),
    ],
)
def test_invalid_private_and_weak_keys_are_refused(provider: Provider, jwks: str) -> None:
    with pytest.raises(InvalidClientKeysError):
        provider.client_keys.checked(ClientKeySource(jwks, None))


@pytest.mark.parametrize(
    "uri", ["", "http://a.example/jwks", "https://ada@a.example/", "https://a.example/#x", "file:///etc/passwd"]
)
def test_a_jwks_uri_must_use_https(provider: Provider, uri: str) -> None:
    with pytest.raises(InvalidClientKeysError):
        provider.client_keys.checked(ClientKeySource(None, uri))


def test_a_client_has_either_a_jwks_or_a_jwks_uri(provider: Provider) -> None:
    for jwks, uri in ((None, None), (key_set(Key().jwk()), "https://a.example/jwks")):
        with pytest.raises(InvalidClientKeysError):
            provider.client_keys.checked(ClientKeySource(jwks, uri))


async def test_keys_at_internal_addresses_are_not_fetched(provider: Provider) -> None:
    client = await signer(provider, jwks_uri="https://127.0.0.1:9/jwks")
    answer = await client.post()
    assert is_oauth_error(answer, "temporarily_unavailable", 503)

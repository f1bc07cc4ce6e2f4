"""Access tokens over HTTP: where they are accepted, and the response to a refused one."""

import json
from datetime import timedelta
from uuid import uuid4

import httpx
import jwt
import pytest

from development.client import ME
from doorward.core.principal import Principal, SignIn
from doorward.infrastructure.access_tokens import AccessTokens
from doorward.infrastructure.keys import ACCESS_TOKEN_PURPOSE, REFRESH_TOKEN_PURPOSE, derive_key
from doorward.settings.config import first_party_issuer
from doorward.wiring.auth import lifetimes_of
from tests.integration.service import MakeService, Service, claims_of, is_problem

INVALID = (
    'Bearer realm="doorward", error="invalid_token", '
    'error_description="The access token is not valid, or no longer. Refresh it or log in again."'
)


def _is_missing(answer: httpx.Response) -> bool:
    """RFC 6750 section 3.1: no error code when no token was sent."""
    return is_problem(answer, 401, "missing_access_token") and answer.headers["www-authenticate"] == (
        'Bearer realm="doorward"'
    )


def _is_invalid(answer: httpx.Response) -> bool:
    return is_problem(answer, 401, "invalid_access_token") and answer.headers["www-authenticate"] == INVALID


@pytest.fixture
def service(lasting_service: Service) -> Service:
    """An application shared by these tests, which do not change it."""
    return lasting_service


async def _me(service: Service, *values: str) -> httpx.Response:
    return await service.client.get(ME, headers=[("Authorization", value) for value in values])


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
async def test_the_scheme_is_accepted_in_any_case(service: Service, scheme: str) -> None:
    _, pair = await service.register_and_log_in()
    assert (await _me(service, f"{scheme} {pair.access}")).status_code == 200


@pytest.mark.parametrize("spelling", ["Bearer  {}", "Bearer    {}", "Bearer {} ", "Bearer {}\t", " Bearer {}"])
async def test_white_space_around_scheme_and_token_is_ignored(service: Service, spelling: str) -> None:
    _, pair = await service.register_and_log_in()
    assert (await _me(service, spelling.format(pair.access))).status_code == 200


async def test_no_header_is_a_missing_token(service: Service) -> None:
    assert _is_missing(await _me(service))


@pytest.mark.parametrize("scheme", ["Basic", "Digest", "Token", "DPoP", "Bearers"])
async def test_another_scheme_is_a_missing_token(service: Service, scheme: str) -> None:
    _, pair = await service.register_and_log_in()
    assert _is_missing(await _me(service, f"{scheme} {pair.access}"))


async def test_a_token_without_scheme_is_a_missing_token(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    assert _is_missing(await _me(service, pair.access))


async def test_a_token_in_the_query_string_is_ignored(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    assert _is_missing(await service.client.get(ME, params={"access_token": pair.access}))


async def test_a_token_in_a_cookie_is_ignored(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    assert _is_missing(await service.client.get(ME, headers={"Cookie": f"access_token={pair.access}"}))


@pytest.mark.parametrize(
    "value", ["Bearer", "Bearer ", "Bearer  ", "Bearer\t", "Bearer null", "Bearer a b", "Bearer ,"]
)
async def test_a_scheme_without_an_access_token_is_refused(service: Service, value: str) -> None:
    answer = await _me(service, value)
    assert _is_missing(answer) or _is_invalid(answer)


async def test_two_authorization_headers_are_refused_even_if_both_are_valid(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    assert _is_invalid(await _me(service, f"Bearer {pair.access}", f"Bearer {pair.access}"))


async def test_a_second_token_in_one_header_is_refused(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    assert _is_invalid(await _me(service, f"Bearer {pair.access}, Bearer {pair.access}"))


async def test_a_refresh_token_is_refused_as_access_token(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    assert _is_invalid(await _me(service, f"Bearer {pair.refresh}"))


@pytest.mark.parametrize(
    "value", [b"Bearer \xff\xfe", "Bearer \u00e4.\u00f6.\u00fc".encode(), b"Bearer " + b"a" * 5000]
)
async def test_garbage_is_refused(service: Service, value: bytes) -> None:
    assert _is_invalid(await service.client.get(ME, headers=[(b"Authorization", value)]))


def _encoded(service: Service, claims: dict[str, object], **header: object) -> str:
    key = derive_key(service.settings.keys.secret_key.get_secret_value().encode(), ACCESS_TOKEN_PURPOSE)
    return jwt.encode(claims, key, algorithm="HS256", headers={"typ": "at+jwt", **header})


async def test_a_token_encoded_by_hand_is_accepted(service: Service) -> None:
    """This shows that the tokens below are refused for the reasons named there."""
    _, pair = await service.register_and_log_in()
    assert (await service.get_me(_encoded(service, claims_of(pair.access)))).status_code == 200


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "exp", "iat", "jti", "sid", "client_id", "scope"])
async def test_a_token_with_a_missing_claim_is_refused(service: Service, claim: str) -> None:
    _, pair = await service.register_and_log_in()
    claims = claims_of(pair.access)
    del claims[claim]
    assert _is_invalid(await service.get_me(_encoded(service, claims)))


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "sid"])
async def test_a_token_with_another_issuer_audience_subject_or_session_is_refused(service: Service, claim: str) -> None:
    _, pair = await service.register_and_log_in()
    assert _is_invalid(await service.get_me(_encoded(service, {**claims_of(pair.access), claim: str(uuid4())})))


async def test_a_token_of_another_users_session_is_refused(service: Service) -> None:
    _, mine = await service.register_and_log_in()
    _, theirs = await service.register_and_log_in()
    mixed = {**claims_of(mine.access), "sid": claims_of(theirs.access)["sid"]}
    assert _is_invalid(await service.get_me(_encoded(service, mixed)))


@pytest.mark.parametrize(
    "header",
    [{"typ": "JWT"}, {"typ": None}, {"crit": ["exp"], "exp": 1}, {"typ": "at+jwt", "crit": []}],
    ids=json.dumps,
)
async def test_a_token_with_another_header_is_refused(service: Service, header: dict[str, object]) -> None:
    _, pair = await service.register_and_log_in()
    assert _is_invalid(await service.get_me(_encoded(service, claims_of(pair.access), **header)))


@pytest.mark.parametrize("purpose", [None, REFRESH_TOKEN_PURPOSE])
async def test_a_token_signed_with_the_secret_itself_or_a_key_of_another_purpose_is_refused(
    service: Service, purpose: bytes | None
) -> None:
    _, pair = await service.register_and_log_in()
    secret = service.settings.keys.secret_key.get_secret_value().encode()
    key = derive_key(secret, purpose) if purpose else secret
    assert _is_invalid(
        await service.get_me(jwt.encode(claims_of(pair.access), key, algorithm="HS256", headers={"typ": "at+jwt"}))
    )


async def test_an_unsigned_token_is_refused(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    unsigned = jwt.encode(claims_of(pair.access), "", algorithm="none", headers={"typ": "at+jwt"})
    assert _is_invalid(await service.get_me(unsigned))


async def test_a_service_with_another_issuer_refuses_the_token(service: Service, make_service: MakeService) -> None:
    _, pair = await service.register_and_log_in()
    other = await make_service(jwt_issuer="https://other.example.com")
    assert _is_invalid(await other.get_me(pair.access))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
async def test_after_a_change_of_the_hmac_algorithm_issued_tokens_stay_valid(
    service: Service, make_service: MakeService, algorithm: str
) -> None:
    _, pair = await service.register_and_log_in()
    other = await make_service(algorithm=algorithm)
    renewed = await other.refresh(pair.refresh)
    assert (await other.get_me(renewed.access)).status_code == 200
    assert (await other.get_me(pair.access)).status_code == 200
    assert (await service.get_me(renewed.access)).status_code == 200


async def test_the_configured_lifetime_of_a_token_is_returned_and_enforced(make_service: MakeService) -> None:
    service = await make_service(access_token_expire_minutes=5)
    person = await service.register()
    answer = await service.post_token(person.username, person.password)
    assert answer.json()["expires_in"] == 300
    service.clock.advance(timedelta(minutes=5))
    assert _is_invalid(await service.get_me(answer.json()["access_token"]))


async def test_a_token_of_an_unknown_session_is_refused(service: Service) -> None:
    person = await service.register()
    signer = AccessTokens(
        key=derive_key(service.settings.keys.secret_key.get_secret_value().encode(), ACCESS_TOKEN_PURPOSE),
        algorithm="HS256",
        issuer=first_party_issuer(service.settings.tokens, service.settings.browsers),
        audience=service.settings.tokens.jwt_audience,
        lifetime=lifetimes_of(service.settings).access,
    )
    principal = Principal(uuid4(), uuid4(), "doorward", frozenset({"account"}))
    assert person.id != str(principal.user_id)
    now = service.clock.now()
    assert _is_invalid(await service.get_me(signer.sign(principal, SignIn(now, 1, ("pwd",)), now)))

"""Accepted tokens: those of a trusted issuer for this service, signed with that issuer's keys."""

import json
from datetime import timedelta

import jwt

from tests.integration.federation.conftest import Trusting
from tests.integration.federation.issuer import AUDIENCE, METADATA, OAUTH_METADATA, Issuer, document, running, trusting
from tests.integration.service import FakeClock, MakeService, Service, claims_of, is_problem
from tests.unit.client_library.signing import elliptic_key, encoded, rsa_key


async def test_times_are_checked_with_the_services_clock_and_a_leeway(
    trusting_service: Trusting, clock: FakeClock
) -> None:
    now = int(clock.now().timestamp())
    issuer = trusting_service.issuer
    token = issuer.token()
    assert await trusting_service.status(issuer.token(iat=now + 30, nbf=now + 30)) == 200
    assert await trusting_service.status(issuer.token(nbf=now + 31)) == 401
    clock.advance(timedelta(seconds=329))
    assert await trusting_service.status(token) == 200
    clock.advance(timedelta(seconds=1))
    assert await trusting_service.status(token) == 401


async def test_a_key_of_one_issuer_is_refused_for_another(
    make_service: MakeService, issuer: Issuer, clock: FakeClock
) -> None:
    async with running(Issuer(clock)) as other:
        other.key = rsa_key("other")
        other.listed = (other.key, elliptic_key("other elliptic"))
        service = await make_service(
            trusted_issuers=trusting(issuer.entry(algorithms=["ES256"]), other.entry(algorithms=["RS256"]))
        )
        assert (await service.items(issuer.token())).status_code == 200
        assert (await service.items(other.token())).status_code == 200
        for token in (
            issuer.token(iss=other.url),
            other.token(iss=issuer.url),
            issuer.token(iss=other.url, header={"kid": "other"}),
            other.token(iss=issuer.url, header={"kid": "first"}),
            # The correct keys of each issuer, with an algorithm that only the other issuer uses.
            issuer.token(by=rsa_key("first rsa")),
            other.token(by=elliptic_key("other elliptic")),
        ):
            assert is_problem(await service.items(token), 401, "invalid_access_token")


async def test_neither_an_issuers_key_for_this_service_nor_an_own_key_for_an_issuer_is_accepted(
    trusting_service: Trusting,
) -> None:
    service, issuer = trusting_service.service, trusting_service.issuer
    _, pair = await service.register_and_log_in()
    own = claims_of(pair.access)
    header = jwt.get_unverified_header(pair.access)
    assert is_problem(await service.items(issuer.key.sign(own)), 401, "invalid_access_token")
    forged = {**own, "iss": issuer.url, "aud": AUDIENCE}
    signature = pair.access.rpartition(".")[2]
    for text in (
        f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(forged).encode())}.{signature}",
        jwt.encode(forged, "", algorithm="none", headers={"typ": "at+jwt", "kid": "first"}),
        jwt.encode(forged, "", algorithm="none", headers={"typ": "at+jwt", "kid": "first"}) + signature,
    ):
        assert is_problem(await service.items(text), 401, "invalid_access_token")
    assert (await service.get_me(pair.access)).status_code == 200


async def test_a_public_key_is_not_accepted_as_a_symmetric_secret(trusting_service: Trusting) -> None:
    issuer = trusting_service.issuer
    claims = claims_of(issuer.token())
    signed = ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "at+jwt"}, claims))
    signature = jwt.get_algorithm_by_name("HS256").sign(signed.encode(), issuer.key.pem())
    assert is_problem(await trusting_service.items(f"{signed}.{encoded(signature)}"), 401, "invalid_access_token")


async def test_an_untrusted_issuer_is_never_contacted(service: Service, issuer: Issuer) -> None:
    assert (await service.items(issuer.token())).status_code == 401
    assert issuer.asked == []


async def test_duplicate_members_and_critical_headers_are_refused(trusting_service: Trusting) -> None:
    issuer = trusting_service.issuer
    claims = claims_of(issuer.token())
    text = json.dumps(claims)[1:-1]
    for twice in (f'{{{text}, "iss": "doorward"}}', f'{{"iss": "doorward", {text}}}', f'{{{text}, "sub": "b"}}'):
        assert await trusting_service.status(issuer.key.sign_text(twice)) == 401
    assert await trusting_service.status(issuer.key.sign(claims, crit=["exp"])) == 401
    assert await trusting_service.status(issuer.key.sign(claims)) == 200


async def test_metadata_of_another_issuer_are_refused(trusting_service: Trusting) -> None:
    issuer = trusting_service.issuer
    text = json.dumps({"issuer": "https://accounts.example", "jwks_uri": f"{issuer.url}/jwks"})
    issuer.answers = {place: document(text.encode()) for place in (OAUTH_METADATA, METADATA)}
    assert await trusting_service.status(issuer.token()) == 503
    assert issuer.asked == [OAUTH_METADATA, METADATA]

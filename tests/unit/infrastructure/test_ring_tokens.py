"""Access tokens of the key ring: their issue and their verification."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
import pytest

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.principal import ClientPrincipal, Principal
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.sessions.rotated_session import TokenAudience
from doorward.domain.keys.models import SIGNING_ALGORITHMS, SigningAlgorithm
from doorward.infrastructure.access_tokens import AccessTokens, Provider
from doorward.infrastructure.key_ring import FixedKeyRing, KeyRing
from tests.unit.infrastructure import forge, ring
from tests.unit.infrastructure.forge import CLAIMS, NOW, PRINCIPAL, SIGN_IN
from tests.unit.infrastructure.ring import CLIENT_CLAIMS, ISSUER, new_key, opened, ring_of, tokens_with

SCOPES = frozenset({"items:write", "items:read"})


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_a_user_token_names_the_key_that_signed_it(algorithm: SigningAlgorithm) -> None:
    key = new_key(algorithm)
    tokens = tokens_with(ring_of(key), algorithm)
    token = tokens.sign(PRINCIPAL, SIGN_IN, NOW)
    header, claims = (forge.decode(part) for part in token.split(".")[:2])
    assert header == {"alg": algorithm, "kid": key.kid, "typ": "at+jwt"}
    assert UUID(claims.pop("jti")).version == 4
    assert claims == {name: value for name, value in CLAIMS.items() if name != "jti"} | SIGN_IN.claims()
    assert tokens.verify(token, NOW) == PRINCIPAL


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_a_client_token_names_only_the_client(algorithm: SigningAlgorithm) -> None:
    key = new_key(algorithm)
    tokens = tokens_with(ring_of(key))
    token = tokens.sign_client("dwc_orders", SCOPES, ISSUER, NOW, algorithm=algorithm)
    header, claims = (forge.decode(part) for part in token.split(".")[:2])
    assert header == {"alg": algorithm, "kid": key.kid, "typ": "at+jwt"}
    token_id = claims.pop("jti")
    expected = {**CLIENT_CLAIMS, "scope": "items:read items:write"}
    assert claims == {name: value for name, value in expected.items() if name != "jti"}
    issued_at = datetime.fromtimestamp(CLAIMS["iat"], UTC)
    assert tokens.verify(token, NOW) == ClientPrincipal("dwc_orders", SCOPES, ISSUER, issued_at, token_id)


def test_client_tokens_have_the_lifetime_of_the_setting() -> None:
    tokens = tokens_with(ring_of(new_key("ES256")))
    token = tokens.sign_client("dwc_orders", SCOPES, ISSUER, NOW, algorithm="ES256")
    assert tokens.client_seconds == 600
    assert tokens.read(token, NOW + timedelta(seconds=599)).expires_at == int(NOW.timestamp()) + 600
    with pytest.raises(InvalidAccessTokenError):
        tokens.read(token, NOW + timedelta(seconds=600))


def test_a_token_for_another_service_is_readable_but_refused_by_our_own_routes() -> None:
    tokens = tokens_with(ring_of(new_key("ES256"), new_key("RS256")))
    of_client = tokens.sign_client("dwc_orders", SCOPES, "https://orders.example", NOW, algorithm="ES256")
    of_user = tokens.sign(PRINCIPAL, SIGN_IN, NOW, TokenAudience("https://orders.example", "RS256"))
    assert forge.decode(of_user.split(".")[0])["alg"] == "RS256"
    for token in (of_client, of_user):
        read = tokens.read(token, NOW)
        assert (read.audience, read.issuer, read.is_for_this_service) == ("https://orders.example", ISSUER, False)
        with pytest.raises(InvalidAccessTokenError):
            tokens.verify(token, NOW)


def test_user_tokens_have_the_time_and_the_methods_of_the_sign_in() -> None:
    in_whole_seconds = int(NOW.timestamp()) - 301
    sign_in = {"auth_time": in_whole_seconds, "acr": "2", "amr": ["pwd", "otp"]}
    ours = tokens_with(ring_of(new_key("ES256")), "ES256")
    for token in (
        ours.sign(PRINCIPAL, SIGN_IN, NOW),
        ours.sign(PRINCIPAL, SIGN_IN, NOW, TokenAudience("https://a.example", "ES256")),
    ):
        claims = forge.decode(token.split(".")[1])
        assert {name: claims.get(name) for name in sign_in} == sign_in
    of_client = ours.sign_client("dwc_orders", SCOPES, "https://a.example", NOW, algorithm="ES256")
    assert not sign_in.keys() & forge.decode(of_client.split(".")[1]).keys()


def test_our_own_routes_accept_one_audience_for_users_and_one_for_clients() -> None:
    key = new_key("ES256")
    tokens = tokens_with(ring_of(key))
    assert tokens.verify(ring.signed(key, CLAIMS), NOW) == PRINCIPAL
    of_client = {**CLIENT_CLAIMS, "aud": "https://api.example.com"}
    of_user = {**CLAIMS, "aud": ISSUER}
    of_user_at_a_client = {**CLAIMS, "client_id": "dwc_orders"}
    for claims in (of_client, of_user, of_user_at_a_client):
        with pytest.raises(InvalidAccessTokenError):
            tokens.verify(ring.signed(key, claims), NOW)
    at_a_client = tokens.verify(ring.signed(key, {**of_user_at_a_client, "aud": ISSUER}), NOW)
    assert isinstance(at_a_client, Principal)
    assert at_a_client.client_id == "dwc_orders"


def test_without_an_active_key_the_service_is_unavailable() -> None:
    pending = ring.opened(new_key("ES256"), activates_at=NOW + timedelta(seconds=1))
    standby = ring.opened(new_key("ES256", 2), activates_at=None)
    retired = ring.opened(new_key("ES256", 3), retires_at=NOW)
    tokens = tokens_with(KeyRing([pending, standby, retired]), "ES256")
    with pytest.raises(ServiceUnavailableError):
        tokens.sign(PRINCIPAL, SIGN_IN, NOW)
    assert tokens.sign(PRINCIPAL, SIGN_IN, NOW + timedelta(seconds=1))
    with pytest.raises(ServiceUnavailableError):
        tokens.sign_client("dwc_orders", SCOPES, ISSUER, NOW, algorithm="RS256")


def test_the_most_recently_activated_key_signs() -> None:
    first, second = new_key("ES256"), new_key("ES256", 2)
    keys = [ring.opened(second), ring.opened(first, activates_at=NOW - timedelta(days=90))]
    token = tokens_with(KeyRing(keys), "ES256").sign(PRINCIPAL, SIGN_IN, NOW)
    assert forge.decode(token.split(".")[0])["kid"] == second.kid


@pytest.mark.parametrize(
    ("activates_at", "retires_at"),
    [(None, None), (NOW + timedelta(hours=1), None), (NOW - timedelta(days=9), NOW - timedelta(hours=1))],
    ids=["standby", "pending", "retired"],
)
def test_every_published_key_verifies(activates_at: datetime | None, retires_at: datetime | None) -> None:
    """A process that read the keys a moment earlier or later signs with another one."""
    key = new_key("ES256")
    tokens = tokens_with(KeyRing([ring.opened(key, activates_at=activates_at, retires_at=retires_at)]))
    assert tokens.verify(ring.signed(key), NOW) == PRINCIPAL


def test_a_key_of_another_ring_is_refused() -> None:
    tokens = tokens_with(ring_of(new_key("ES256")))
    with pytest.raises(InvalidAccessTokenError):
        tokens.verify(ring.signed(new_key("ES256", 2)), NOW)


def test_a_cached_token_is_refused_after_its_key_was_removed() -> None:
    key, other = new_key("ES256"), new_key("ES256", 2)
    rings = _ChangingRing(ring_of(key, other))
    tokens = _tokens_of(rings)
    token = ring.signed(key)
    assert tokens.verify(token, NOW) == PRINCIPAL
    rings.current = ring_of(other)
    with pytest.raises(InvalidAccessTokenError):
        tokens.verify(token, NOW)


class _ChangingRing:
    def __init__(self, current: KeyRing) -> None:
        self.current = current
        self.requested: list[str] = []
        self.after: KeyRing | None = None

    async def refresh_for_key(self, kid: str) -> bool:
        self.requested.append(kid)
        if self.after is not None:
            self.current = self.after
        return self.current.verifying_key(kid) is not None


def _tokens_of(rings: _ChangingRing) -> AccessTokens:
    return AccessTokens(
        key=forge.KEY,
        algorithm="HS256",
        issuer=ISSUER,
        audience="https://api.example.com",
        lifetime=timedelta(minutes=30),
        provider=Provider(rings, ISSUER, timedelta(minutes=10)),
    )


async def test_a_key_of_another_process_is_loaded_on_its_first_token() -> None:
    token = ring.signed(new_key("ES256", 2))
    verifying, reading = (_ChangingRing(ring_of(new_key("ES256"))) for _ in range(2))
    verifying.after = reading.after = ring_of(new_key("ES256"), new_key("ES256", 2))
    assert await _tokens_of(verifying).verify_with_latest_keys(token, NOW) == PRINCIPAL
    assert (await _tokens_of(reading).read_with_latest_keys(token, NOW)).principal == PRINCIPAL
    for rings in (verifying, reading):
        assert await _tokens_of(rings).verify_with_latest_keys(token, NOW) == PRINCIPAL
        assert rings.requested == [new_key("ES256", 2).kid]


async def test_a_ring_that_does_not_change_learns_no_key() -> None:
    known, unknown = new_key("ES256"), new_key("ES256", 2)
    rings = FixedKeyRing(ring_of(known))
    assert await rings.refresh_for_key(known.kid)
    assert not await rings.refresh_for_key(unknown.kid)


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_the_type_of_a_token_is_that_of_its_signature(algorithm: SigningAlgorithm) -> None:
    key = opened(new_key(algorithm))
    for token_type in ("at+jwt", "JWT", "at+jwt"):
        token = key.sign({"sub": "ada"}, token_type=token_type)
        assert jwt.get_unverified_header(token) == {"alg": algorithm, "kid": key.kid, "typ": token_type}
        assert jwt.decode(token, key.public, algorithms=[algorithm]) == {"sub": "ada"}


async def test_only_an_unknown_key_of_our_own_issuer_reloads_the_keys() -> None:
    known, unknown = new_key("ES256"), new_key("ES256", 2)
    rings = _ChangingRing(ring_of(known))
    tokens = _tokens_of(rings)
    refused = [
        ring.signed(unknown, {**CLAIMS, "iss": "https://other.example.com"}),
        ring.signed(known, {**CLAIMS, "exp": CLAIMS["iat"]}),
        ring.signed(unknown, kid=1),
        ring.signed(unknown, kid=forge.MISSING),
        forge.with_claims(sub="nobody"),
        "nonsense",
    ]
    for token in refused:
        for verify in (tokens.verify_with_latest_keys, tokens.read_with_latest_keys):
            with pytest.raises(InvalidAccessTokenError):
                await verify(token, NOW)
    assert rings.requested == []
    with pytest.raises(InvalidAccessTokenError):
        await tokens.verify_with_latest_keys(ring.signed(unknown), NOW)
    assert rings.requested == [unknown.kid]


@pytest.mark.parametrize("former", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("issuer", ["doorward", ISSUER])
def test_after_a_change_to_es256_tokens_of_derived_keys_stay_valid(former: str, issuer: str) -> None:
    before = AccessTokens(
        key=forge.KEY,
        algorithm=former,
        issuer=issuer,
        audience="https://api.example.com",
        lifetime=timedelta(minutes=30),
    )
    token = before.sign(PRINCIPAL, SIGN_IN, NOW)
    after = tokens_with(ring_of(new_key("ES256")), "ES256")
    assert after.verify(token, NOW) == PRINCIPAL
    with pytest.raises(InvalidAccessTokenError):
        after.verify(token, NOW + timedelta(minutes=30))


def test_after_a_change_to_es256_tokens_of_another_issuer_are_refused() -> None:
    before = AccessTokens(
        key=forge.KEY,
        algorithm="HS256",
        issuer="https://former.example.com",
        audience="https://api.example.com",
        lifetime=timedelta(minutes=30),
    )
    token = before.sign(PRINCIPAL, SIGN_IN, NOW)
    with pytest.raises(InvalidAccessTokenError):
        tokens_with(ring_of(new_key("ES256")), "ES256").verify(token, NOW)


@pytest.mark.parametrize("former", SIGNING_ALGORITHMS)
def test_after_a_change_from_the_ring_its_tokens_stay_valid(former: SigningAlgorithm) -> None:
    key = new_key(former)
    token = tokens_with(ring_of(key), former).sign(PRINCIPAL, SIGN_IN, NOW)
    for algorithm in ("HS256", "HS512", *SIGNING_ALGORITHMS):
        assert tokens_with(ring_of(key), algorithm).verify(token, NOW) == PRINCIPAL

"""A verifier of one issuer: cached tokens, new keys and removed keys."""

from typing import Final

import pytest

from doorward_client.exceptions import InvalidTokenError, KeysUnavailableError, UnknownKeyError
from doorward_client.key_sets import KeySet
from doorward_client.verification import Claims, IssuerRules
from doorward_client.verifier import TokenVerifier
from tests.unit.client_library.issuer_server import Clock, KeyServer
from tests.unit.client_library.signing import AUDIENCE, ISSUER, NOW, SigningKey, claims, elliptic_key, key_set

RULES: Final = IssuerRules(ISSUER, frozenset({AUDIENCE}))


class Verification:
    """A verifier, its issuer, both clocks, and the subjects that were read."""

    def __init__(self) -> None:
        self.server = KeyServer()
        self.monotonic = Clock()
        self.now = float(NOW)
        self.read: list[str] = []
        self.verifier = TokenVerifier(
            RULES,
            KeySet("https://accounts.example/oauth/jwks", self.server.fetch, clock=self.monotonic),
            self._read,
            now=lambda: self.now,
            remembered_tokens=2,
        )

    def _read(self, claims: Claims) -> str:
        self.read.append(claims["sub"])
        return str(claims["sub"])


async def test_a_token_is_verified_once_and_cached() -> None:
    it = Verification()
    token = elliptic_key().sign(claims())
    assert [await it.verifier.verify(token) for _ in range(3)] == ["user-1"] * 3
    assert it.read == ["user-1"]


async def test_a_cached_token_expires_like_any_other() -> None:
    it = Verification()
    token = elliptic_key().sign(claims())
    await it.verifier.verify(token)
    it.now = NOW + 630
    with pytest.raises(InvalidTokenError):
        await it.verifier.verify(token)


async def test_the_most_recently_used_tokens_are_cached_and_refused_ones_evict_none() -> None:
    it = Verification()
    tokens = [elliptic_key().sign(claims(sub=f"user-{number}")) for number in range(3)]
    for token in tokens:
        await it.verifier.verify(token)
    for _ in range(5):
        with pytest.raises(InvalidTokenError):
            await it.verifier.verify(f"{tokens[0][:-4]}AAAA")
    await it.verifier.verify(tokens[1])
    await it.verifier.verify(tokens[2])
    assert it.read == ["user-0", "user-1", "user-2"]
    await it.verifier.verify(tokens[0])
    assert it.read[-1] == "user-0"


async def test_a_token_of_a_new_key_is_accepted_at_once() -> None:
    it = Verification()
    await it.verifier.verify(elliptic_key().sign(claims()))
    it.server.body = key_set(elliptic_key(), elliptic_key("successor"))
    assert await it.verifier.verify(elliptic_key("successor").sign(claims(sub="user-2"))) == "user-2"
    assert len(it.server.fetches) == 2


async def test_a_cached_token_is_refused_after_its_key_was_removed() -> None:
    it = Verification()
    token = elliptic_key().sign(claims())
    await it.verifier.verify(token)
    it.server.body = key_set(elliptic_key("successor"))
    it.monotonic.seconds += 301
    with pytest.raises(UnknownKeyError):
        await it.verifier.verify(token)


async def test_a_cached_token_is_refused_after_its_key_was_replaced_under_the_same_id() -> None:
    it = Verification()
    token = elliptic_key().sign(claims())
    await it.verifier.verify(token)
    it.server.body = key_set(SigningKey("elliptic", "ES256", elliptic_key("other").key))
    it.monotonic.seconds += 301
    with pytest.raises(InvalidTokenError):
        await it.verifier.verify(token)


async def test_cached_tokens_survive_a_refresh_with_the_same_keys() -> None:
    it = Verification()
    token = elliptic_key().sign(claims())
    await it.verifier.verify(token)
    it.monotonic.seconds += 301
    await it.verifier.verify(token)
    assert len(it.server.fetches) == 2
    assert it.read == ["user-1"]


async def test_a_flood_of_invented_key_ids_causes_one_fetch() -> None:
    it = Verification()
    await it.verifier.verify(elliptic_key().sign(claims()))
    for number in range(200):
        with pytest.raises(UnknownKeyError):
            await it.verifier.verify(elliptic_key().sign(claims(), kid=f"invented-{number}"))
    assert len(it.server.fetches) == 2


async def test_a_forged_token_causes_no_fetch() -> None:
    it = Verification()
    await it.verifier.verify(elliptic_key().sign(claims()))
    for token in ("", "a.b.c", elliptic_key().sign(claims(), alg="HS256", kid="x"), f"{'x' * 9000}.b.c"):
        with pytest.raises(InvalidTokenError):
            await it.verifier.verify(token)
    assert len(it.server.fetches) == 1


async def test_without_keys_a_token_is_not_reported_as_invalid() -> None:
    it = Verification()
    it.server.is_down = True
    with pytest.raises(KeysUnavailableError):
        await it.verifier.verify(elliptic_key().sign(claims()))

"""Verifies the access tokens of the issuers that the operator trusts, each by its own keys and rules."""

import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from doorward.core.ports import Clock
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.federation.events import ForeignTokenRefused, IssuerUnavailable
from doorward.domain.federation.exceptions import IssuerUnavailableError
from doorward.domain.federation.models import ForeignToken
from doorward.domain.federation.policy import mapped_scopes
from doorward.infrastructure.issuer_presets import PRESETS, check_claims, names_of
from doorward.infrastructure.outbound import DocumentUnavailableError, Fetcher
from doorward.observability.logging import report
from doorward.settings.issuers import TrustedIssuer
from doorward_client.exceptions import FetchError, InvalidTokenError, UnavailableError
from doorward_client.key_sets import FetchedKeys, KeySet
from doorward_client.metadata import Discovery
from doorward_client.proofs import bound_thumbprint
from doorward_client.verification import Claims, IssuerRules, read_issuer
from doorward_client.verifier import TokenVerifier

REMEMBERED_NAMES: Final = 1024
"""Maximum number of tokens whose issuer is cached, so that a repeated token is not parsed for it."""


class TrustedIssuers:
    """The trusted issuers by name. Nothing is fetched before the first token of an issuer."""

    def __init__(self, issuers: Sequence[TrustedIssuer], *, fetcher: Fetcher, clock: Clock) -> None:
        """Store the issuers, the fetcher of their documents, and the clock."""
        self._verifiers = {each.issuer: _verifier(each, fetcher, clock) for each in issuers}
        self._claimed_issuer = functools.lru_cache(REMEMBERED_NAMES)(read_issuer)

    def issuer_of(self, token: str) -> str | None:
        """Return the trusted issuer that a token names, unverified; None for any other issuer."""
        try:
            issuer = self._claimed_issuer(token)
        except InvalidTokenError:
            return None
        return issuer if issuer in self._verifiers else None

    async def verify(self, issuer: str, token: str) -> ForeignToken:
        """Return the content of a valid token of this issuer.

        Raises ``InvalidAccessTokenError``, and ``IssuerUnavailableError`` while the issuer's keys are unavailable.
        """
        try:
            return await self._verifiers[issuer].verify(token)
        except InvalidTokenError as error:
            report(ForeignTokenRefused(issuer=issuer, reason=str(error)))
            raise InvalidAccessTokenError from error
        except UnavailableError as error:
            report(IssuerUnavailable(issuer=issuer))
            raise IssuerUnavailableError from error


def _verifier(issuer: TrustedIssuer, fetcher: Fetcher, clock: Clock) -> TokenVerifier[ForeignToken]:
    preset = PRESETS[issuer.preset]
    rules = IssuerRules(
        issuer=issuer.issuer,
        audiences=frozenset(issuer.audiences),
        algorithms=frozenset(issuer.algorithms),
        leeway_seconds=issuer.leeway_seconds,
        token_rule=preset.token_rule,
        required_claims=preset.required_claims,
    )
    fetch = _fetch_with(fetcher, allow_private_addresses=issuer.allow_private_addresses)
    # The fetcher allows plain http only to private addresses.
    discovery = Discovery(issuer.issuer, fetch, allow_http=issuer.allow_private_addresses)
    key_set = KeySet(issuer.jwks_uri or discovery.locate_keys, fetch)
    return TokenVerifier(rules, key_set, _reader(issuer), now=lambda: clock.now().timestamp())


def _fetch_with(fetcher: Fetcher, *, allow_private_addresses: bool) -> Callable[[str], Awaitable[FetchedKeys]]:
    async def fetch(url: str) -> FetchedKeys:
        try:
            document = await fetcher.fetch(url, allow_private_addresses=allow_private_addresses)
        except DocumentUnavailableError as error:
            raise FetchError(error.reason) from error
        return FetchedKeys(document.body, document.headers.get("cache-control", ""))

    return fetch


def _reader(issuer: TrustedIssuer) -> Callable[[Claims], ForeignToken]:
    preset = PRESETS[issuer.preset]
    roles_claim = issuer.roles_claim or preset.roles_claim

    def read(claims: Claims) -> ForeignToken:
        check_claims(claims, preset)
        names = names_of(claims, roles_claim=roles_claim, scope_claim=preset.scope_claim)
        scopes, makes_user = mapped_scopes(names, issuer.roles), issuer.users == "create"
        thumbprint = bound_thumbprint(claims)
        return ForeignToken(issuer.issuer, claims["sub"], scopes, makes_user=makes_user, thumbprint=thumbprint)

    return read

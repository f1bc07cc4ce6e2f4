"""OpenID providers for the sign-in of users: the authorization code flow with PKCE, as a confidential client.

OpenID Connect Core 1.0 section 3.1, RFC 6749, RFC 7636, RFC 9207. A provider's answers are bounded in size and time
(``outbound.py``), and are never logged.
"""

from base64 import b64encode
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Final, Literal, Protocol
from urllib.parse import quote_plus, urlencode

from doorward.core.frozen import frozen
from doorward.core.ports import Clock
from doorward.domain.federation.events import FederatedLoginRefused, LoginProviderUnavailable
from doorward.domain.federation.exceptions import (
    InvalidProviderAnswerError,
    ProviderDeclinedError,
    ProviderUnavailableError,
    StaleProviderAnswerError,
)
from doorward.domain.federation.login_models import LoginRequest, ProviderAnswer, VerifiedIdentity
from doorward.domain.federation.login_requests import is_answered
from doorward.domain.federation.policy import may_name_a_subject
from doorward.domain.oauth.pkce import challenge_of
from doorward.infrastructure.outbound import DocumentUnavailableError, Fetcher
from doorward.infrastructure.outbound_http import Answer
from doorward.observability.logging import report
from doorward.settings.login_providers import LoginProvider
from doorward_client.exceptions import FetchError, InvalidTokenError, UnavailableError
from doorward_client.key_sets import FetchedKeys, KeySet
from doorward_client.metadata import Discovery, Metadata
from doorward_client.strict_json import parse_object
from doorward_client.verification import Claims, IssuerRules, TokenRule
from doorward_client.verifier import TokenVerifier

TOTAL_SECONDS: Final = 5.0
"""Timeout of one document, and of the exchange of a code."""

_OK: Final = 200
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERROR: Final = 500
_REQUIRED_CLAIMS: Final = frozenset({"sub", "exp", "iat", "nonce"})
_ID_TOKEN: Final = TokenRule(header_types=None)
"""ID tokens have no header type of their own. The token endpoint's answer and the nonce identify them."""


class FormFetcher(Fetcher, Protocol):
    """Also sends forms to other services, at allowed addresses only."""

    async def send_form(self, url: str, form: bytes, *, authorization: str, allow_private_addresses: bool) -> Answer:
        """Return the answer to a form. Raises ``DocumentUnavailableError``."""
        ...


@frozen
class _IdToken:
    """The content of an ID token."""

    subject: str
    nonce: str
    authenticated_at: datetime | None


class OpenIdProvider:
    """One provider. Nothing is fetched before the first sign-in with it."""

    def __init__(self, settings: LoginProvider, redirect_uri: str, *, fetcher: FormFetcher, clock: Clock) -> None:
        """Store the settings, the redirect URI, the fetcher and the clock."""
        self._settings = settings
        self._redirect_uri = redirect_uri
        self._fetcher = fetcher
        allows_http = settings.allow_private_addresses
        # The fetcher allows plain http only to private addresses.
        self._discovery = Discovery(settings.issuer, self._fetch, allow_http=allows_http)
        rules = IssuerRules(
            issuer=settings.issuer,
            audiences=frozenset({settings.client_id}),
            token_rule=_ID_TOKEN,
            required_claims=_REQUIRED_CLAIMS,
        )
        self._verifier = TokenVerifier(
            rules,
            KeySet(self._discovery.locate_keys, self._fetch),
            self._read_claims,
            now=lambda: clock.now().timestamp(),
            remembered_tokens=1,
        )

    @property
    def name(self) -> str:
        """The provider's name in URLs."""
        return self._settings.name

    @property
    def label(self) -> str:
        """The provider's name for users."""
        return self._settings.label

    @property
    def issuer(self) -> str:
        """The provider's issuer identifier."""
        return self._settings.issuer

    async def address(self, request: LoginRequest, state: str) -> str:
        """Return the URL to which the browser is redirected. Raises ``ProviderUnavailableError``."""
        endpoint = (await self._metadata()).authorization_endpoint
        if endpoint is None:
            raise self._unavailable("metadata")
        parameters = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(self._settings.scopes),
            "state": state,
            "nonce": request.nonce,
            "code_challenge": challenge_of(request.verifier),
            "code_challenge_method": "S256",
            **({"prompt": "login", "max_age": "0"} if request.requires_new_sign_in else {}),
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"

    async def identity(self, request: LoginRequest, answer: ProviderAnswer) -> VerifiedIdentity:
        """Return the identity of the user whom the provider has authenticated.

        Raises ``InvalidProviderAnswerError``, ``ProviderDeclinedError``, ``StaleProviderAnswerError`` if the user had
        to sign in again and did not, and ``ProviderUnavailableError``.
        """
        metadata = await self._metadata()
        if answer.issuer != self.issuer and (answer.issuer is not None or metadata.names_itself_in_answers):
            raise self._refused("issuer")
        if answer.error is not None:
            report(FederatedLoginRefused(provider=self.name, reason="declined"))
            raise ProviderDeclinedError
        if answer.code is None:
            raise self._refused("code")
        token = await self._exchange(metadata, answer.code, request.verifier)
        try:
            verified = await self._verifier.verify(token)
        except InvalidTokenError as error:
            raise self._refused("id_token") from error
        except UnavailableError as error:
            raise self._unavailable("keys") from error
        if not compare_digest(verified.nonce.encode(), request.nonce.encode()):
            raise self._refused("id_token")
        if not is_answered(request, verified.authenticated_at):
            report(FederatedLoginRefused(provider=self.name, reason="auth_time"))
            raise StaleProviderAnswerError
        return VerifiedIdentity(self.issuer, verified.subject, verified.authenticated_at)

    async def _exchange(self, metadata: Metadata, code: str, verifier: str) -> str:
        """Exchange a code for an ID token (OpenID Connect Core 1.0 section 3.1.3)."""
        if metadata.token_endpoint is None:
            raise self._unavailable("metadata")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        try:
            answer = await self._fetcher.send_form(
                metadata.token_endpoint,
                urlencode(form).encode(),
                authorization=self._authorization(),
                allow_private_addresses=self._settings.allow_private_addresses,
            )
        except DocumentUnavailableError as error:
            raise self._unavailable("token") from error
        if answer.status >= _SERVER_ERROR or answer.status == _TOO_MANY_REQUESTS:
            raise self._unavailable("token")
        if answer.status != _OK:
            raise self._refused("code")
        try:
            token = parse_object(answer.body).get("id_token")
        except ValueError as error:
            raise self._refused("id_token") from error
        if not isinstance(token, str):
            raise self._refused("id_token")
        return token

    def _authorization(self) -> str:
        """Return the client's credentials for HTTP Basic: both parts are form-encoded (RFC 6749 section 2.3.1)."""
        secret = self._settings.client_secret.get_secret_value()
        pair = f"{quote_plus(self._settings.client_id)}:{quote_plus(secret)}"
        return f"Basic {b64encode(pair.encode()).decode()}"

    def _read_claims(self, claims: Claims) -> _IdToken:
        """Return a genuine token's content (OpenID Connect Core 1.0 section 3.1.3.7). Raises ``InvalidTokenError``."""
        audience, party, at = claims["aud"], claims.get("azp"), claims.get("auth_time")
        if party != self._settings.client_id and (party is not None or (isinstance(audience, list) and audience[1:])):
            raise InvalidTokenError("The ID token was issued to another client.")
        nonce = claims["nonce"]
        if not may_name_a_subject(claims["sub"]) or not isinstance(nonce, str) or not nonce.isascii():
            raise InvalidTokenError("The ID token names no subject, or has no nonce.")
        return _IdToken(claims["sub"], nonce, None if at is None else _time_of(at))

    async def _metadata(self) -> Metadata:
        try:
            return await self._discovery.metadata()
        except FetchError as error:
            raise self._unavailable("metadata") from error

    async def _fetch(self, url: str) -> FetchedKeys:
        try:
            document = await self._fetcher.fetch(url, allow_private_addresses=self._settings.allow_private_addresses)
        except DocumentUnavailableError as error:
            raise FetchError(error.reason) from error
        return FetchedKeys(document.body, document.headers.get("cache-control", ""))

    def _refused(self, reason: Literal["issuer", "code", "id_token"]) -> InvalidProviderAnswerError:
        report(FederatedLoginRefused(provider=self.name, reason=reason))
        return InvalidProviderAnswerError()

    def _unavailable(self, reason: Literal["metadata", "token", "keys"]) -> ProviderUnavailableError:
        report(LoginProviderUnavailable(provider=self.name, reason=reason))
        return ProviderUnavailableError()


def _time_of(claim: object) -> datetime:
    """Return a NumericDate. Raises ``InvalidTokenError``."""
    if isinstance(claim, bool) or not isinstance(claim, int | float):
        raise InvalidTokenError("A time of the ID token is malformed.")
    try:
        return datetime.fromtimestamp(claim, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidTokenError("A time of the ID token is malformed.") from error

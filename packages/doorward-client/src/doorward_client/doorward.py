"""The main class: one object per service, which knows the issuer and verifies the tokens of callers."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from doorward_client.addresses import check_address
from doorward_client.asgi import App, ProtectedApp
from doorward_client.challenges import Challenges
from doorward_client.credentials import Credentials
from doorward_client.current_user import CurrentUser, check_acr, check_scopes, read_user
from doorward_client.introspection import Introspection
from doorward_client.key_sets import KeySet
from doorward_client.metadata import Discovery
from doorward_client.possession import Possession
from doorward_client.proofs import PresentedProof
from doorward_client.protected_resource import ProtectedResource
from doorward_client.transports import ClientCredentials, Transport
from doorward_client.verification import IssuerRules
from doorward_client.verifier import TokenVerifier

if TYPE_CHECKING:
    from fastapi import APIRouter
    from fastapi.params import Depends


class Doorward:
    """Verifies access tokens of one doorward instance for one service.

    ``issuer`` is doorward's PUBLIC_URL, exactly. ``audience`` is the name of this service in tokens, or several such
    names. ``client_id`` and ``client_secret`` are only for ``live=True``. ``internal_url`` is the address at which this
    service reaches doorward, if it differs from the public one. Nothing is fetched before the first token.

    ``public_url`` is for tokens that are bound to a key (DPoP, RFC 9449): the address at which clients reach the path
    ``/`` of this service, and for which their proofs must be. The default is the origin of ``audience``; a service that
    has neither accepts no bound tokens. ``bound_tokens_only`` refuses all others.
    """

    def __init__(
        self,
        issuer: str,
        audience: str | Collection[str],
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        internal_url: str | None = None,
        algorithms: Collection[str] = ("ES256", "RS256"),
        public_url: str | None = None,
        bound_tokens_only: bool = False,
    ) -> None:
        """Raise ``ValueError`` for settings that cannot work, or that would accept foreign tokens."""
        audiences = [audience] if isinstance(audience, str) else list(audience)
        if bool(client_id) != bool(client_secret):
            raise ValueError("client_id and client_secret belong together.")
        self._rules = IssuerRules(
            issuer=issuer,
            audiences=frozenset(audiences),
            algorithms=frozenset(algorithms),
            required_claims=frozenset({"sub", "exp", "iat", "jti", "client_id"}),
        )
        self._audience = audiences[0]
        self._public_url = _origin_of(audiences[0]) if public_url is None else _checked(public_url)
        if bound_tokens_only and self._public_url is None:
            raise ValueError("bound_tokens_only needs public_url, or an audience that is an address.")
        self._bound_tokens_only = bound_tokens_only
        self._possession = Possession(is_required=bound_tokens_only)
        self._internal_url = internal_url
        self._resource: ProtectedResource | None = None
        self._credentials = ClientCredentials(client_id, client_secret) if client_id and client_secret else None
        # Imported here, so that the package can be used without an HTTP client.
        from doorward_client.http_transport import HttpTransport  # noqa: PLC0415 - as above

        self.use_transport(HttpTransport())

    @property
    def issuer(self) -> str:
        """Return the issuer whose tokens are accepted."""
        return self._rules.issuer

    @property
    def audience(self) -> str:
        """Return the name of this service in tokens; the first one if there are several."""
        return self._audience

    def use_transport(self, transport: Transport) -> None:
        """Replace the transport to the issuer, and forget its keys. For tests, and for networks of your own."""
        discovery = Discovery(self.issuer, transport.get, internal_url=self._internal_url)
        key_set = KeySet(discovery.locate_keys, transport.get)
        self._verifier = TokenVerifier(self._rules, key_set, read_user)
        self._introspection = (
            Introspection(transport, discovery.introspection_endpoint, self._credentials)
            if self._credentials is not None
            else None
        )

    async def verify(self, token: str, *, live: bool = False, proof: PresentedProof | None = None) -> CurrentUser:
        """Verify an access token, and return its user.

        ``live`` also introspects the token at the issuer: whether it is still active, and which of its scopes are left.
        The result is cached for 10 s per token. ``proof`` is that of a call with the scheme DPoP (RFC 9449 section
        7.1), to whose key the token must be bound; without it, a bound token is refused. A proof works once in this
        process.

        Raises ``InvalidTokenError``, including its subclass ``BoundTokenError``; ``InvalidProofError``;
        ``UnavailableError`` if the issuer is not available when it is needed, or if there are more proofs than can be
        remembered.
        """
        user = await self._verifier.verify(token)
        self._possession.check(token, user.thumbprint, proof)
        return await self._alive(token, user) if live else user

    def describe(
        self, *, scopes: Sequence[str] = (), name: str | None = None, documentation: str | None = None
    ) -> ProtectedResource:
        """Create the metadata of this service (RFC 9728). From now on, challenges have their URL.

        ``audience`` must be the address of the service. ``scopes`` are what clients may request, ``name`` and
        ``documentation`` (a URL) may be shown to users. Raises ``ValueError``.
        """
        check_scopes(scopes)
        self._resource = ProtectedResource(
            self.audience, self.issuer, tuple(scopes), name, documentation, self._bound_tokens_only
        )
        return self._resource

    def metadata_router(self) -> "APIRouter":
        """Return the FastAPI router of the metadata: ``app.include_router(auth.metadata_router())``.

        Clients look for it below the root of the host, so an application that is mounted elsewhere must not include it.
        """
        from doorward_client.dependencies import metadata_router  # noqa: PLC0415 - an extra

        return metadata_router(self._resource or self.describe())

    def protect(self, app: App, *scopes: str, live: bool = False) -> ProtectedApp:
        """Return an ASGI application that forwards a call to this one if its token has all these scopes.

        It also serves the metadata, and needs no web framework. Inside, ``scope["state"]["user"]`` is the caller.
        """
        check_scopes(scopes)
        if live:
            self._introspection_needed()

        async def verify(credentials: Credentials) -> CurrentUser:
            user = await self._caller(credentials, live=live)
            user.require_scopes(scopes)
            return user

        resource = self._resource or self.describe(scopes=scopes)
        return ProtectedApp(app, verify, self._challenges(scopes), resource, self._public_url)

    def user(self, *, live: bool = False) -> "Depends":
        """Return a FastAPI dependency: the caller, with any scopes."""
        return self.require_scope(live=live)

    def require_scope(self, *scopes: str, live: bool = False) -> "Depends":
        """Return a FastAPI dependency: the caller, whose token must have all these scopes."""
        check_scopes(scopes)
        return self._dependency(lambda user: user.require_scopes(scopes), scopes=scopes, live=live)

    def require_acr(self, acr: str, *, max_age: int | None = None, live: bool = False) -> "Depends":
        """Return a FastAPI dependency: the user, who must have signed in at this level, within ``max_age`` seconds.

        ``acr`` is "1" (one factor), "2" (two factors) or "phr" (a passkey that has verified its user). A higher
        level is accepted, too.
        """
        check_acr(acr, max_age)
        return self._dependency(lambda user: user.require_acr(acr, max_age, time.time()), scopes=(), live=live)

    def _dependency(self, require: Callable[[CurrentUser], None], *, scopes: Sequence[str], live: bool) -> "Depends":
        # Imported here, because verify() must work without the extra "fastapi".
        from doorward_client.dependencies import caller_dependency  # noqa: PLC0415 - as above

        if live:
            self._introspection_needed()

        async def verify(credentials: Credentials) -> CurrentUser:
            user = await self._caller(credentials, live=live)
            require(user)
            return user

        return caller_dependency(verify, scopes, lambda: self._challenges(scopes), self._public_url)

    async def _caller(self, credentials: Credentials, *, live: bool) -> CurrentUser:
        """Return the caller of a request. It is verified once, even for several dependencies."""
        asked = (self, credentials.token, credentials.proof)
        if asked not in credentials.accepted:
            credentials.accepted[asked] = await self.verify(credentials.token, proof=credentials.proof)
        user = credentials.accepted[asked]
        return await self._alive(credentials.token, user) if live else user

    async def _alive(self, token: str, user: CurrentUser) -> CurrentUser:
        """Return the user with the scopes that the issuer reports as left."""
        left = await self._introspection_needed().check(token, user.thumbprint)
        return user if left is None else replace(user, scopes=user.scopes & left)

    def _challenges(self, scopes: Sequence[str]) -> Challenges:
        """Return the parameters of challenges, with the current metadata URL."""
        address = None if self._resource is None else self._resource.address
        return Challenges(address, scopes, by_proof=self._bound_tokens_only)

    def _introspection_needed(self) -> Introspection:
        if self._introspection is None:
            raise ValueError("live=True needs client_id and client_secret.")
        return self._introspection


def _origin_of(audience: str) -> str | None:
    """Return the origin of an audience that is a URL; None for any other name."""
    try:
        check_address(audience, allow_http=True)
    except ValueError:
        return None
    parts = urlsplit(audience)
    return f"{parts.scheme}://{parts.netloc}"


def _checked(public_url: str) -> str:
    check_address(public_url, allow_http=True)
    if urlsplit(public_url).query:
        raise ValueError("public_url must have no query.")
    return public_url

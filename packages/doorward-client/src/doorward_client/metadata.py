"""An issuer's own description: where its keys are, and where it says whether a token is active.

RFC 8414 (OAuth authorization server metadata), OpenID Connect Discovery 1.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from doorward_client.addresses import check_address
from doorward_client.exceptions import FetchError
from doorward_client.key_sets import Fetch
from doorward_client.strict_json import parse_object


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is read of an issuer's description. Addresses are those that this service calls."""

    jwks_uri: str
    introspection_endpoint: str | None
    authorization_endpoint: str | None = None
    """Where browsers are sent, so it is as the issuer names it, also with an ``internal_url``."""
    token_endpoint: str | None = None
    names_itself_in_answers: bool = False
    """Whether answers to browsers have ``iss`` (RFC 9207)."""


class Discovery:
    """Fetches the description of one issuer when it is needed.

    With ``internal_url`` the issuer is reached there: its addresses keep their paths, while tokens keep its public
    name. ``allow_http`` accepts addresses with http of other machines.
    """

    def __init__(self, issuer: str, fetch: Fetch, *, internal_url: str | None = None, allow_http: bool = False) -> None:
        """Raise ``ValueError`` for addresses that are none, or that are neither https nor of this machine."""
        check_address(issuer, allow_http=allow_http)
        if internal_url is not None:
            check_address(internal_url, allow_http=True)
        self._issuer = issuer
        self._fetch = fetch
        self._internal_url = internal_url
        # An issuer with https that names a key set with http would have it read, and changed, on the way.
        self._allows_any_http = allow_http
        self._allows_http_here = urlsplit(issuer).scheme == "http"
        self._known: Metadata | None = None

    async def locate_keys(self) -> str:
        """Return the address of the key set, by a description that is fetched now. Raises ``FetchError``."""
        return (await self._fetched()).jwks_uri

    async def introspection_endpoint(self) -> str:
        """Return the address, by the newest description that was ever fetched. Raises ``FetchError``."""
        metadata = await self.metadata()
        if metadata.introspection_endpoint is None:
            raise FetchError("The issuer names no introspection_endpoint.")
        return metadata.introspection_endpoint

    async def metadata(self) -> Metadata:
        """Return the newest description that was ever fetched. Raises ``FetchError``."""
        return self._known or await self._fetched()

    async def _fetched(self) -> Metadata:
        """Return the description from the first place that has one of this issuer."""
        first, second = _places(self._internal_url or self._issuer)
        try:
            self._known = await self._fetched_from(first)
        except FetchError:
            self._known = await self._fetched_from(second)
        return self._known

    async def _fetched_from(self, place: str) -> Metadata:
        fetched = await self._fetch(place)
        try:
            return self._read(parse_object(fetched.body))
        except ValueError as error:
            raise FetchError(f"The issuer's metadata is not usable. {error}") from error

    def _read(self, document: Mapping[str, Any]) -> Metadata:
        # RFC 8414 section 3.3: or one issuer could pass as another.
        if document.get("issuer") != self._issuer:
            raise ValueError("It is of another issuer.")
        jwks_uri = document.get("jwks_uri")
        if not isinstance(jwks_uri, str):
            # A text of the document's own would end in the log.
            raise ValueError("It names no jwks_uri.")  # noqa: TRY004 - callers catch one class
        return Metadata(
            jwks_uri=self._reachable(jwks_uri),
            introspection_endpoint=self._optional(document.get("introspection_endpoint")),
            authorization_endpoint=self._if_usable(document.get("authorization_endpoint"), is_for_browsers=True),
            token_endpoint=self._if_usable(document.get("token_endpoint")),
            names_itself_in_answers=document.get("authorization_response_iss_parameter_supported") is True,
        )

    def _optional(self, address: object) -> str | None:
        return self._reachable(address) if isinstance(address, str) else None

    def _if_usable(self, address: object, *, is_for_browsers: bool = False) -> str | None:
        """Return an address that only some callers need; None for one that nothing may be sent to."""
        if not isinstance(address, str):
            return None
        try:
            reachable = self._reachable(address)
        except ValueError:
            return None
        return address if is_for_browsers else reachable

    def _reachable(self, address: str) -> str:
        """Return the address at which this service reaches one that the issuer names. Raises ``ValueError``."""
        public = self._issuer.rstrip("/")
        if self._internal_url is not None and address.startswith(f"{public}/"):
            internal = self._internal_url.rstrip("/") + address.removeprefix(public)
            check_address(internal, allow_http=True)
            return internal
        check_address(address, allow_http=self._allows_any_http)
        if urlsplit(address).scheme == "http" and not (self._allows_any_http or self._allows_http_here):
            raise ValueError("An address of it must begin with https://.")
        return address


def _places(issuer: str) -> tuple[str, str]:
    """Return where descriptions are: RFC 8414 section 3 puts its name before the issuer's path, OpenID after it."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    origin = f"{parts.scheme}://{parts.netloc}"
    return (
        f"{origin}/.well-known/oauth-authorization-server{path}",
        f"{origin}{path}/.well-known/openid-configuration",
    )

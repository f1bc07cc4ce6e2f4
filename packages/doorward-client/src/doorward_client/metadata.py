"""The metadata of an issuer: the addresses of its keys and of its endpoints.

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
    """The metadata that this package uses. The addresses are those that this service calls."""

    jwks_uri: str
    introspection_endpoint: str | None
    authorization_endpoint: str | None = None
    """Browsers are sent there, so it is always the public address, even with an ``internal_url``."""
    token_endpoint: str | None = None
    names_itself_in_answers: bool = False
    """Whether authorization responses have ``iss`` (RFC 9207)."""


class Discovery:
    """Fetches the metadata of one issuer on demand.

    With ``internal_url`` the issuer is reached there: its addresses keep their paths, while tokens keep its public
    name. ``allow_http`` accepts http addresses on other machines.
    """

    def __init__(self, issuer: str, fetch: Fetch, *, internal_url: str | None = None, allow_http: bool = False) -> None:
        """Raise ``ValueError`` for invalid addresses, and for http addresses on other machines."""
        check_address(issuer, allow_http=allow_http)
        if internal_url is not None:
            check_address(internal_url, allow_http=True)
        self._issuer = issuer
        self._fetch = fetch
        self._internal_url = internal_url
        # If an https issuer could name an http key set, attackers on the network could replace the keys.
        self._allows_any_http = allow_http
        self._allows_http_here = urlsplit(issuer).scheme == "http"
        self._known: Metadata | None = None

    async def locate_keys(self) -> str:
        """Fetch the metadata now, and return the address of the key set. Raises ``FetchError``."""
        return (await self._fetched()).jwks_uri

    async def introspection_endpoint(self) -> str:
        """Return the address in the metadata that were fetched last. Raises ``FetchError``."""
        metadata = await self.metadata()
        if metadata.introspection_endpoint is None:
            raise FetchError("The issuer names no introspection_endpoint.")
        return metadata.introspection_endpoint

    async def metadata(self) -> Metadata:
        """Return the metadata that were fetched last; fetch them if there are none. Raises ``FetchError``."""
        return self._known or await self._fetched()

    async def _fetched(self) -> Metadata:
        """Fetch the metadata from the first location that has valid metadata of this issuer."""
        first, second = _locations(self._internal_url or self._issuer)
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
        # RFC 8414 section 3.3: otherwise one issuer could impersonate another.
        if document.get("issuer") != self._issuer:
            raise ValueError("It is of another issuer.")
        jwks_uri = document.get("jwks_uri")
        if not isinstance(jwks_uri, str):
            # Not a part of the message, because the document's text would get into the log.
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
        """Return an address that is optional; None if it is missing or must not be used."""
        if not isinstance(address, str):
            return None
        try:
            reachable = self._reachable(address)
        except ValueError:
            return None
        return address if is_for_browsers else reachable

    def _reachable(self, address: str) -> str:
        """Return the address at which this service reaches an address of the issuer. Raises ``ValueError``."""
        public = self._issuer.rstrip("/")
        if self._internal_url is not None and address.startswith(f"{public}/"):
            internal = self._internal_url.rstrip("/") + address.removeprefix(public)
            check_address(internal, allow_http=True)
            return internal
        check_address(address, allow_http=self._allows_any_http)
        if urlsplit(address).scheme == "http" and not (self._allows_any_http or self._allows_http_here):
            raise ValueError("Its addresses must begin with https://.")
        return address


def _locations(issuer: str) -> tuple[str, str]:
    """Return the two locations of metadata.

    RFC 8414 section 3 has the well-known name before the issuer's path, OpenID Connect Discovery after it.
    """
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    origin = f"{parts.scheme}://{parts.netloc}"
    return (
        f"{origin}/.well-known/oauth-authorization-server{path}",
        f"{origin}{path}/.well-known/openid-configuration",
    )

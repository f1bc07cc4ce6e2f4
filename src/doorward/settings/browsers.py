"""Settings for browsers: the public address, allowed origins (CORS), and allowed host names."""

from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from doorward.settings.topic import Topic, split_list
from doorward.settings.web_addresses import (
    ANY_ORIGIN,
    check_header_names,
    check_hosts,
    check_origins,
    check_public_address,
    is_ip_address,
    split_public_address,
)

LOOPBACK_HOSTS: Final = ("localhost", "127.0.0.1", "::1")


class BrowserSettings(Topic):
    """The public address of the service, and the origins whose pages may call it."""

    public_url: Annotated[str, AfterValidator(check_public_address)] | None = Field(
        None, examples=["https://auth.example.com"]
    )
    """The address at which clients reach the service, with a path if a proxy serves it below one
    (`https://example.com/auth`). With `https://`, every response tells browsers to use HTTPS only (HSTS). With
    `https://`, or `http://` on this machine, the service also issues tokens that other services verify (extra
    `doorward[oauth]`). With `https://` and a host name, or `http://localhost`, users can have passkeys (extra
    `doorward[passkeys]`). Passkeys are bound to the host name, and are lost when it changes."""

    cors_allow_origins: Annotated[tuple[str, ...], split_list, AfterValidator(check_origins)] = Field(
        (), examples=["https://app.example.com,http://localhost:3000"]
    )
    """Origins whose pages may call the API, separated by commas, exactly as browsers send them; also those of apps
    (`capacitor://localhost`). Empty: only the service's own. `*`: all."""

    cors_allow_headers: Annotated[tuple[str, ...], split_list, AfterValidator(check_header_names)] = Field(
        (), examples=["X-Client-Version,X-Tenant"]
    )
    """Further headers that those pages may send, separated by commas. Common ones are always allowed (`Authorization`,
    `Content-Type`, `If-Match`, `Baggage`, `Sentry-Trace`, `X-Requested-With` and others)."""

    cors_allow_credentials: bool = Field(default=False, examples=["false"])
    """Whether those pages may send requests with cookies. The API uses no cookies, and bearer tokens work without this:
    enable it only for clients that always send credentials. Refused together with `*`."""

    allowed_hosts: Annotated[tuple[str, ...], split_list, AfterValidator(check_hosts)] = Field(
        (), examples=["auth.example.com,*.internal.example.com"]
    )
    """Host names that requests may use (the `Host` header), separated by commas; `*.` in front for all subdomains.
    Empty: any. Health checks are answered for every name."""

    docs_enabled: bool = Field(default=True, examples=["false"])
    """Whether `/docs`, `/redoc` and `/openapi.json` are served."""

    @property
    def path_prefix(self) -> str:
        """The path of PUBLIC_URL, below which clients reach the service: for example ``/auth``, or empty."""
        return split_public_address(self.public_url or "")[1]

    @property
    def public_origin(self) -> str | None:
        """The origin of PUBLIC_URL as browsers serialize it (RFC 6454 section 6.2); None if PUBLIC_URL is unset."""
        return None if self.public_url is None else split_public_address(self.public_url)[0]

    @property
    def provider_issuer(self) -> str | None:
        """The issuer of tokens for other services, which is PUBLIC_URL; None if the OpenID provider is off.

        The provider is on only if the network cannot read or change the traffic: with https, or on this machine.
        """
        if self.public_url is None:
            return None
        address = urlsplit(self.public_url)
        return self.public_url if address.scheme == "https" or address.hostname in LOOPBACK_HOSTS else None

    @property
    def relying_party(self) -> tuple[str, str] | None:
        """The host and the origin that passkeys are bound to; None if browsers do not allow passkeys for PUBLIC_URL.

        Browsers allow them with https or on this machine, and only for host names (Web Authentication section 5.1.2).
        """
        origin = self.public_origin
        if origin is None:
            return None
        address = urlsplit(origin)
        host = address.hostname or ""
        if is_ip_address(host) or (address.scheme != "https" and host != "localhost"):
            return None
        return host, origin

    @model_validator(mode="after")
    def _credentials_for_named_origins_only(self) -> Self:
        if self.cors_allow_credentials and ANY_ORIGIN in self.cors_allow_origins:
            raise ValueError(
                "CORS_ALLOW_ORIGINS must name its origins while CORS_ALLOW_CREDENTIALS is true: * would let "
                "every page act as the user; for example https://app.example.com"
            )
        return self

"""Settings of the OpenID providers with which users can sign in."""

from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from doorward.settings.entries import check_unique, has_allowed_scheme, is_service_address, read_entries
from doorward.settings.topic import Topic

_EXAMPLE: Final = (
    '[{"name": "acme", "label": "ACME", "issuer": "https://login.acme.example", "client_id": "doorward", '
    '"client_secret": "..."}]'
)
_Text = Annotated[str, Field(min_length=1, max_length=512)]
_Scope = Annotated[str, Field(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]{1,128}$")]
"""A scope token (RFC 6749 section 3.3)."""


class LoginProvider(BaseModel):
    """An OpenID provider, and the client that the service uses there: docs/login-providers.md."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
    label: Annotated[str, Field(min_length=1, max_length=64)]
    issuer: _Text
    client_id: _Text
    client_secret: Annotated[SecretStr, Field(min_length=1, max_length=512)]
    scopes: Annotated[tuple[_Scope, ...], Field(max_length=20)] = ("openid",)
    allow_private_addresses: bool = False

    def __str__(self) -> str:
        """Return the name, which represents the entry in lists of settings."""
        return self.name

    @model_validator(mode="after")
    def _address_and_scopes(self) -> Self:
        if not is_service_address(self.issuer):
            raise ValueError("issuer is an address with a host, without user, query and fragment")
        if not has_allowed_scheme(self.issuer, allows_http=self.allow_private_addresses):
            raise ValueError("issuer begins with https://; http:// needs allow_private_addresses")
        if "openid" not in self.scopes:
            raise ValueError("scopes: openid is needed, because without it the provider returns no ID token")
        if not self.label.isprintable() or not self.label.strip():
            raise ValueError("label: it is the text of the button, and must be visible")
        return self


def _read_providers(value: object) -> object:
    """Return the providers of inline JSON or of a file. Raises ``ValueError``."""
    return read_entries(value, LoginProvider, "providers")


def _check_providers(providers: tuple[LoginProvider, ...]) -> tuple[LoginProvider, ...]:
    check_unique([each.name for each in providers])
    check_unique([each.issuer for each in providers])
    return providers


class LoginProviderSettings(Topic):
    """The OpenID providers with which users can sign in."""

    login_providers: Annotated[
        tuple[LoginProvider, ...], BeforeValidator(_read_providers), AfterValidator(_check_providers)
    ] = Field((), examples=[_EXAMPLE])
    """OpenID providers with which users can sign in, with their client secrets, as JSON, or the path of a JSON or TOML
    file: docs/login-providers.md. Needs PUBLIC_URL (`https://`, or `http://` on this machine) and the extras
    `doorward[issuers,oauth]`. Empty: none."""

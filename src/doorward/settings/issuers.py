"""Settings of other issuers whose access tokens are accepted."""

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from doorward.domain.auth.scopes import RESOURCE_SCOPES
from doorward.settings.entries import check_unique, has_allowed_scheme, is_service_address, read_entries
from doorward.settings.topic import Topic

KEYCLOAK_DEFAULT_AUDIENCE: Final = "account"
_EXAMPLE: Final = (
    '[{"issuer": "https://keycloak.example.com/realms/shop", "preset": "keycloak", "audiences": ["items"], '
    '"roles": {"editor": ["items:read", "items:write"]}}]'
)
_Text = Annotated[str, Field(min_length=1, max_length=512)]


class TrustedIssuer(BaseModel):
    """An issuer whose access tokens are accepted, and what they allow: docs/trusted-issuers.md."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    issuer: _Text
    audiences: Annotated[tuple[_Text, ...], Field(min_length=1)]
    algorithms: Annotated[tuple[Literal["RS256", "ES256"], ...], Field(min_length=1)] = ("RS256", "ES256")
    jwks_uri: _Text | None = None
    preset: Literal["keycloak", "cognito", "entra", "auth0", "generic"] = "generic"
    roles: Annotated[dict[_Text, tuple[str, ...]], Field(min_length=1)]
    roles_claim: _Text | None = None
    users: Literal["create", "none"] = "create"
    leeway_seconds: Annotated[int, Field(ge=0, le=300)] = 30
    allow_private_addresses: bool = False

    def __str__(self) -> str:
        """Return the issuer, which represents the entry in lists of settings."""
        return self.issuer

    @model_validator(mode="after")
    def _addresses_and_rights(self) -> Self:
        for address in (self.issuer, self.jwks_uri):
            if address is not None:
                _check_address(address, allows_http=self.allow_private_addresses)
        if KEYCLOAK_DEFAULT_AUDIENCE in self.audiences:
            raise ValueError(
                "audiences: account is in almost every token of Keycloak. Give the client an audience of its own"
            )
        for scopes in self.roles.values():
            if not RESOURCE_SCOPES.issuperset(scopes) or not scopes:
                raise ValueError(f"roles: each stands for scopes among {', '.join(sorted(RESOURCE_SCOPES))}")
        return self


def _check_address(text: str, *, allows_http: bool) -> None:
    if not is_service_address(text):
        raise ValueError("issuer and jwks_uri are addresses with a host, without user, query and fragment")
    if not has_allowed_scheme(text, allows_http=allows_http):
        raise ValueError("issuer and jwks_uri begin with https://; http:// needs allow_private_addresses")


def _read_issuers(value: object) -> object:
    """Return the issuers of inline JSON or of a file. Raises ``ValueError``."""
    return read_entries(value, TrustedIssuer, "issuers")


def _check_issuers(issuers: tuple[TrustedIssuer, ...]) -> tuple[TrustedIssuer, ...]:
    check_unique([each.issuer for each in issuers])
    return issuers


class IssuerSettings(Topic):
    """The other issuers whose access tokens are accepted."""

    trusted_issuers: Annotated[
        tuple[TrustedIssuer, ...], BeforeValidator(_read_issuers), AfterValidator(_check_issuers)
    ] = Field((), examples=[_EXAMPLE])
    """Issuers whose access tokens the routes of items accept, as JSON, or the path of a JSON or TOML file:
    docs/trusted-issuers.md. Needs the extra `doorward[issuers]`. Empty: none."""

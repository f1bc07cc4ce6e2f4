"""Settings of foreign issuers, whose access tokens are accepted."""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from doorward.domain.auth.scopes import RESOURCE_SCOPES
from doorward.settings.topic import Topic

MAXIMUM_FILE_BYTES: Final = 256 * 1024
KEYCLOAKS_OWN_AUDIENCE: Final = "account"
_EXAMPLE: Final = (
    '[{"issuer": "https://keycloak.example.com/realms/shop", "preset": "keycloak", "audiences": ["items"], '
    '"roles": {"editor": ["items:read", "items:write"]}}]'
)
_Text = Annotated[str, Field(min_length=1, max_length=512)]


class TrustedIssuer(BaseModel):
    """An issuer whose access tokens are accepted, and what they are good for: docs/trusted-issuers.md."""

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
        """Return its name, which is what a list of settings shows."""
        return self.issuer

    @model_validator(mode="after")
    def _addresses_and_rights(self) -> Self:
        for address in (self.issuer, self.jwks_uri):
            if address is not None:
                _check_address(address, allows_http=self.allow_private_addresses)
        if KEYCLOAKS_OWN_AUDIENCE in self.audiences:
            raise ValueError(
                "audiences: account is in almost every token of Keycloak. Give the client an audience of its own"
            )
        for scopes in self.roles.values():
            if not RESOURCE_SCOPES.issuperset(scopes) or not scopes:
                raise ValueError(f"roles: each stands for scopes among {', '.join(sorted(RESOURCE_SCOPES))}")
        return self


def _check_address(text: str, *, allows_http: bool) -> None:
    try:
        parts = urlsplit(text)
        is_usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or not text.isascii() or not text.isprintable() or any(each in text for each in "@?#\\ "):
        raise ValueError("issuer and jwks_uri are addresses with a host, without user, query and fragment")
    if parts.scheme != "https" and not (allows_http and parts.scheme == "http"):
        raise ValueError("issuer and jwks_uri begin with https://; http:// needs allow_private_addresses")


def _read_issuers(value: object) -> object:
    """Return the issuers of inline JSON, or of a file. Raises ``ValueError``, which names the entry and the member."""
    if not isinstance(value, str):
        return value
    content = _parsed(value)
    entries = content.get("issuers") if isinstance(content, dict) else content
    if not isinstance(entries, list):
        raise ValueError('must be a list of issuers, or an object or TOML file with the list "issuers"')  # noqa: TRY004 - pydantic's
    issuers = [_issuer(number, entry) for number, entry in enumerate(entries, start=1)]
    names = [each.issuer for each in issuers]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"must have {name} once")
    return tuple(issuers)


def _parsed(text: str) -> Any:  # noqa: ANN401 - of any type until it is looked at
    if text.lstrip().startswith(("[", "{")):
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError("is neither JSON nor the path of a file") from error
    path = Path(text)
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_FILE_BYTES + 1)
        if len(content) > MAXIMUM_FILE_BYTES:
            raise ValueError(f"the file has more than {MAXIMUM_FILE_BYTES // 1024} KiB")
        return tomllib.loads(content.decode()) if path.suffix == ".toml" else json.loads(content)
    except OSError as error:
        raise ValueError(f"the file cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError("the file is not valid TOML (.toml) or JSON") from error


def _issuer(number: int, entry: object) -> TrustedIssuer:
    try:
        return TrustedIssuer.model_validate(entry)
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in details["loc"])
        what = details["msg"].removeprefix("Value error, ")
        raise ValueError(f"has an unusable entry {number}: {f'{place}: ' if place else ''}{what}") from error


class IssuerSettings(Topic):
    """Which other issuers' access tokens are accepted."""

    trusted_issuers: Annotated[tuple[TrustedIssuer, ...], BeforeValidator(_read_issuers)] = Field(
        (), examples=[_EXAMPLE]
    )
    """Issuers whose access tokens the routes of items accept, as JSON, or the path of a JSON or TOML file:
    docs/trusted-issuers.md. Needs the extra `doorward[issuers]`. Empty: none."""

"""Bodies of the routes for registration, login and tokens."""

from typing import Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from doorward.api.exceptions import InvalidScopeError, UnsupportedGrantTypeError
from doorward.api.schemas.requests import RequestBody, leave_out_defaults
from doorward.domain.auth.models import ACCOUNT_SCOPE, TokenPair, User

PASSWORD_GRANT: Final = "password"  # noqa: S105 - RFC 6749 section 4.3.2: a type, no password
MAXIMUM_FIELD_LENGTH: Final = 1024
"""Maximum number of code points in any field; the domain has stricter limits."""


NOT_EMPTY: Final[dict[str, JsonValue]] = {"minLength": 1}
"""An empty parameter counts as left out (RFC 6749 section 3.2)."""


class RegisterRequest(RequestBody):
    """The body of a registration."""

    email: str = Field(
        max_length=MAXIMUM_FIELD_LENGTH, examples=["ada@example.com"], json_schema_extra={"format": "email"}
    )
    username: str = Field(
        max_length=MAXIMUM_FIELD_LENGTH,
        description="3 to 32 letters, digits, dots, underscores and hyphens, with a letter or digit at both ends. "
        "Unique regardless of case. Surrounding white space is removed.",
        examples=["ada"],
    )
    password: str = Field(
        max_length=MAXIMUM_FIELD_LENGTH,
        description="8 to 256 visible characters, including spaces. Refused: common passwords, common words with a "
        "year or digits, and the user's own names.",
        examples=["correct horse battery"],
        json_schema_extra={"format": "password", "minLength": 8, "maxLength": 256},
    )


class RefreshTokenRequest(RequestBody):
    """A refresh token to exchange or revoke."""

    refresh_token: str = Field(max_length=MAXIMUM_FIELD_LENGTH, examples=["dwr_..."])


class TokenForm(BaseModel):
    """The OAuth 2.0 password form (RFC 6749 section 4.3.2), as the first-party login. Other parameters are ignored."""

    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra=leave_out_defaults)

    grant_type: str = Field(PASSWORD_GRANT, json_schema_extra={"enum": [PASSWORD_GRANT]})
    username: str = Field(
        max_length=MAXIMUM_FIELD_LENGTH,
        description="User name or e-mail address. Surrounding white space is removed.",
        json_schema_extra=NOT_EMPTY,
    )
    password: str = Field(max_length=MAXIMUM_FIELD_LENGTH, json_schema_extra={"format": "password", **NOT_EMPTY})
    scope: str = Field("", description="Absent, empty or `account`; with `resource`: scopes of that service.")
    client_id: str = Field("", max_length=MAXIMUM_FIELD_LENGTH, description="Ignored: there is one first-party client.")
    client_secret: str = Field("", max_length=MAXIMUM_FIELD_LENGTH, description="Ignored.")
    resource: str = Field("", description="Another service that the operator has configured for logins (RFC 8707).")

    @model_validator(mode="before")
    @classmethod
    def _is_supported(cls, fields: dict[str, str]) -> dict[str, str]:
        """Refuse other grants and scopes before missing parameters are reported, because their parameters differ."""
        if fields.get("grant_type", PASSWORD_GRANT) != PASSWORD_GRANT:
            raise UnsupportedGrantTypeError
        if not fields.get("resource"):
            require_account_scope(fields.get("scope", ""))
        return fields


def require_account_scope(scope: str) -> None:
    """Raise ``InvalidScopeError`` for scopes that a login without a resource does not grant."""
    if not set(scope.split()) <= {ACCOUNT_SCOPE}:
        raise InvalidScopeError


class UserResponse(BaseModel):
    """A new account, as its owner sees it."""

    id: UUID
    email: str
    username: str
    is_active: bool

    @classmethod
    def of(cls, user: User) -> Self:
        """Return the body for a user."""
        return cls(id=user.id, email=user.email, username=user.username, is_active=user.is_active)


class CallerResponse(BaseModel):
    """The user of a session."""

    id: UUID
    email: str | None = Field(description="null for a user of another issuer who has no address here.")
    username: str
    is_active: bool

    @classmethod
    def of(cls, user: User) -> Self:
        """Return the body for a user."""
        return cls(id=user.id, email=user.email, username=user.username, is_active=user.is_active)


class TokenPairResponse(BaseModel):
    """RFC 6749 section 5.1. ``expires_in`` is in seconds."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - RFC 6749 section 7.1: a type, no password
    expires_in: int = Field(examples=[1800])

    @classmethod
    def of(cls, pair: TokenPair) -> Self:
        """Return the body for a token pair."""
        return cls(access_token=pair.access_token, refresh_token=pair.refresh_token, expires_in=pair.expires_in)

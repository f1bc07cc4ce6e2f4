"""Forms of RFC 6749 and RFC 7009 for the first-party token routes, and their responses."""

from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field

from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH, NOT_EMPTY, TokenPairResponse
from doorward.api.schemas.requests import leave_out_defaults
from doorward.core.principal import MAXIMUM_TOKEN_LENGTH
from doorward.domain.auth.models import TokenPair

REFRESH_GRANT: Final = "refresh_token"


class RefreshForm(BaseModel):
    """RFC 6749 section 6. Other parameters are ignored, including client credentials."""

    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra=leave_out_defaults)

    refresh_token: str = Field(max_length=MAXIMUM_FIELD_LENGTH, examples=["dwr_..."], json_schema_extra=NOT_EMPTY)
    scope: str = Field(
        "",
        max_length=MAXIMUM_FIELD_LENGTH,
        description="A subset of the session's scopes, for this access token only; absent or empty for all.",
    )

    @property
    def scopes(self) -> frozenset[str] | None:
        """The requested scopes; None for all."""
        return frozenset(self.scope.split()) or None


class RevocationForm(BaseModel):
    """RFC 7009 section 2.1. ``token_type_hint`` is ignored, because the token's format shows its type."""

    model_config = ConfigDict(hide_input_in_errors=True)

    token: str = Field(
        max_length=MAXIMUM_TOKEN_LENGTH,
        description="The refresh token or the access token.",
        examples=["dwr_..."],
        json_schema_extra=NOT_EMPTY,
    )


class ScopedPairResponse(TokenPairResponse):
    """A token pair with the scopes of the access token (RFC 6749 section 5.1).

    It answers a refresh by form, and a login for another service (``resource``), also one with a second factor.
    """

    scope: str = Field(examples=["account"])

    @classmethod
    def of(cls, pair: TokenPair) -> Self:
        """Return the body for a token pair."""
        return cls(
            access_token=pair.access_token,
            refresh_token=pair.refresh_token,
            expires_in=pair.expires_in,
            scope=" ".join(sorted(pair.scopes)),
        )

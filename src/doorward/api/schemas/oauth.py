"""Bodies of the endpoints for OAuth clients."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH, NOT_EMPTY
from doorward.domain.oauth.models import ClientToken


class ClientForm(BaseModel):
    """What each form of a client may hold: its credentials, where it does not send them in a Basic header."""

    model_config = ConfigDict(hide_input_in_errors=True)

    client_id: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, examples=["dwc_..."])
    client_secret: str | None = Field(
        None, max_length=MAXIMUM_FIELD_LENGTH, description="Only of clients with `client_secret_post`."
    )


class TokenRequestForm(ClientForm):
    """RFC 6749 sections 4.4.2 and 6, RFC 8707 section 2. Other parameters are ignored."""

    grant_type: str = Field(
        max_length=MAXIMUM_FIELD_LENGTH,
        examples=["client_credentials"],
        json_schema_extra={"enum": ["client_credentials", "refresh_token"]},
    )
    scope: str = Field(
        "", max_length=MAXIMUM_FIELD_LENGTH, description="Separated by spaces; absent or empty for all that there are."
    )
    resource: str | None = Field(
        None, max_length=MAXIMUM_FIELD_LENGTH, description="Of `client_credentials`: the audience of the token."
    )
    refresh_token: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, json_schema_extra=NOT_EMPTY)


class AccessTokenResponse(BaseModel):
    """RFC 6749 section 5.1. ``expires_in`` is in seconds."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - RFC 6749 section 7.1: a type, no password
    expires_in: int = Field(examples=[600])
    scope: str = Field(examples=["items:read"])

    @classmethod
    def of(cls, token: ClientToken) -> Self:
        """Return the body for the token of a client."""
        return cls(access_token=token.access_token, expires_in=token.expires_in, scope=" ".join(sorted(token.scopes)))

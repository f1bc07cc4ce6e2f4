"""Bodies of the endpoints for OAuth clients."""

from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH, NOT_EMPTY
from doorward.api.schemas.requests import leave_out_defaults
from doorward.core.principal import MAXIMUM_TOKEN_LENGTH
from doorward.domain.oauth.code_models import SessionTokens
from doorward.domain.oauth.models import ActiveToken, ClientToken

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


TokenType = Literal["Bearer", "DPoP"]
BEARER: Final = "Bearer"
BOUND: Final = "DPoP"


def _type_of(*, is_bound: bool) -> TokenType:
    """Return the token type (RFC 6749 section 7.1): DPoP for a key-bound token (RFC 9449), else Bearer."""
    return BOUND if is_bound else BEARER


class ClientForm(BaseModel):
    """The credentials of a client in a form, for clients that do not send them in the Authorization field."""

    model_config = ConfigDict(hide_input_in_errors=True)

    client_id: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, examples=["dwc_..."])
    client_secret: str | None = Field(
        None, max_length=MAXIMUM_FIELD_LENGTH, description="Only for clients with `client_secret_post`."
    )
    client_assertion_type: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, examples=[ASSERTION_TYPE])
    client_assertion: str | None = Field(
        None, max_length=MAXIMUM_TOKEN_LENGTH, description="Only for clients with `private_key_jwt` (RFC 7523)."
    )


class TokenRequestForm(ClientForm):
    """RFC 6749 sections 4.1.3, 4.4.2 and 6, RFC 7636 section 4.5, RFC 8628 section 3.4, RFC 8707 section 2.

    Other parameters are ignored.
    """

    grant_type: str = Field(
        max_length=MAXIMUM_FIELD_LENGTH,
        examples=["client_credentials"],
        json_schema_extra={
            "enum": [
                "authorization_code",
                "client_credentials",
                "refresh_token",
                "urn:ietf:params:oauth:grant-type:device_code",
            ]
        },
    )
    scope: str = Field(
        "", max_length=MAXIMUM_FIELD_LENGTH, description="Separated by spaces; absent or empty for all allowed scopes."
    )
    resource: str | None = Field(
        None,
        max_length=MAXIMUM_FIELD_LENGTH,
        description="The audience of the token (RFC 8707).",
    )
    refresh_token: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, json_schema_extra=NOT_EMPTY)
    code: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, json_schema_extra=NOT_EMPTY)
    device_code: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, json_schema_extra=NOT_EMPTY)
    redirect_uri: str | None = Field(
        None, max_length=MAXIMUM_FIELD_LENGTH, description="With a code: the redirect URI of the authorization request."
    )
    code_verifier: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, description="With a code (RFC 7636).")


class IntrospectionForm(ClientForm):
    """RFC 7662 section 2.1. ``token_type_hint`` is ignored, because the token's format shows its type."""

    token: str = Field(max_length=MAXIMUM_TOKEN_LENGTH, description="An access token.", json_schema_extra=NOT_EMPTY)


class TokenRevocationForm(ClientForm):
    """RFC 7009 section 2.1. ``token_type_hint`` is ignored, because the token's format shows its type."""

    token: str = Field(
        max_length=MAXIMUM_TOKEN_LENGTH,
        description="A refresh token or an access token.",
        json_schema_extra=NOT_EMPTY,
    )


class AccessTokenResponse(BaseModel):
    """RFC 6749 section 5.1. ``expires_in`` is in seconds."""

    access_token: str
    token_type: TokenType = BEARER
    expires_in: int = Field(examples=[600])
    scope: str = Field(examples=["items:read"])
    refresh_token: str | None = Field(
        None, description="For a user's session, if the client has the grant type refresh_token.", examples=["dwr_..."]
    )
    id_token: str | None = Field(None, description="With the scope openid (OpenID Connect Core section 2).")

    @classmethod
    def of(cls, token: ClientToken) -> Self:
        """Return the body for the token of a client."""
        return cls(
            access_token=token.access_token,
            token_type=_type_of(is_bound=token.is_bound),
            expires_in=token.expires_in,
            scope=" ".join(sorted(token.scopes)),
        )

    @classmethod
    def of_session(cls, tokens: SessionTokens) -> Self:
        """Return the body for the tokens of a user's session."""
        pair = tokens.pair
        return cls(
            access_token=pair.access_token,
            token_type=_type_of(is_bound=pair.is_bound),
            expires_in=pair.expires_in,
            scope=" ".join(sorted(pair.scopes)),
            refresh_token=pair.refresh_token if tokens.gives_refresh_token else None,
            id_token=tokens.id_token,
        )


class Confirmation(BaseModel):
    """RFC 7800 section 3.1: the SHA-256 thumbprint (RFC 7638) of the key to which a token is bound."""

    jkt: str


class IntrospectionResponse(BaseModel):
    """RFC 7662 section 2.2. Members other than ``active`` are only present for an active token of the client."""

    model_config = ConfigDict(json_schema_extra=leave_out_defaults)

    active: bool
    iss: str | None = Field(None, examples=["https://auth.example.com"])
    sub: str | None = Field(None, description="The id of the user, or of the client for a token of its own.")
    aud: str | None = None
    exp: int | None = None
    iat: int | None = None
    jti: str | None = None
    client_id: str | None = Field(None, examples=["dwc_..."])
    scope: str | None = Field(None, examples=["items:read"])
    token_type: TokenType | None = None
    cnf: Confirmation | None = Field(None, description="The key to which the token is bound (RFC 9449 section 6.2).")
    sid: str | None = Field(None, description="The id of the user's session.")
    auth_time: int | None = Field(None, description="When the user signed in.")
    acr: str | None = Field(
        None, description="`1` for one kind of factor, `2` for two, `phr` for a passkey.", examples=["1"]
    )
    amr: list[str] | None = Field(None, description="The authentication methods (RFC 8176).", examples=[["pwd"]])
    roles: list[str] | None = Field(None, description="The user's current roles, if the token has a claim `roles`.")

    @classmethod
    def of(cls, token: ActiveToken | None) -> Self:
        """Return the body for a token."""
        if token is None:
            return cls(active=False)
        return cls(
            active=True,
            iss=token.issuer,
            sub=token.subject,
            aud=token.audience,
            exp=token.expires_at,
            iat=token.issued_at,
            jti=token.token_id,
            client_id=token.client_id,
            scope=" ".join(sorted(token.scopes)),
            token_type=_type_of(is_bound=token.thumbprint is not None),
            cnf=None if token.thumbprint is None else Confirmation(jkt=token.thumbprint),
            sid=token.session_id,
            roles=sorted(token.roles) or None,
            **({} if token.sign_in is None else token.sign_in.claims()),
        )


class RevokedResponse(BaseModel):
    """RFC 7009 section 2.2: empty, because the status code is enough."""

"""Bodies of pushed authorization requests."""

from collections.abc import Mapping

from pydantic import BaseModel, Field

from doorward.api.schemas.oauth import ClientForm

_CLIENT_FIELDS = set(ClientForm.model_fields)


class PushedRequestForm(ClientForm):
    """The parameters of `/oauth/authorize` (RFC 9126 section 2.1). Other parameters are ignored."""

    response_type: str | None = Field(None, examples=["code"])
    redirect_uri: str | None = Field(None, examples=["https://app.example.com/callback"])
    scope: str | None = Field(None, examples=["openid profile"])
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = Field(None, examples=["S256"])
    response_mode: str | None = None
    resource: str | None = None
    prompt: str | None = None
    max_age: str | None = None
    acr_values: str | None = None
    login_hint: str | None = None
    id_token_hint: str | None = None
    request: str | None = Field(None, description="Not supported.")
    request_uri: str | None = Field(None, description="Not supported: a pushed request cannot refer to another one.")
    dpop_jkt: str | None = Field(None, description="The thumbprint of the key to which the code is bound (RFC 9449).")
    registration: str | None = Field(None, description="Not supported.")

    def parameters(self) -> Mapping[str, str]:
        """Return the authorization parameters without the client's credentials."""
        return self.model_dump(exclude=_CLIENT_FIELDS, exclude_none=True)


class PushedRequestResponse(BaseModel):
    """RFC 9126 section 2.2. ``expires_in`` is in seconds."""

    request_uri: str = Field(examples=["urn:ietf:params:oauth:request_uri:dwp_..."])
    expires_in: int = Field(examples=[60])

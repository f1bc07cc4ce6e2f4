"""Bodies of the routes for passkeys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH, TokenPairResponse
from doorward.api.schemas.ceremonies import EXAMPLE_ID, AuthenticationJson, RegistrationJson, encoded
from doorward.api.schemas.requests import RequestBody
from doorward.api.schemas.second_factors import MAXIMUM_CONTINUATION_LENGTH, CompletionRequest
from doorward.domain.auth.models import TokenPair
from doorward.domain.passkeys.models import Passkey

_Name = Annotated[
    str,
    Field(
        max_length=MAXIMUM_FIELD_LENGTH,
        description="1 to 64 characters. Only its owner sees it.",
        examples=["My phone"],
    ),
]


class PasskeyOptionsRequest(RequestBody):
    """The purpose of the options: to sign in, or to complete a login."""

    mfa_token: str | None = Field(
        None,
        max_length=MAXIMUM_CONTINUATION_LENGTH,
        description="The token of `second_factor_required`, to complete that login. Left out: to sign in.",
        examples=["dwt_..."],
    )


class PasskeyLoginRequest(RequestBody):
    """The passkey's response to the options."""

    credential: AuthenticationJson


class PasskeyCompletionRequest(CompletionRequest):
    """A login that needs a second factor, and the passkey's response to its options."""

    credential: AuthenticationJson


class PasskeyRegistrationRequest(RequestBody):
    """A new credential and its name."""

    credential: RegistrationJson
    name: _Name = Field("", description="Left out or empty: Passkey.")


class PasskeyPatch(RequestBody):
    """Changes to a passkey (RFC 7396). Members that are left out stay unchanged."""

    # The default is never stored: only members that were sent are read.
    name: _Name = ""


class PasskeyResponse(BaseModel):
    """A passkey, as its owner sees it."""

    id: UUID
    credential_id: str = Field(description="In base64url, as browsers use it.", examples=[EXAMPLE_ID])
    name: str
    transports: list[str] = Field(examples=[["internal"]])
    is_backed_up: bool = Field(description="Whether it is synced to other devices of its owner.")
    created_at: datetime
    last_used_at: datetime | None
    suspended_at: datetime | None = Field(
        description="When a possible copy of it was detected. It is refused since then: remove it."
    )

    @classmethod
    def of(cls, passkey: Passkey) -> Self:
        """Return the body for a passkey."""
        return cls(
            id=passkey.id,
            credential_id=encoded(passkey.credential_id),
            name=passkey.name,
            transports=list(passkey.transports),
            is_backed_up=passkey.is_backed_up,
            created_at=passkey.created_at,
            last_used_at=passkey.last_used_at,
            suspended_at=passkey.suspended_at,
        )


class PasskeyListResponse(BaseModel):
    """The passkeys of the account, oldest first, and values for its browsers.

    `user_handle` and the credential ids are for `PublicKeyCredential.signalAllAcceptedCredentials()`.
    """

    passkeys: list[PasskeyResponse]
    relying_party_id: str = Field(examples=["auth.example.com"])
    user_handle: str = Field(examples=[EXAMPLE_ID])


class PasskeyAddedResponse(TokenPairResponse):
    """The tokens of the user's new session, and the passkey. All other sessions have ended."""

    passkey: PasskeyResponse
    recovery_codes: list[str] = Field(
        description="For the first second factor of the account. Each works once in its place. Shown only once."
    )

    @classmethod
    def with_passkey(cls, pair: TokenPair, passkey: Passkey, codes: Sequence[str]) -> Self:
        """Return the body for a token pair, a passkey and recovery codes."""
        tokens = TokenPairResponse.of(pair).model_dump()
        return cls(**tokens, passkey=PasskeyResponse.of(passkey), recovery_codes=list(codes))

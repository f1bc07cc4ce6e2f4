"""Bodies of the calls of passkeys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH, TokenPairResponse
from doorward.api.schemas.ceremonies import EXAMPLE_ID, AuthenticationJson, RegistrationJson, encoded
from doorward.api.schemas.requests import RequestBody
from doorward.api.schemas.second_factors import MAXIMUM_TOKEN_LENGTH, CompletionRequest
from doorward.domain.auth.models import TokenPair
from doorward.domain.passkeys.models import Passkey

_Name = Annotated[
    str,
    Field(max_length=MAXIMUM_FIELD_LENGTH, description="1 to 64 characters, for its owner.", examples=["My phone"]),
]


class PasskeyOptionsRequest(RequestBody):
    """For what the passkey is to be shown."""

    mfa_token: str | None = Field(
        None,
        max_length=MAXIMUM_TOKEN_LENGTH,
        description="What `second_factor_required` brought, to complete that login. Left out: to sign in.",
        examples=["dwt_..."],
    )


class PasskeyLoginRequest(RequestBody):
    """A passkey's answer to the options."""

    credential: AuthenticationJson


class PasskeyCompletionRequest(CompletionRequest):
    """A login that waits for a second factor, and a passkey's answer to the options for it."""

    credential: AuthenticationJson


class PasskeyRegistrationRequest(RequestBody):
    """A new credential, and what its owner calls it."""

    credential: RegistrationJson
    name: _Name = Field("", description="Left out or empty: Passkey.")


class PasskeyPatch(RequestBody):
    """What to change of a passkey (RFC 7396). What is left out stays."""

    # The default is never stored: only the members that were sent are read.
    name: _Name = ""


class PasskeyResponse(BaseModel):
    """A passkey, as its owner sees it."""

    id: UUID
    credential_id: str = Field(description="As browsers have it: base64url.", examples=[EXAMPLE_ID])
    name: str
    transports: list[str] = Field(examples=[["internal"]])
    is_backed_up: bool = Field(description="Whether there are copies of it on other devices of its owner.")
    created_at: datetime
    last_used_at: datetime | None
    suspended_at: datetime | None = Field(
        description="When it was found that there may be a copy: it is accepted no more. Remove it."
    )

    @classmethod
    def of(cls, passkey: Passkey) -> Self:
        """Return the body."""
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
    """The passkeys of the account, the oldest first, and what its browsers are to know of them.

    `user_handle` and the credential ids are for `PublicKeyCredential.signalAllAcceptedCredentials()`.
    """

    passkeys: list[PasskeyResponse]
    relying_party_id: str = Field(examples=["auth.example.com"])
    user_handle: str = Field(examples=[EXAMPLE_ID])


class PasskeyAddedResponse(TokenPairResponse):
    """The tokens of the session in which the user goes on, and the passkey. All other sessions have ended."""

    passkey: PasskeyResponse
    recovery_codes: list[str] = Field(
        description="With the first second factor of the account: each works once in its place. Shown this once."
    )

    @classmethod
    def with_passkey(cls, pair: TokenPair, passkey: Passkey, codes: Sequence[str]) -> Self:
        """Return the body."""
        tokens = TokenPairResponse.of(pair).model_dump()
        return cls(**tokens, passkey=PasskeyResponse.of(passkey), recovery_codes=list(codes))

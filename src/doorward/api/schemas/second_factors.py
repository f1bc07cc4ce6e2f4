"""Bodies of the calls of second factors."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH, TokenPairResponse
from doorward.api.schemas.requests import RequestBody
from doorward.domain.auth.factors.listed_factor import ListedFactor

MAXIMUM_TOKEN_LENGTH: Final = 12_000
"""Of a token that carries what a login has asked for: many scopes of another service make it long."""

_CODE: Final = "123456"
_RECOVERY_CODES: Final = ["7K3M-Q2XV-9TDA", "B8WE-0HRN-4JYC"]


class CompletionRequest(RequestBody):
    """A login that waits for a second factor."""

    mfa_token: str = Field(
        max_length=MAXIMUM_TOKEN_LENGTH,
        description="As the login was refused with it. Good for five minutes, for one session.",
        examples=["dwt_..."],
    )
    remember_device: bool = Field(
        False,  # noqa: FBT003 - the default of a field
        description="Whether this device need not show the second factor for a while, where the operator allows it.",
    )


class TotpCompletionRequest(CompletionRequest):
    """A login that waits for a second factor, and the code that the authenticator application shows."""

    code: str = Field(max_length=MAXIMUM_FIELD_LENGTH, description="Six digits.", examples=[_CODE])


class RecoveryCodeCompletionRequest(CompletionRequest):
    """A login that waits for a second factor, and a recovery code."""

    code: str = Field(
        max_length=MAXIMUM_FIELD_LENGTH,
        description="In any case, with or without hyphens. It works once.",
        examples=[_RECOVERY_CODES[0]],
    )


class TotpEnrolmentParameters(BaseModel):
    """What the new application is to be."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    replace: Annotated[bool, Field(description="Whether it may take the place of the application that is set up.")] = (
        False
    )


class TotpEnrolmentResponse(BaseModel):
    """An authenticator application to set up. Nothing is stored before a code of it is sent with `token`."""

    uri: str = Field(
        description="For a QR code, or as a link on a telephone.",
        examples=["otpauth://totp/doorward:ada?secret=...&issuer=doorward&algorithm=SHA1&digits=6&period=30"],
    )
    qr: str | None = Field(
        description="The URI as a QR code, an SVG image for `src` of an `img`; null where the service cannot draw.",
        examples=["data:image/svg+xml;charset=utf-8,..."],
    )
    secret: str = Field(description="For typing it into the application.", examples=["JBSWY3DPEHPK3PXP..."])
    token: str = Field(description="Good for ten minutes.", examples=["dwt_..."])


class ConfirmTotpRequest(RequestBody):
    """The token of the enrolment, and the code that the application shows now."""

    token: str = Field(max_length=MAXIMUM_FIELD_LENGTH, examples=["dwt_..."])
    code: str = Field(max_length=MAXIMUM_FIELD_LENGTH, description="Six digits.", examples=[_CODE])


class EnrolledResponse(TokenPairResponse):
    """The tokens of the session that goes on, and the recovery codes, which are shown this once."""

    recovery_codes: list[str] = Field(
        description="Each works once in place of a second factor. Empty where another application was replaced: those "
        "from before stay.",
        examples=[_RECOVERY_CODES],
    )

    @classmethod
    def with_codes(cls, pair: TokenPairResponse, codes: Sequence[str]) -> "EnrolledResponse":
        """Return the body for a pair and the codes."""
        return cls(**pair.model_dump(), recovery_codes=list(codes))


class RecoveryCodesResponse(BaseModel):
    """New recovery codes, which are shown this once. Those from before are refused."""

    recovery_codes: list[str] = Field(
        description="Each works once in place of a second factor.", examples=[_RECOVERY_CODES]
    )


class OwnFactorResponse(BaseModel):
    """A second factor of the account."""

    id: UUID
    kind: Literal["totp", "passkey"]
    name: str | None = Field(description="Of a passkey; null for an application.")
    created_at: datetime
    is_suspended: bool = Field(description="Whether a passkey is refused because there may be a copy of it.")

    @classmethod
    def of(cls, factor: ListedFactor) -> "OwnFactorResponse":
        """Describe this factor."""
        return cls(
            id=factor.id,
            kind=factor.kind,
            name=factor.name,
            created_at=factor.created_at,
            is_suspended=factor.is_suspended,
        )


class OwnFactorsResponse(BaseModel):
    """The second factors of the account."""

    factors: list[OwnFactorResponse]
    recovery_codes_left: int = Field(description="How many were not used yet.", examples=[10])

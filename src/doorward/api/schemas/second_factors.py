"""Bodies of the routes for second factors."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH, TokenPairResponse
from doorward.api.schemas.requests import QueryParameters, RequestBody
from doorward.domain.auth.factors.listed_factor import ListedFactor

MAXIMUM_CONTINUATION_LENGTH: Final = 12_000
"""Maximum length of a token with a login's request: many scopes of another service make it long."""

_CODE: Final = "123456"
_RECOVERY_CODES: Final = ["7K3M-Q2XV-9TDA", "B8WE-0HRN-4JYC"]


class CompletionRequest(RequestBody):
    """A login that needs a second factor."""

    mfa_token: str = Field(
        max_length=MAXIMUM_CONTINUATION_LENGTH,
        description="The token of the refused login. Valid for five minutes and one session.",
        examples=["dwt_..."],
    )
    remember_device: bool = Field(
        False,  # noqa: FBT003 - the default of a field
        description="Whether to skip the second factor on this device for a while, if the operator allows it.",
    )


class TotpCompletionRequest(CompletionRequest):
    """A login that needs a second factor, and the current code of the authenticator app."""

    code: str = Field(max_length=MAXIMUM_FIELD_LENGTH, description="Six digits.", examples=[_CODE])


class RecoveryCodeCompletionRequest(CompletionRequest):
    """A login that needs a second factor, and a recovery code."""

    code: str = Field(
        max_length=MAXIMUM_FIELD_LENGTH,
        description="Upper or lower case, with or without hyphens. It works once.",
        examples=[_RECOVERY_CODES[0]],
    )


class TotpEnrolmentParameters(QueryParameters):
    """Options for the new authenticator app."""

    replace: Annotated[bool, Field(description="Whether it may replace the current authenticator app.")] = False


class TotpEnrolmentResponse(BaseModel):
    """An authenticator app to set up. Nothing is stored until one of its codes is sent with `token`."""

    uri: str = Field(
        description="For a QR code, or as a link on a phone.",
        examples=["otpauth://totp/doorward:ada?secret=...&issuer=doorward&algorithm=SHA1&digits=6&period=30"],
    )
    qr: str | None = Field(
        description="The URI as a QR code: an SVG data URL for the `src` of an `img`; null if not available.",
        examples=["data:image/svg+xml;charset=utf-8,..."],
    )
    secret: str = Field(description="For typing it into the app.", examples=["JBSWY3DPEHPK3PXP..."])
    token: str = Field(description="Valid for ten minutes.", examples=["dwt_..."])


class ConfirmTotpRequest(RequestBody):
    """The token of the enrolment, and the current code of the app."""

    token: str = Field(max_length=MAXIMUM_FIELD_LENGTH, examples=["dwt_..."])
    code: str = Field(max_length=MAXIMUM_FIELD_LENGTH, description="Six digits.", examples=[_CODE])


class EnrolledResponse(TokenPairResponse):
    """The tokens of the new session, and the recovery codes, which are shown only once."""

    recovery_codes: list[str] = Field(
        description="Each works once in place of a second factor. Empty if another app was replaced: the earlier codes "
        "stay valid.",
        examples=[_RECOVERY_CODES],
    )

    @classmethod
    def with_codes(cls, pair: TokenPairResponse, codes: Sequence[str]) -> "EnrolledResponse":
        """Return the body for a token pair and recovery codes."""
        return cls(**pair.model_dump(), recovery_codes=list(codes))


class RecoveryCodesResponse(BaseModel):
    """New recovery codes, which are shown only once. The earlier codes are refused."""

    recovery_codes: list[str] = Field(
        description="Each works once in place of a second factor.", examples=[_RECOVERY_CODES]
    )


class OwnFactorResponse(BaseModel):
    """A second factor of the account."""

    id: UUID
    kind: Literal["totp", "passkey"]
    name: str | None = Field(description="The name of a passkey; null for an authenticator app.")
    created_at: datetime
    is_suspended: bool = Field(description="Whether a passkey is refused because a possible copy was detected.")

    @classmethod
    def of(cls, factor: ListedFactor) -> "OwnFactorResponse":
        """Return the body for a factor."""
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
    recovery_codes_left: int = Field(description="Number of unused recovery codes.", examples=[10])

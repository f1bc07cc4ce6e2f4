"""Bodies of the calls of administration that concern signing keys."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from doorward.api.schemas.requests import RequestBody
from doorward.domain.keys.models import KeyState, SigningAlgorithm


class KeyRotationBody(RequestBody):
    """How to rotate the signing keys."""

    at_once: Annotated[
        bool,
        Field(
            strict=True,
            description="Left out, or false: the next keys sign after 24 hours. True: they sign at once.",
            examples=[False],
        ),
    ] = False


class SigningKeyResponse(BaseModel):
    """A signing key, without its secrets."""

    kid: str = Field(examples=["NzbLsXh8..."])
    algorithm: SigningAlgorithm
    state: KeyState
    created_at: datetime = Field(description="When it was published.")
    activates_at: datetime | None = Field(description="Since when it signs, or will. Null: a standby.")
    retires_at: datetime | None = Field(description="When it stopped signing.")
    revoked_at: datetime | None


class SigningKeyListResponse(BaseModel):
    """All signing keys, the oldest first."""

    keys: list[SigningKeyResponse]

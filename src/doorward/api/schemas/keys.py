"""Bodies of the admin routes for signing keys."""

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
            description="False, the default: the next keys sign after 24 hours. True: they sign at once.",
            examples=[False],
        ),
    ] = False


class SigningKeyResponse(BaseModel):
    """A signing key without its private part."""

    kid: str = Field(examples=["NzbLsXh8..."])
    algorithm: SigningAlgorithm
    state: KeyState
    created_at: datetime = Field(description="When it was published.")
    activates_at: datetime | None = Field(description="When it starts signing. Null for a standby key.")
    retires_at: datetime | None = Field(description="When it stopped signing.")
    revoked_at: datetime | None


class SigningKeyListResponse(BaseModel):
    """All signing keys, oldest first."""

    keys: list[SigningKeyResponse]

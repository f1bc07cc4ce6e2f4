"""Bodies of the calls that concern the identities of a signed-in user at other services."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from doorward.domain.federation.identities import identity_id
from doorward.domain.federation.models import StoredIdentity


class IdentityResponse(BaseModel):
    """An identity that signs in to the account."""

    id: UUID
    issuer: str = Field(examples=["https://login.example.com"])
    subject: str = Field(examples=["248289761001"])
    linked_at: datetime

    @classmethod
    def of(cls, identity: StoredIdentity) -> Self:
        """Return what is told of it."""
        return cls(
            id=identity_id(identity),
            issuer=identity.issuer,
            subject=identity.subject,
            linked_at=identity.created_at,
        )


class IdentityListResponse(BaseModel):
    """All of them, the oldest first."""

    identities: list[IdentityResponse]

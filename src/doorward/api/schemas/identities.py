"""Bodies of the routes for a user's linked identities at other providers."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from doorward.domain.federation.identities import identity_id
from doorward.domain.federation.models import StoredIdentity


class IdentityResponse(BaseModel):
    """An identity with which the user can sign in to the account."""

    id: UUID
    issuer: str = Field(examples=["https://login.example.com"])
    subject: str = Field(examples=["248289761001"])
    linked_at: datetime

    @classmethod
    def of(cls, identity: StoredIdentity) -> Self:
        """Return the body for an identity."""
        return cls(
            id=identity_id(identity),
            issuer=identity.issuer,
            subject=identity.subject,
            linked_at=identity.created_at,
        )


class IdentityListResponse(BaseModel):
    """All linked identities of the user, oldest first."""

    identities: list[IdentityResponse]

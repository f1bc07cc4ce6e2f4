"""Bodies of the calls by which people leave."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH
from doorward.api.schemas.requests import RequestBody


class DeletionResponse(BaseModel):
    """The account is inactive, and will be deleted."""

    deletes_at: datetime = Field(description="Until then its owner can restore it.")


class RestoreRequest(RequestBody):
    """The token of a login that was refused because the account waits for its deletion."""

    restore_token: str = Field(max_length=MAXIMUM_FIELD_LENGTH, examples=["dwt_..."])


class ExportedAccountResponse(BaseModel):
    """The account."""

    id: UUID
    email: str
    email_verified_at: datetime | None
    email_bounced_at: datetime | None = Field(description="When the mail server of the address refused it as unknown.")
    username: str
    locale: str | None
    is_active: bool
    version: int
    created_at: datetime
    pending_email: str | None


class ExportedSessionResponse(BaseModel):
    """A session, as long as it is stored."""

    id: UUID
    client_id: str
    scopes: list[str]
    amr: list[str]
    acr: int
    user_agent: str | None
    address: str | None
    device_id: UUID | None
    created_at: datetime
    authenticated_at: datetime
    refreshed_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    end_reason: str | None


class ExportedBrowserSessionResponse(BaseModel):
    """A session of a browser on the service's pages."""

    id: UUID
    amr: list[str]
    acr: int
    is_kept: bool
    user_agent: str | None
    address: str | None
    created_at: datetime
    authenticated_at: datetime
    seen_at: datetime
    expires_at: datetime


class ExportedConsentResponse(BaseModel):
    """What the user allowed an application."""

    client_id: str
    name: str
    scopes: list[str]
    granted_at: datetime


class ExportedDeviceResponse(BaseModel):
    """A device that the account is known on."""

    id: UUID
    created_at: datetime
    seen_at: datetime


class ExportedIdentityResponse(BaseModel):
    """What a trusted issuer calls the user."""

    issuer: str
    subject: str
    created_at: datetime


class ExportedEventResponse(BaseModel):
    """An entry of the audit log about the account."""

    id: int
    type: str
    version: int
    user_id: UUID
    actor: str | None = Field(description="The id of the user who did it, or `operator`.")
    session_id: UUID | None
    correlation_id: str | None
    data: dict[str, Any]
    personal: dict[str, Any] | None = Field(description="As much of the client's address as is recorded.")
    occurred_at: datetime


class ExportedItemResponse(BaseModel):
    """An item of the account."""

    id: UUID
    owner_id: UUID
    title: str
    description: str
    tags: list[str]
    year: int | None
    visibility: Literal["private", "shared"]
    version: int
    created_at: datetime
    updated_at: datetime
    external_id: str | None = Field(description="What the file that it was imported from calls it.")


class ExportedPasskeyResponse(BaseModel):
    """A passkey of the user. Its key belongs to the authenticator."""

    name: str
    created_at: datetime
    last_used_at: datetime | None
    suspended_at: datetime | None


class ExportedFactorResponse(BaseModel):
    """A second factor, without its secret."""

    id: UUID
    kind: str
    created_at: datetime


class ExportResponse(BaseModel):
    """All that is stored about the user, as it was at one moment. Further kinds of data may be added."""

    exported_at: datetime
    account: ExportedAccountResponse
    sessions: list[ExportedSessionResponse]
    browser_sessions: list[ExportedBrowserSessionResponse]
    devices: list[ExportedDeviceResponse]
    factors: list[ExportedFactorResponse]
    identities: list[ExportedIdentityResponse]
    passkeys: list[ExportedPasskeyResponse]
    consents: list[ExportedConsentResponse]
    audit: list[ExportedEventResponse]
    items: list[ExportedItemResponse]

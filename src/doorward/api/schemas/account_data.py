"""Bodies of the routes that export, delete and restore an account."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH
from doorward.api.schemas.requests import RequestBody


class DeletionResponse(BaseModel):
    """The account is inactive and will be deleted."""

    deletes_at: datetime = Field(description="The time of the deletion, until which its owner can restore it.")


class RestoreRequest(RequestBody):
    """The token of a login that was refused because the account is to be deleted."""

    restore_token: str = Field(max_length=MAXIMUM_FIELD_LENGTH, examples=["dwt_..."])


class ExportedAccountResponse(BaseModel):
    """The account."""

    id: UUID
    email: str | None
    email_verified_at: datetime | None
    email_bounced_at: datetime | None = Field(description="When its mail server rejected the address as unknown.")
    username: str
    locale: str | None
    external_id: str | None = Field(description="Its id in another system.")
    roles: list[str]
    second_factors: list[str] = Field(description="The kinds of its second factors.")
    must_change_password: bool
    was_verified: bool = Field(description="Whether an address was verified before an administrator set another one.")
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime
    pending_email: str | None


class ExportedSessionResponse(BaseModel):
    """A stored session."""

    id: UUID
    client_id: str
    scopes: list[str]
    resources: list[str] = Field(description="The other services that its tokens are for.")
    amr: list[str]
    acr: int
    user_agent: str | None
    address: str | None
    device_id: UUID | None
    browser_session_id: UUID | None = Field(description="The browser session that it began in.")
    is_offline: bool = Field(description="Whether it continues when its browser session ends.")
    created_at: datetime
    authenticated_at: datetime
    refreshed_at: datetime
    expires_at: datetime
    session_expires_at: datetime = Field(description="When it expires even if it is used.")
    ended_at: datetime | None
    end_reason: str | None


class ExportedBrowserSessionResponse(BaseModel):
    """A browser session on the service's pages."""

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
    ends_at: datetime = Field(description="When it expires even if it is used.")


class ExportedConsentResponse(BaseModel):
    """The scopes that the user has granted an application."""

    client_id: str
    name: str
    scopes: list[str]
    granted_at: datetime


class ExportedDeviceResponse(BaseModel):
    """A known device of the account."""

    id: UUID
    created_at: datetime
    seen_at: datetime
    trusted_at: datetime | None = Field(description="When it showed the second factor that it is remembered for.")


class ExportedIdentityResponse(BaseModel):
    """The user's id at a trusted issuer."""

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
    personal: dict[str, Any] | None = Field(description="The client's address, as far as it is recorded.")
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
    external_id: str | None = Field(description="Its id in the imported file.")


class ExportedPasskeyResponse(BaseModel):
    """A passkey of the user, without its key, which belongs to the authenticator."""

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
    """All data stored about the user, from one consistent snapshot. Later versions may add kinds of data."""

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

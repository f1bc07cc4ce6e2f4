"""The vocabulary of this domain: the relying party, what authenticators send, and what is stored of them. No I/O."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from doorward.core.frozen import frozen


@frozen
class RelyingParty:
    """This service, as authenticators know it (Web Authentication Level 3 section 4).

    ``id`` is the host of PUBLIC_URL; credentials of another host do not work. ``origin`` is the only one whose pages
    may use them.
    """

    id: str
    name: str
    origin: str


@frozen
class CreationResponse:
    """What ``navigator.credentials.create()`` returned, decoded. Nothing of it has been verified."""

    credential_id: bytes
    client_data: bytes
    attestation_object: bytes
    transports: Sequence[str]


@frozen
class AssertionResponse:
    """What ``navigator.credentials.get()`` returned, decoded. Nothing of it has been verified.

    ``user_handle`` is None where the authenticator sends none.
    """

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    user_handle: bytes | None


@frozen
class CreatedCredential:
    """A verified new credential. Of one that is eligible for backup, copies may be on several devices."""

    credential_id: bytes
    public_key: bytes
    """As the authenticator encodes it (COSE, RFC 9052 section 7)."""
    sign_count: int
    is_backup_eligible: bool
    is_backed_up: bool


@frozen
class Assertion:
    """A verified signature. Whether its counter and its user verification suffice, the caller decides."""

    sign_count: int
    is_user_verified: bool
    is_backup_eligible: bool
    is_backed_up: bool


@frozen
class NewPasskey:
    """A passkey about to be stored."""

    id: UUID
    user_id: UUID
    credential_id: bytes
    public_key: bytes
    sign_count: int
    relying_party_id: str
    name: str
    transports: Sequence[str]
    is_backup_eligible: bool
    is_backed_up: bool
    created_at: datetime


@frozen
class Passkey:
    """A passkey as its owner sees it."""

    id: UUID
    credential_id: bytes
    relying_party_id: str
    name: str
    transports: Sequence[str]
    is_backed_up: bool
    created_at: datetime
    last_used_at: datetime | None
    suspended_at: datetime | None


@frozen
class StoredCredential:
    """What a signature is verified against."""

    id: UUID
    user_id: UUID
    public_key: bytes
    sign_count: int
    relying_party_id: str
    is_backup_eligible: bool
    is_suspended: bool


@frozen
class CreationOptions:
    """What an authenticator is asked to make."""

    challenge: bytes
    relying_party: RelyingParty
    user_handle: bytes
    user_name: str
    user_display_name: str
    excluded: Sequence[Passkey]
    timeout_milliseconds: int


@frozen
class RequestOptions:
    """What authenticators are asked to sign. With none ``allowed`` by name, the user chooses among all."""

    challenge: bytes
    relying_party_id: str
    allowed: Sequence[Passkey]
    requires_user_verification: bool
    timeout_milliseconds: int

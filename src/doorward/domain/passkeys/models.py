"""Models of this domain: the relying party, authenticator responses, and stored passkeys. No I/O."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from doorward.core.frozen import frozen


@frozen
class RelyingParty:
    """This service as a relying party (Web Authentication Level 3 section 4).

    ``id`` is the host of PUBLIC_URL; credentials of another host do not work. ``origin`` is the only one whose pages
    may use them.
    """

    id: str
    name: str
    origin: str


@frozen
class CreationResponse:
    """The decoded result of ``navigator.credentials.create()``. It is not verified."""

    credential_id: bytes
    client_data: bytes
    attestation_object: bytes
    transports: Sequence[str]


@frozen
class AssertionResponse:
    """The decoded result of ``navigator.credentials.get()``. It is not verified.

    ``user_handle`` is None if the authenticator sends none.
    """

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    user_handle: bytes | None


@frozen
class CreatedCredential:
    """A verified new credential. If it is eligible for backup, several devices may have copies."""

    credential_id: bytes
    public_key: bytes
    """Encoded as by the authenticator (COSE, RFC 9052 section 7)."""
    sign_count: int
    is_backup_eligible: bool
    is_backed_up: bool


@frozen
class Assertion:
    """A verified signature. The caller must check its counter and its user verification."""

    sign_count: int
    is_user_verified: bool
    is_backup_eligible: bool
    is_backed_up: bool


@frozen
class NewPasskey:
    """A passkey to store."""

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
    """A passkey, with the fields that its owner may see."""

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
    """The stored fields for the verification of a signature."""

    id: UUID
    user_id: UUID
    public_key: bytes
    sign_count: int
    relying_party_id: str
    is_backup_eligible: bool
    is_suspended: bool


@frozen
class CreationOptions:
    """The options for the creation of a credential."""

    challenge: bytes
    relying_party: RelyingParty
    user_handle: bytes
    user_name: str
    user_display_name: str
    excluded: Sequence[Passkey]
    timeout_milliseconds: int


@frozen
class RequestOptions:
    """The options for a signature. With an empty ``allowed``, the user chooses among all credentials."""

    challenge: bytes
    relying_party_id: str
    allowed: Sequence[Passkey]
    requires_user_verification: bool
    timeout_milliseconds: int

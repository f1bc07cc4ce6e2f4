"""The vocabulary of this domain: users, sessions, proofs, devices, token pairs. No I/O. Grants are in ``grants``."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.principal import SignIn

FIRST_PARTY_CLIENT: Final = "doorward"
"""The service's own login, as a client (RFC 9068 section 2.2 requires one)."""

ACCOUNT_SCOPE: Final = "account"
"""What a first-party login grants: acting as the user."""


@frozen
class User:
    """An account as its owner may see it. ``email`` and ``username`` keep the case they were given in."""

    id: UUID
    email: str
    username: str
    is_active: bool


@frozen
class NamedUser:
    """An account that an operator has named. One that a foreign issuer vouches for may have no address."""

    id: UUID
    email: str | None
    username: str
    is_active: bool


@frozen
class Credentials:
    """What a password login is checked against, and whether the user was seen on this device or address before."""

    user_id: UUID
    password_hash: str | None
    """None for a user who was imported without one: no password is right."""
    is_active: bool
    session_epoch: int
    must_change_password: bool
    second_factor: Sequence[str] | None
    """The kinds of second factors; None for none."""
    knows_device: bool
    trusts_device: bool
    """The device showed a second factor a while ago, and was to be remembered."""
    knows_address: bool
    """A live session has it."""
    has_logged_in: bool
    """A session or a device is stored, whatever became of it."""
    deletes_at: datetime | None
    """When the account will be deleted, while its owner can still restore it."""
    verified_email: str | None
    """The address that the user is told at, None if it is not verified."""

    @property
    def is_checked(self) -> bool:
        """Whether the right password leads to anything: a session, or the offer to restore the account."""
        return self.is_active or self.deletes_at is not None

    @property
    def is_verified(self) -> bool:
        """Whether the address was shown to be the owner's."""
        return self.verified_email is not None


@frozen
class StoredPasswords:
    """An account's password hash for each use that its state allows; None for one that it does not."""

    user_id: UUID
    session_epoch: int
    of_active: str | None
    of_restorable: str | None
    """While the account waits for its deletion and its owner can restore it."""


@frozen
class Account:
    """What decides whether a session of a user may begin. ``roles`` are what its tokens name; None for none."""

    user_id: UUID
    is_active: bool
    session_epoch: int
    is_verified: bool
    must_change_password: bool
    roles: Sequence[str] | None
    second_factor: Sequence[str] | None
    """The kinds of second factors; None for none."""


@frozen
class Standing:
    """What a user may do: the names of the roles, and the scopes that these give."""

    user_id: UUID
    is_active: bool
    roles: Sequence[str]
    scopes: Sequence[str]


@frozen
class GrantedRole:
    """A role as a user gets it."""

    id: UUID
    name: str
    scopes: Sequence[str]


@frozen
class Proof:
    """What was shown of a user: ``methods`` as in RFC 8176, at ``proven_at``, in the epoch that was read before.

    ``acr`` is 1 for one kind of factor, 2 for two different kinds.
    """

    user_id: UUID
    methods: tuple[str, ...]
    acr: int
    proven_at: datetime
    session_epoch: int
    is_on_trusted_device: bool = False
    """The device showed a second factor before, which counts for the login, and not for ``acr``."""

    @property
    def sign_in(self) -> SignIn:
        """What tokens for other services say of it."""
        return SignIn(self.proven_at, self.acr, self.methods)


@frozen
class Device:
    """What a session's owner recognises it by, as far as it is known and the settings allow."""

    user_agent: str | None = None
    address: str | None = None
    id: UUID | None = None
    """Of the device among those that are known; None where none is kept."""


@frozen
class KnownDevice:
    """A device that a user logged in on, about to be stored."""

    user_id: UUID
    id: UUID
    epoch: int
    secret_hash: bytes
    seen_at: datetime
    trusted_at: datetime | None = None
    """When it showed a second factor that it need not show again for a while; None leaves that as it is."""


class ClientKind(StrEnum):
    """The kinds of clients, whose failed attempts are counted apart."""

    DEVICE = "device"
    """A device that is known by its token."""
    ADDRESS = "address"
    """An address that a live session of the user has."""
    STRANGERS = "strangers"
    """All others together."""
    SIGNED_IN = "signed_in"
    """Sessions of the user that show the password again: no logins."""
    SECOND_FACTOR = "second_factor"
    """Codes of second factors: in logins, each other client has a count of its own; all sessions have one."""


class EndReason(StrEnum):
    """Why a session ended. Stored, and never changed afterwards."""

    LOGOUT = "logout"
    REUSE = "reuse"
    OPERATOR = "operator"
    OWNER = "owner"
    """The user ended it in the list of sessions, perhaps from another device."""
    DISPLACED = "displaced"
    """The user began more than there may be, and did not use this one for longest."""
    DEACTIVATED = "deactivated"
    """Only in rows of earlier versions: a deactivation now changes the user's epoch."""


@frozen
class NewSession:
    """A session about to be stored. ``expires_at`` slides with each rotation, ``session_expires_at`` does not."""

    id: UUID
    user_id: UUID
    epoch: int
    secret_hash: bytes
    client_id: str
    scopes: Sequence[str]
    resources: Sequence[str]
    """The audience of its tokens, where that is another service."""
    amr: Sequence[str]
    acr: int
    authenticated_at: datetime
    browser_session_id: UUID | None
    is_offline: bool
    code_secret_hash: bytes | None
    user_agent: str | None
    address: str | None
    device_id: UUID | None
    created_at: datetime
    expires_at: datetime
    session_expires_at: datetime


@frozen
class LiveSession:
    """A live session with its active user: the roles of this moment and their scopes, None for no role."""

    id: UUID
    client_id: str
    amr: Sequence[str]
    acr: int
    authenticated_at: datetime
    user_id: UUID
    email: str
    username: str
    is_verified: bool
    has_second_factor: bool
    roles: Sequence[str] | None
    role_scopes: Sequence[str] | None

    @property
    def sign_in(self) -> SignIn:
        """When and how its user authenticated."""
        return SignIn(self.authenticated_at, self.acr, tuple(self.amr))


@frozen
class ListedSession:
    """A live session as its owner sees it in the list."""

    id: UUID
    user_agent: str | None
    address: str | None
    created_at: datetime
    refreshed_at: datetime
    amr: Sequence[str]
    application: str | None


@frozen
class EndedEpoch:
    """How many sessions ended with an epoch of their user, and which epoch came after it."""

    next_epoch: int
    count: int


@frozen
class RenewedSession:
    """What replaces the identity of a session, and what was proven of its user at ``authenticated_at``."""

    id: UUID
    secret_hash: bytes
    amr: Sequence[str]
    acr: int
    authenticated_at: datetime
    idle_expires_at: datetime


@frozen
class TokenPair:
    """What a login or a refresh yields. The access token lives ``expires_in`` seconds, and may be bound to a key."""

    access_token: str
    refresh_token: str
    expires_in: int
    scopes: frozenset[str]
    is_bound: bool = False


@frozen
class RefreshedSession:
    """The next pair of a session, and whose it is."""

    pair: TokenPair
    session_id: UUID
    user_id: UUID
    sign_in: SignIn


@frozen
class LoggedIn:
    """What a login yields: the first pair of its session, and the token by which its device is known from now on."""

    tokens: TokenPair
    device_token: str
    is_for_another_service: bool = False

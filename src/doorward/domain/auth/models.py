"""The data classes of this domain: users, sessions, proofs, devices, token pairs. No I/O. Grants are in ``grants``."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.principal import SignIn

FIRST_PARTY_CLIENT: Final = "doorward"
"""The service's own login, as a client (RFC 9068 section 2.2 requires one)."""

ACCOUNT_SCOPE: Final = "account"
"""The scope of a first-party login: to act as the user."""


@frozen
class User:
    """An account as its owner may see it. ``email`` and ``username`` keep the case they were given in.

    A foreign issuer's user may have no address.
    """

    id: UUID
    email: str | None
    username: str
    is_active: bool


@frozen
class NamedUser:
    """An account that an operator has looked up by name. A foreign issuer's user may have no address."""

    id: UUID
    email: str | None
    username: str
    is_active: bool


@frozen
class Credentials:
    """The stored data that a password login is checked against, and whether the user knows its device and address."""

    user_id: UUID
    password_hash: str | None = field(repr=False)
    """None for a user who was imported without a hash: no password is right."""
    is_active: bool
    session_epoch: int
    must_change_password: bool
    second_factor: Sequence[str] | None
    """The kinds of second factors; None for none."""
    knows_device: bool
    trusts_device: bool
    """The device showed a second factor before, and was remembered."""
    knows_address: bool
    """A live session of the user has the address."""
    has_logged_in: bool
    """A session or a device of the user is stored, live or ended."""
    deletes_at: datetime | None
    """When the account will be deleted; None if no deletion is scheduled, or if its owner can no longer cancel it."""
    verified_email: str | None
    """The address for notices to the user; None if it is not verified."""

    @property
    def is_checked(self) -> bool:
        """Return whether the right password has an effect: a session, or the offer to restore the account."""
        return self.is_active or self.deletes_at is not None

    @property
    def is_verified(self) -> bool:
        """Return whether the address was verified."""
        return self.verified_email is not None


@frozen
class LockedAccount:
    """The state of a user's row that the transaction has locked or updated; it decides whether a session may begin."""

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
    """The permissions of a user: the names of the roles, and the scopes of these roles."""

    user_id: UUID
    is_active: bool
    roles: Sequence[str]
    scopes: Sequence[str]


@frozen
class GrantedRole:
    """A role that can be granted to a user."""

    id: UUID
    name: str
    scopes: Sequence[str]


@frozen
class Proof:
    """The proof that a user authenticated by ``methods`` (RFC 8176) at ``proven_at``; the epoch was read before that.

    ``acr`` is 1 for one kind of factor, 2 for two different kinds.
    """

    user_id: UUID
    methods: tuple[str, ...]
    acr: int
    proven_at: datetime
    session_epoch: int
    is_on_trusted_device: bool = False
    """The device showed a second factor before. The login then needs none; ``acr`` does not count it."""

    @property
    def sign_in(self) -> SignIn:
        """Return the proof in the form that tokens for other services have."""
        return SignIn(self.proven_at, self.acr, self.methods)


@frozen
class Device:
    """The recorded device of a session, by which its owner recognises it, as far as it is known and settings allow."""

    user_agent: str | None = None
    address: str | None = None
    id: UUID | None = None
    """The id of the known device, which a session with tokens records; None in sessions of browsers."""


@frozen
class KnownDevice:
    """A device that a user logged in on, about to be stored."""

    user_id: UUID
    id: UUID
    epoch: int
    secret_hash: bytes
    seen_at: datetime
    trusted_at: datetime | None = None
    """When the device showed a second factor and was remembered; None keeps the stored value."""


class ClientKind(StrEnum):
    """The kinds of clients. Failed attempts of each kind are counted separately."""

    DEVICE = "device"
    """A device that is known by its token."""
    ADDRESS = "address"
    """An address that a live session of the user has."""
    STRANGERS = "strangers"
    """All other clients, counted together."""
    SIGNED_IN = "signed_in"
    """A session of the user in which the password is sent again: not a login."""
    SECOND_FACTOR = "second_factor"
    """Codes of second factors. In logins each client of another kind has its own count; all sessions share one."""


class EndReason(StrEnum):
    """Why a session ended. Stored, and never changed afterwards."""

    LOGOUT = "logout"
    REUSE = "reuse"
    OPERATOR = "operator"
    OWNER = "owner"
    """The user ended it in the list of sessions, or withdrew the application's consent."""
    DISPLACED = "displaced"
    """The user exceeded the maximum number of sessions, and this one was the least recently used."""
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
    """The audience of its tokens if that is another service; else empty."""
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
    """A live session with its active user, the user's current roles and their scopes; None for no role."""

    id: UUID
    client_id: str
    amr: Sequence[str]
    acr: int
    authenticated_at: datetime
    user_id: UUID
    email: str | None
    username: str
    is_verified: bool
    has_second_factor: bool
    roles: Sequence[str] | None
    role_scopes: Sequence[str] | None

    @property
    def sign_in(self) -> SignIn:
        """Return when and how the user authenticated."""
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
    """The number of sessions that ended with an epoch of a user, and the next epoch."""

    next_epoch: int
    count: int


@frozen
class RenewedSession:
    """The new id and secret of a session, and how its user authenticated at ``authenticated_at``."""

    id: UUID
    secret_hash: bytes
    amr: Sequence[str]
    acr: int
    authenticated_at: datetime
    idle_expires_at: datetime


@frozen
class TokenPair:
    """The tokens of a login or a refresh. The access token lives ``expires_in`` seconds, and may be bound to a key."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    scopes: frozenset[str]
    is_bound: bool = False


@frozen
class RefreshedSession:
    """The next token pair of a session, with its user and the user's sign-in."""

    pair: TokenPair
    session_id: UUID
    user_id: UUID
    sign_in: SignIn


@frozen
class LoggedIn:
    """The result of a login: the first token pair of its session, and the token that identifies its device later."""

    tokens: TokenPair
    device_token: str = field(repr=False)
    is_for_another_service: bool = False

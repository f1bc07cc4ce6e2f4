"""Use cases: a user links, lists and unlinks identities at other OpenID providers.

A linked identity signs in to the account, so linking and unlinking need a re-authentication within the last minutes. An
e-mail address that a provider reports links nothing.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from doorward.core.exceptions import DomainError
from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.devices.recorded import AddressDetail, recorded_address
from doorward.domain.auth.exceptions import EmailNotVerifiedError
from doorward.domain.auth.models import LockedAccount
from doorward.domain.auth.passwords.stored_passwords import has_password
from doorward.domain.auth.sessions.acting_session import lock_acting_session
from doorward.domain.auth.sessions.admission import SecondFactor
from doorward.domain.auth.users.stored_users import find_verified_email
from doorward.domain.federation.events import FederatedLoginRefused, IdentityLinked, IdentityUnlinked
from doorward.domain.federation.exceptions import (
    IdentityNotFoundError,
    IdentityTakenError,
    InvalidProviderAnswerError,
    LastWayInError,
    TooManyIdentitiesError,
)
from doorward.domain.federation.login_models import LinkingSession, VerifiedIdentity
from doorward.domain.federation.models import ForeignSubject, IssuerName, StoredIdentity
from doorward.domain.federation.ports import IdentityNotices
from doorward.domain.federation.repositories import Connection, identities
from doorward.observability.logging import report
from doorward.observability.request_context import current_client

MAXIMUM_IDENTITIES: Final = 20


def identity_id(identity: StoredIdentity) -> UUID:
    """Return the public id of an identity: a UUID derived from issuer and subject, so that it never changes."""
    return uuid5(NAMESPACE_URL, f"{identity.issuer}\n{identity.subject}")


class Identities:
    """Use cases of users' identities at other providers."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        notices: IdentityNotices,
        address_detail: AddressDetail,
        login_issuers: Collection[str],
    ) -> None:
        """Count as a way to sign in only identities of ``login_issuers``."""
        self._database = database
        self._clock = clock
        self._notices = notices
        self._address_detail: AddressDetail = address_detail
        self._login_issuers = frozenset(login_issuers)

    async def list(self, user_id: UUID) -> Sequence[StoredIdentity]:
        """Return the identities of a user, the oldest first."""
        async with self._database.connection() as connection:
            return await identities.list_linked(connection, user_id)

    async def require_linkable(self, caller: Caller) -> None:
        """Raise ``EmailNotVerifiedError`` if the caller's account may link no identity.

        An account that was registered with another person's address must get no way to sign in that outlasts the
        recovery by that person. Raises ``InvalidAccessTokenError`` if the caller's session has ended meanwhile.
        """
        async with self._database.transaction() as connection:
            account = await lock_acting_session(connection, caller, now=self._clock.now())
        self._require_verified(account)

    def _require_verified(self, account: LockedAccount) -> None:
        if self._notices.requires_verified_address and not account.is_verified:
            raise EmailNotVerifiedError

    async def link(self, caller: Caller, provider: str, identity: VerifiedIdentity, linking: LinkingSession) -> None:
        """Link an identity with the user whose session requested it, committed when this returns.

        The re-authentication of that session was checked when the browser was sent to the provider; ``caller`` is the
        session in which the browser returned. Linking an identity again changes nothing. Raises
        ``InvalidProviderAnswerError`` if that is another session, ``InvalidAccessTokenError`` if it has ended,
        ``EmailNotVerifiedError``, ``IdentityTakenError``, and ``TooManyIdentitiesError``.
        """
        now, user_id = self._clock.now(), linking.user_id
        if (caller.user_id, caller.session_id) != (user_id, linking.session_id):
            raise _refused(provider, "session", InvalidProviderAnswerError())
        event = IdentityLinked(user_id=user_id, session_id=linking.session_id, issuer=IssuerName(identity.issuer))
        async with self._database.transaction() as connection:
            self._require_verified(await lock_acting_session(connection, caller, now=now))
            is_new = await self._link(connection, provider, event, user_id, identity, now)
        if is_new:
            report(event)

    async def _link(
        self,
        connection: Connection,
        provider: str,
        event: IdentityLinked,
        user_id: UUID,
        identity: VerifiedIdentity,
        now: datetime,
    ) -> bool:
        """Link the identity with a user, whose row is locked; return False if it was linked already."""
        subject = ForeignSubject(identity.issuer, identity.subject)
        linked = await identities.list_linked(connection, user_id)
        if any((each.issuer, each.subject) == subject for each in linked):
            return False
        if len(linked) >= MAXIMUM_IDENTITIES:
            raise TooManyIdentitiesError
        if not await identities.add_identity(connection, user_id, subject, now=now):
            raise _refused(provider, "taken", IdentityTakenError())
        await self._record(connection, event, user_id, "identity_linked", now)
        return True

    async def unlink(self, caller: Caller, number: UUID) -> None:
        """Unlink an identity of the caller's user, who must have re-authenticated recently.

        Raises ``IdentityNotFoundError``, the same for one that never existed and for another user's,
        ``LastWayInError``, and ``InvalidAccessTokenError`` if the caller's session has ended meanwhile.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            account = await lock_acting_session(connection, caller, now=now)
            event = await self._unlink(connection, account, caller.session_id, number, now)
        report(event)

    async def _unlink(
        self, connection: Connection, account: LockedAccount, session_id: UUID, number: UUID, now: datetime
    ) -> IdentityUnlinked:
        linked = await identities.list_linked(connection, account.user_id)
        found = next((each for each in linked if identity_id(each) == number), None)
        if found is None:
            raise IdentityNotFoundError
        has_passkey = SecondFactor.PASSKEY in (account.second_factor or ())
        has_other = any(each != found and each.issuer in self._login_issuers for each in linked)
        if not has_other and not has_passkey and not await has_password(connection, account.user_id):
            raise LastWayInError
        await identities.remove_identity(connection, account.user_id, ForeignSubject(found.issuer, found.subject))
        event = IdentityUnlinked(user_id=account.user_id, session_id=session_id, issuer=IssuerName(found.issuer))
        await self._record(connection, event, account.user_id, "identity_unlinked", now)
        return event

    async def _record(
        self,
        connection: Connection,
        event: IdentityLinked | IdentityUnlinked,
        user_id: UUID,
        told: Literal["identity_linked", "identity_unlinked"],
        now: datetime,
    ) -> None:
        await record(connection, event, address=recorded_address(current_client(), self._address_detail))
        email = await find_verified_email(connection, user_id)
        await self._notices.notify(connection, user_id, told, email=email, now=now)


def _refused(provider: str, reason: Literal["session", "taken"], refusal: DomainError) -> DomainError:
    report(FederatedLoginRefused(provider=provider, reason=reason))
    return refusal

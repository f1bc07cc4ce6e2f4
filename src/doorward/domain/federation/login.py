"""Use case: sign in with another OpenID provider, which verifies the identity. Accounts are not found by address."""

from dataclasses import field
from datetime import datetime
from functools import partial
from typing import Final, Literal

from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.auth.devices.known_devices import KnownDevices
from doorward.domain.auth.exceptions import (
    SecondFactorRequiredError,
)
from doorward.domain.auth.factors.events import SecondFactorAsked
from doorward.domain.auth.login.blocked_logins import BlockedLogins
from doorward.domain.auth.login.login_sessions import BegunLogin, LoginPlace, LoginSessions, place_of
from doorward.domain.auth.login.pending_login import PendingLogin, PendingLogins
from doorward.domain.auth.login.throttling import ThrottledClient, Throttling
from doorward.domain.auth.models import Credentials, Proof
from doorward.domain.auth.ports import Client
from doorward.domain.auth.sessions.admission import ERRORS_SHOWN_TO_OWNER, RefusalReason, Refuse, SecondFactorDue
from doorward.domain.auth.sessions.browser_session import BrowserStay
from doorward.domain.auth.sessions.browser_sessions import BegunBrowserSession, SignedIn
from doorward.domain.auth.sessions.grants import IN_BROWSER
from doorward.domain.federation.events import FederatedLoginProven, FederatedLoginRefused
from doorward.domain.federation.exceptions import InvalidProviderAnswerError, UnknownIdentityError
from doorward.domain.federation.login_models import VerifiedIdentity
from doorward.domain.federation.models import ForeignSubject
from doorward.domain.federation.provider_redirects import ProviderRedirects
from doorward.domain.federation.repositories import Connection, identities
from doorward.observability.logging import report

FEDERATED_METHODS: Final = ("fed",)
"""The ``amr`` of a login at another provider. RFC 8176 has no value for it."""


@frozen
class SigningBrowser:
    """The browser in which a user signs in, and its settings. ``trusts_device``: as for a password."""

    stay: BrowserStay
    client: Client
    user_agent: str | None
    device_token: str | None = field(repr=False)
    trusts_device: bool


@frozen
class _Proven:
    """The account of a verified identity, and the place of the login."""

    provider: str
    owner: Credentials
    proof: Proof
    place: LoginPlace
    counted_as: ThrottledClient


class FederatedLogin:
    """Begins a browser session for a verified identity."""

    def __init__(
        self,
        *,
        redirects: ProviderRedirects,
        database: Database[Connection],
        clock: Clock,
        sessions: LoginSessions,
        pending: PendingLogins,
        throttling: Throttling,
        devices: KnownDevices,
        blocked_logins: BlockedLogins,
    ) -> None:
        """Use ``pending`` if a second factor is due, and ``blocked_logins`` if the account may not begin a session."""
        self.redirects = redirects
        self._database = database
        self._clock = clock
        self._sessions = sessions
        self._pending = pending
        self._throttling = throttling
        self._devices = devices
        self._blocked_logins = blocked_logins

    async def sign_in(self, provider: str, identity: VerifiedIdentity, by: SigningBrowser) -> SignedIn:
        """Begin the session of a browser, committed when this returns.

        Raises ``UnknownIdentityError`` if the identity is linked with no account, ``SecondFactorRequiredError`` as
        after a password, ``DeletionPendingError``, ``EmailNotVerifiedError`` and ``PasswordChangeRequiredError``, and
        ``InvalidProviderAnswerError`` for a deactivated account.
        """
        now = self._clock.now()
        proven = await self._find(provider, identity, by, now)
        begin = partial(self._sessions.begin_in_browser, stay=by.stay, place=proven.place, now=now)
        async with self._database.transaction() as connection:
            account = await self._sessions.lock(connection, proven.owner.user_id)
            # Checked again under the lock: the identity may have been unlinked meanwhile.
            found = await identities.find_user(connection, ForeignSubject(identity.issuer, identity.subject))
            is_linked = found == proven.owner.user_id
            login = await begin(connection, account, proven.proof) if is_linked else None
            if isinstance(login, Refuse) and login.reason is RefusalReason.EMAIL_NOT_VERIFIED:
                await self._blocked_logins.ask_for_verification(connection, proven.owner.user_id, now=now)
        if login is None:
            raise _unknown(provider)
        return self._finish(proven, login, now)

    async def _find(self, provider: str, identity: VerifiedIdentity, by: SigningBrowser, now: datetime) -> _Proven:
        shown, device = self._devices.read(by.device_token), self._sessions.describe(by.client, by.user_agent)
        async with self._database.connection() as connection:
            user_id = await identities.find_user(connection, ForeignSubject(identity.issuer, identity.subject))
            owner = (
                None
                if user_id is None
                else await self._sessions.find_credentials(connection, user_id, shown, device, now=now)
            )
        if owner is None:
            raise _unknown(provider)
        # The provider's clock may be ahead; the proof must not be in the future.
        at = now if identity.authenticated_at is None else min(identity.authenticated_at, now)
        proof = Proof(
            owner.user_id,
            FEDERATED_METHODS,
            acr=1,
            proven_at=at,
            session_epoch=owner.session_epoch,
            is_on_trusted_device=owner.trusts_device and by.trusts_device,
        )
        counted_as = self._throttling.client_of(owner, shown, device)
        return _Proven(provider, owner, proof, place_of(owner, shown, device), counted_as)

    def _finish(
        self, proven: _Proven, login: BegunLogin[BegunBrowserSession] | SecondFactorDue | Refuse, now: datetime
    ) -> SignedIn:
        """Return the cookies of the committed session, or raise the reason why there is none."""
        if isinstance(login, Refuse):
            raise self._refusal_of(proven, login.reason, now)
        report(FederatedLoginProven(provider=proven.provider, target_user_id=proven.owner.user_id))
        if isinstance(login, SecondFactorDue):
            raise self._second_factor_due(proven, login, now)
        return self._sessions.finish_in_browser(login)

    def _second_factor_due(self, proven: _Proven, due: SecondFactorDue, now: datetime) -> SecondFactorRequiredError:
        known, owner = proven.place.known, proven.owner
        login = PendingLogin(
            user_id=owner.user_id,
            epoch=owner.session_epoch,
            methods=FEDERATED_METHODS,
            grant=IN_BROWSER,
            counted_as=proven.counted_as,
            device_id=None if known is None else known.device_id,
            is_new=proven.place.is_new,
        )
        report(SecondFactorAsked(target_user_id=login.user_id))
        return SecondFactorRequiredError(self._pending.issue(login, now=now), due.methods)

    def _refusal_of(self, proven: _Proven, reason: RefusalReason, now: datetime) -> DomainError:
        """Return the refusal of a verified identity whose account may begin no session."""
        owner = proven.owner
        if owner.deletes_at is not None and reason is RefusalReason.INACTIVE_USER:
            _report_refusal(proven, "deletion_pending")
            return self._blocked_logins.offer_restoration(
                owner.user_id, epoch=owner.session_epoch, deletes_at=owner.deletes_at, now=now
            )
        _report_refusal(proven, reason)
        told = ERRORS_SHOWN_TO_OWNER.get(reason)
        return InvalidProviderAnswerError() if told is None else told()


def _report_refusal(proven: _Proven, reason: RefusalReason | Literal["deletion_pending"]) -> None:
    report(FederatedLoginRefused(provider=proven.provider, reason=reason, target_user_id=proven.owner.user_id))


def _unknown(provider: str) -> UnknownIdentityError:
    report(FederatedLoginRefused(provider=provider, reason="unknown_identity"))
    return UnknownIdentityError()

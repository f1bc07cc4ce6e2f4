"""Use cases: set up an authenticator application, which stores nothing until its code is shown, and remove it."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from doorward.core.events import AuditedEvent
from doorward.core.ports import Clock, Database, Sealer
from doorward.domain.audit.recording import record
from doorward.domain.auth.acting_session import lock_acting_session
from doorward.domain.auth.admission import TWO_KINDS, SecondFactor
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.continuation import Continued, SessionContinuation
from doorward.domain.auth.exceptions import (
    EmailNotVerifiedError,
    InvalidOneTimeTokenError,
    InvalidSecondFactorError,
)
from doorward.domain.auth.factor_changes import add_kind, remove_kinds
from doorward.domain.auth.login_completion import SEVERAL_FACTORS
from doorward.domain.auth.models import Account, Device, LoggedIn, Proof
from doorward.domain.auth.ports import NO_CLIENT, Client
from doorward.domain.auth.sealed_tokens import SealedKind, SealedToken, SealedTokens
from doorward.domain.mfa.events import RecoveryCodesMade, TotpAdded, TotpRemoved
from doorward.domain.mfa.exceptions import TotpExistsError, TotpNotFoundError
from doorward.domain.mfa.models import Enrolled, Enrolment, NewTotpFactor, sealing_context
from doorward.domain.mfa.notices import FactorNotices
from doorward.domain.mfa.policy import read_totp_code
from doorward.domain.mfa.recovery_codes import RecoveryCodes
from doorward.domain.mfa.repositories import Connection, totp_factors
from doorward.domain.mfa.second_factor import ONE_TIME_PASSWORD
from doorward.domain.mfa.totp import matching_step, new_secret, provisioning_uri, shown_secret
from doorward.observability.logging import report


@dataclass(frozen=True, slots=True)
class EnrolmentParts:
    """What the secrets go through: sealed for the row, then authenticated for the client; ``issuer`` is shown."""

    sealer: Sealer
    sealed_tokens: SealedTokens
    issuer: str


class TotpEnrolment:
    """Gives a user an authenticator application, or takes it away. All sessions end; the acting one is replaced."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        parts: EnrolmentParts,
        codes: RecoveryCodes,
        continuation: SessionContinuation,
        notices: FactorNotices,
    ) -> None:
        """Take the database, the time, what seals, what makes recovery codes and sessions, and what tells users."""
        self._database = database
        self._clock = clock
        self._parts = parts
        self._codes = codes
        self._continuation = continuation
        self._notices = notices

    async def begin(self, caller: Caller) -> Enrolment:
        """Return a secret for an application, and the token that brings it back. Nothing is stored.

        The caller has proven a moment ago who is asking. Raises ``EmailNotVerifiedError`` and ``TotpExistsError``, and
        ``InvalidAccessTokenError`` if the caller's session has ended meanwhile.
        """
        now, user_id, secret = self._clock.now(), caller.user.id, new_secret()
        async with self._database.transaction() as connection:
            account = await lock_acting_session(connection, caller, now=now)
        self._check(account)
        sealed = self._parts.sealer.seal(secret, context=sealing_context(user_id))
        token = self._parts.sealed_tokens.issue(
            SealedKind.TOTP_ENROLMENT, user_id=user_id, epoch=account.session_epoch, now=now, content=sealed
        )
        return self._shown(caller, secret, token)

    def show_again(self, caller: Caller, token: str) -> Enrolment:
        """Return the enrolment whose token is brought back, to a page that shows it again after a wrong code.

        Raises ``InvalidOneTimeTokenError``. Whether it was used, the database decides when it is confirmed.
        """
        shown = self._read(caller, token, self._clock.now())
        secret = self._parts.sealer.open(shown.content, context=sealing_context(shown.user_id))
        return self._shown(caller, secret, token)

    def _shown(self, caller: Caller, secret: bytes, token: str) -> Enrolment:
        uri = provisioning_uri(secret, issuer=self._parts.issuer, account=caller.user.username)
        return Enrolment(uri, shown_secret(secret), token)

    def _read(self, caller: Caller, token: str, now: datetime) -> SealedToken:
        """Return what a token says, if it is the caller's. Raises ``InvalidOneTimeTokenError``."""
        shown = self._parts.sealed_tokens.read(token, SealedKind.TOTP_ENROLMENT, now=now)
        if shown.user_id != caller.user.id:
            raise InvalidOneTimeTokenError
        return shown

    async def confirm(
        self, caller: Caller, *, token: str, code: str, client: Client = NO_CLIENT, user_agent: str | None = None
    ) -> Enrolled:
        """Store the application whose code is shown, and ten recovery codes, committed when this returns.

        All sessions of the user end, remembered devices with them; the acting one goes on as another, by two factors.
        Of several confirmations at the same moment one is made. Raises ``InvalidOneTimeTokenError`` for the token,
        ``InvalidSecondFactorError`` for the code, which leaves the token usable, and what ``begin`` raises.
        """
        now, user_id = self._clock.now(), caller.user.id
        self._continuation.require_signing_key(now)
        shown = self._read(caller, token, now)
        factor = self._matching(shown, code, now)
        device = self._continuation.describe(client, user_agent)
        async with self._database.transaction() as connection:
            account = await lock_acting_session(connection, caller, now=now)
            self._check(account)
            if account.session_epoch != shown.epoch or not await self._parts.sealed_tokens.consume(connection, shown):
                raise InvalidOneTimeTokenError
            if not await totp_factors.add_factor(connection, factor):
                raise TotpExistsError
            codes = await self._codes.make(connection, user_id, now=now)
            events = [
                TotpAdded(user_id=user_id, session_id=caller.session_id),
                RecoveryCodesMade(user_id=user_id, session_id=caller.session_id, count=len(codes)),
            ]
            continued = await self._add(connection, caller, device, events, now)
        for event in events:
            report(event)
        return Enrolled(codes, self._continuation.finish(continued, now=now))

    def _check(self, account: Account) -> None:
        """Raise ``EmailNotVerifiedError`` or ``TotpExistsError`` where no application may be set up."""
        if self._notices.needs_verified_address and not account.is_verified:
            raise EmailNotVerifiedError
        if SecondFactor.TOTP in (account.second_factor or ()):
            raise TotpExistsError

    def _matching(self, shown: SealedToken, code: str, now: datetime) -> NewTotpFactor:
        """Return the application, if the code is one of its own. That code is used with it."""
        user_id = shown.user_id
        secret = self._parts.sealer.open(shown.content, context=sealing_context(user_id))
        step = matching_step(secret, read_totp_code(code) or "", now)
        if step is None:
            raise InvalidSecondFactorError
        return NewTotpFactor(user_id, uuid4(), shown.content, last_step=step, created_at=now)

    async def _add(
        self, connection: Connection, caller: Caller, device: Device, events: list[AuditedEvent], now: datetime
    ) -> Continued:
        user_id = caller.user.id
        account = await add_kind(connection, user_id, SecondFactor.TOTP)
        for event in events:
            await record(connection, event, address=device.address)
        methods = {*caller.amr, *ONE_TIME_PASSWORD, SEVERAL_FACTORS}
        proof = Proof(
            user_id,
            tuple(sorted(methods)),
            acr=TWO_KINDS,
            proven_at=now,
            session_epoch=account.session_epoch,
        )
        continued = await self._continuation.begin(connection, caller, account, proof, device, now=now)
        email = caller.user.email if account.is_verified else None
        await self._notices.tell(connection, user_id, "totp_added", email=email, now=now)
        return continued

    async def remove(self, caller: Caller, *, client: Client = NO_CLIENT, user_agent: str | None = None) -> LoggedIn:
        """Remove the application, and the recovery codes with the last factor, committed when this returns.

        The caller has shown a second factor a moment ago. All sessions end; the acting one goes on as another, and its
        proof is as old as it was. Raises ``TotpNotFoundError``, and ``InvalidAccessTokenError`` if the caller's session
        has ended meanwhile.
        """
        now, user_id = self._clock.now(), caller.user.id
        self._continuation.require_signing_key(now)
        device = self._continuation.describe(client, user_agent)
        event = TotpRemoved(user_id=user_id, session_id=caller.session_id)
        async with self._database.transaction() as connection:
            await lock_acting_session(connection, caller, now=now)
            if not await totp_factors.remove_factor(connection, user_id):
                raise TotpNotFoundError
            account = await remove_kinds(connection, user_id, SecondFactor.TOTP)
            if account.second_factor is None:
                await self._codes.remove(connection, user_id)
            await record(connection, event, address=device.address)
            proof = replace(proof_of(caller), session_epoch=account.session_epoch)
            continued = await self._continuation.begin(connection, caller, account, proof, device, now=now)
            email = caller.user.email if account.is_verified else None
            await self._notices.tell(connection, user_id, "totp_removed", email=email, now=now)
        report(event)
        return self._continuation.finish(continued, now=now)


def proof_of(caller: Caller) -> Proof:
    """Return what was proven in the caller's session, in an epoch that is still to be named."""
    return Proof(
        caller.user.id, tuple(sorted(caller.amr)), acr=caller.acr, proven_at=caller.authenticated_at, session_epoch=0
    )

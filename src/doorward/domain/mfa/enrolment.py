"""Use cases: set up an authenticator application, which is stored only once its code is confirmed, and delete it."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from uuid import uuid4

from doorward.core.events import AuditedEvent
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database, SealedDataError, Sealer
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import (
    EmailNotVerifiedError,
    InvalidOneTimeTokenError,
    InvalidSecondFactorError,
    ReauthenticationRequiredError,
)
from doorward.domain.auth.factors.changes import add_kind, remove_kinds
from doorward.domain.auth.login.completion import SEVERAL_FACTORS
from doorward.domain.auth.login.reauthentication import is_factor_missing
from doorward.domain.auth.models import Device, LockedAccount, Proof
from doorward.domain.auth.ports import NO_CLIENT, Client
from doorward.domain.auth.sessions.acting_session import lock_acting_session
from doorward.domain.auth.sessions.admission import TWO_KINDS, SecondFactor
from doorward.domain.auth.sessions.continuation import (
    ContinuedSession,
    SessionContinuation,
    SessionCredentials,
    proof_of,
)
from doorward.domain.auth.tokens.sealed_tokens import SealedKind, SealedToken, SealedTokens
from doorward.domain.mfa.events import TotpAdded, TotpRemoved, TotpReplaced
from doorward.domain.mfa.exceptions import TotpExistsError, TotpNotFoundError
from doorward.domain.mfa.models import Enrolled, Enrolment, NewTotpFactor, sealing_context
from doorward.domain.mfa.notices import FactorChange, FactorNotices
from doorward.domain.mfa.policy import read_totp_code
from doorward.domain.mfa.recovery_codes import RecoveryCodes
from doorward.domain.mfa.repositories import Connection, totp_factors
from doorward.domain.mfa.second_factor import ONE_TIME_PASSWORD
from doorward.domain.mfa.totp import matching_step, new_secret, provisioning_uri, shown_secret
from doorward.observability.logging import report


@frozen
class EnrolmentParts:
    """Seals secrets for storage and for the enrolment token. ``issuer`` is the name in the application."""

    sealer: Sealer
    sealed_tokens: SealedTokens
    issuer: str


@frozen
class _Stored:
    """A stored application: the notice to the user, and the events to report after the commit."""

    told: FactorChange
    events: Sequence[AuditedEvent]
    recovery_codes: Sequence[str] = field(default=(), repr=False)


class TotpEnrolment:
    """Sets up and removes authenticator applications. All sessions end; the acting one is replaced."""

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
        self._database = database
        self._clock = clock
        self._parts = parts
        self._codes = codes
        self._continuation = continuation
        self._notices = notices

    async def begin(self, caller: Caller, *, replaces: bool = False) -> Enrolment:
        """Return a secret for an application, and the token with which it is confirmed. Nothing is stored.

        The caller must have re-authenticated recently, with a second factor if the user has one. ``replaces``: the new
        application may replace an existing one. Raises ``EmailNotVerifiedError`` and ``TotpExistsError``, and
        ``InvalidAccessTokenError`` if the caller's session has ended meanwhile.
        """
        now, user_id, secret = self._clock.now(), caller.user.id, new_secret()
        async with self._database.transaction() as connection:
            account = await lock_acting_session(connection, caller, now=now)
        self._require_verified(account)
        if has_application(account) and not replaces:
            raise TotpExistsError
        sealed = self._parts.sealer.seal(secret, context=sealing_context(user_id))
        token = self._parts.sealed_tokens.issue(
            SealedKind.TOTP_ENROLMENT, user_id=user_id, epoch=account.session_epoch, now=now, content=sealed
        )
        return self._shown(caller, secret, token)

    def show_again(self, caller: Caller, token: str) -> Enrolment:
        """Return the enrolment of a token, for a page that shows it again after a wrong code.

        Raises ``InvalidOneTimeTokenError``. Whether the token was used is checked only in ``confirm``.
        """
        shown = self._read(caller, token, self._clock.now())
        return self._shown(caller, self._open(shown), token)

    def _shown(self, caller: Caller, secret: bytes, token: str) -> Enrolment:
        uri = provisioning_uri(secret, issuer=self._parts.issuer, account=caller.user.username)
        return Enrolment(uri, shown_secret(secret), token)

    def _read(self, caller: Caller, token: str, now: datetime) -> SealedToken:
        """Return the content of a token, if it is the caller's. Raises ``InvalidOneTimeTokenError``."""
        shown = self._parts.sealed_tokens.read(token, SealedKind.TOTP_ENROLMENT, now=now)
        if shown.user_id != caller.user.id:
            raise InvalidOneTimeTokenError
        return shown

    def _open(self, shown: SealedToken) -> bytes:
        """Return the secret. If its sealing key is gone, the token is not valid any more."""
        try:
            return self._parts.sealer.open(shown.content, context=sealing_context(shown.user_id))
        except SealedDataError as error:
            raise InvalidOneTimeTokenError from error

    async def confirm(
        self, caller: Caller, *, token: str, code: str, client: Client = NO_CLIENT, user_agent: str | None = None
    ) -> Enrolled:
        """Store the application if the code is right, and ten recovery codes, committed when this returns.

        If it replaces another application, codes of that one are refused from then on, and the recovery codes stay:
        they are for users who have lost an application. All sessions of the user end, and remembered devices are
        forgotten; the acting session is replaced by one with two factors. Of concurrent confirmations, one succeeds.
        Raises ``InvalidOneTimeTokenError`` for the token, ``InvalidSecondFactorError`` for the code, which leaves the
        token usable, ``ReauthenticationRequiredError`` in a session without the second factor, and what ``begin``
        raises.
        """
        now = self._clock.now()
        self._continuation.require_signing_key(caller, now)
        shown = self._read(caller, token, now)
        factor = self._matching(shown, code, now)
        device = self._continuation.describe(client, user_agent)
        async with self._database.transaction() as connection:
            account = await lock_acting_session(connection, caller, now=now)
            self._require_verified(account)
            await self._consume(connection, shown, account)
            if account.second_factor:
                require_second_factor_of(caller)
            if has_application(account):
                stored = await self._replace(connection, caller, factor, device)
            else:
                stored = await self._add(connection, caller, factor, device)
            continued = await self._continue(connection, caller, stored.told, device, now)
        for event in stored.events:
            report(event)
        return Enrolled(stored.recovery_codes, self._continuation.finish(continued, now=now))

    def _require_verified(self, account: LockedAccount) -> None:
        """Raise ``EmailNotVerifiedError`` if the account may not set up an application."""
        if self._notices.requires_verified_address and not account.is_verified:
            raise EmailNotVerifiedError

    async def _consume(self, connection: Connection, shown: SealedToken, account: LockedAccount) -> None:
        """Consume the token. Each change of factors begins a new epoch.

        If the epoch is still the token's, an existing application was there when the token was issued. Raises
        ``TotpExistsError`` if one was set up since, and ``InvalidOneTimeTokenError``.
        """
        if account.session_epoch != shown.epoch:
            raise TotpExistsError if has_application(account) else InvalidOneTimeTokenError
        if not await self._parts.sealed_tokens.consume(connection, shown):
            raise InvalidOneTimeTokenError

    async def _add(self, connection: Connection, caller: Caller, factor: NewTotpFactor, device: Device) -> _Stored:
        if not await totp_factors.add_factor(connection, factor):
            raise TotpExistsError
        event = TotpAdded(user_id=factor.user_id, session_id=caller.session_id)
        await record(connection, event, address=device.address)
        made = await self._codes.make(connection, caller, now=factor.created_at)
        return _Stored("totp_added", (event, made.event), made.codes)

    async def _replace(self, connection: Connection, caller: Caller, factor: NewTotpFactor, device: Device) -> _Stored:
        await totp_factors.replace_factor(connection, factor)
        event = TotpReplaced(user_id=factor.user_id, session_id=caller.session_id)
        await record(connection, event, address=device.address)
        return _Stored("totp_replaced", (event,))

    def _matching(self, shown: SealedToken, code: str, now: datetime) -> NewTotpFactor:
        """Return the application if the code is right. The code is stored as used."""
        user_id, secret = shown.user_id, self._open(shown)
        step = matching_step(secret, read_totp_code(code) or "", now)
        if step is None:
            raise InvalidSecondFactorError
        return NewTotpFactor(user_id, uuid4(), shown.content, last_step=step, created_at=now)

    async def _continue(
        self, connection: Connection, caller: Caller, told: FactorChange, device: Device, now: datetime
    ) -> ContinuedSession:
        user_id = caller.user.id
        account = await add_kind(connection, user_id, SecondFactor.TOTP)
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
        await self._notices.notify(connection, user_id, told, email=email, now=now)
        return continued

    async def delete(
        self, caller: Caller, *, client: Client = NO_CLIENT, user_agent: str | None = None
    ) -> SessionCredentials:
        """Delete the application, and the recovery codes with the last factor, committed when this returns.

        The caller must have shown a second factor recently. All sessions end; the acting one is replaced, with the age
        of its proof unchanged. Raises ``TotpNotFoundError``, and ``InvalidAccessTokenError`` if the caller's session
        has ended meanwhile.
        """
        now, user_id = self._clock.now(), caller.user.id
        self._continuation.require_signing_key(caller, now)
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
            proof = proof_of(caller, epoch=account.session_epoch)
            continued = await self._continuation.begin(connection, caller, account, proof, device, now=now)
            email = caller.user.email if account.is_verified else None
            await self._notices.notify(connection, user_id, "totp_removed", email=email, now=now)
        report(event)
        return self._continuation.finish(continued, now=now)


def has_application(account: LockedAccount) -> bool:
    """Return whether an authenticator application is set up."""
    return SecondFactor.TOTP in (account.second_factor or ())


def require_second_factor_of(caller: Caller) -> None:
    """Raise ``ReauthenticationRequiredError`` if the session has not shown the user's second factor."""
    if is_factor_missing(caller):
        raise ReauthenticationRequiredError(None, acr=TWO_KINDS)

"""Use cases: prove again who is asking, and tell whether that was proven recently enough."""

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import uuid4

from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.core.principal import SignIn
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import AnyCaller, Caller
from doorward.domain.auth.devices.recorded import AddressDetail, recorded_address
from doorward.domain.auth.events import SessionReauthenticated
from doorward.domain.auth.exceptions import InvalidSecondFactorError, ReauthenticationRequiredError
from doorward.domain.auth.factors.exceptions import SecondFactorNeededError
from doorward.domain.auth.factors.shown_factor import ShownFactor, counting
from doorward.domain.auth.login.completion import SEVERAL_FACTORS
from doorward.domain.auth.login.login import PASSWORD_METHODS
from doorward.domain.auth.login.throttling import Throttling
from doorward.domain.auth.models import RenewedSession, TokenPair
from doorward.domain.auth.passwords.stored_passwords import Passwords
from doorward.domain.auth.ports import NO_CLIENT, Client
from doorward.domain.auth.repositories import Connection, own_sessions, users
from doorward.domain.auth.sessions.acting_session import lock_acting_session
from doorward.domain.auth.sessions.admission import TWO_KINDS
from doorward.domain.auth.sessions.grants import Grant
from doorward.domain.auth.sessions.policy import FRESH_PROOF, Lifetimes, is_fresh
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.auth.tokens.refresh_token import SECRET_BYTES, RefreshToken, hash_secret
from doorward.observability.logging import report
from doorward.observability.request_context import bind_session, current_client

VERIFIED_USER: Final = "user"
"""``amr`` of a device that asked its user for a PIN or a part of the body (RFC 8176 section 2)."""


@frozen
class _Renewal:
    """What a session becomes, and the first refresh token of it."""

    token: RefreshToken
    session: RenewedSession
    event: SessionReauthenticated


def is_factor_missing(caller: Caller) -> bool:
    """Tell whether the caller's user has a second factor that was not shown in the session."""
    return caller.has_second_factor and caller.acr < TWO_KINDS


def renewed_methods(before: Collection[str], factor: Collection[str]) -> tuple[tuple[str, ...], int]:
    """Return the ``amr`` and the ``acr`` of a session that has shown ``before`` and shows a factor now (RFC 8176).

    A device that has verified its user is two kinds by itself; anything else is one, and another that was shown before.
    """
    methods = {*before, *factor}
    if VERIFIED_USER not in factor and not methods - {*factor, SEVERAL_FACTORS}:
        return tuple(sorted(methods)), 1
    return tuple(sorted(methods | {SEVERAL_FACTORS})), TWO_KINDS


def require_fresh_proof(caller: Caller, now: datetime) -> None:
    """Raise ``ReauthenticationRequiredError`` unless the caller's user authenticated a moment ago (RFC 9470).

    By the session's row, not by what the access token says. A user who has a second factor has shown it, too.
    """
    if not is_fresh(caller.authenticated_at, now) or is_factor_missing(caller):
        acr = TWO_KINDS if caller.has_second_factor else None
        raise ReauthenticationRequiredError(int(FRESH_PROOF.total_seconds()), acr=acr)


class Reauthentication:
    """Keeps the proof of a session recent, for the calls that need it."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        passwords: Passwords,
        throttling: Throttling,
        issuer: TokenPairIssuer,
        clock: Clock,
        lifetimes: Lifetimes,
        address_detail: AddressDetail,
    ) -> None:
        """Take the database, what checks passwords and counts attempts, the issuer, the time, and the limits.

        ``address_detail`` is how much of addresses may be recorded.
        """
        self._database = database
        self._passwords = passwords
        self._throttling = throttling
        self._issuer = issuer
        self._clock = clock
        self._lifetimes = lifetimes
        self._address_detail: AddressDetail = address_detail

    def require_fresh_proof(self, caller: Caller) -> None:
        """Raise ``ReauthenticationRequiredError`` unless the caller's user authenticated a moment ago."""
        require_fresh_proof(caller, self._clock.now())

    def require_second_factor(self, caller: AnyCaller) -> None:
        """Raise unless the caller's user has shown two factors in the session, at whatever time.

        ``SecondFactorNeededError`` for a user who has no second factor, ``ReauthenticationRequiredError`` for others.
        """
        if not isinstance(caller, Caller):
            raise SecondFactorNeededError
        if caller.acr >= TWO_KINDS:
            return
        if not caller.has_second_factor:
            raise SecondFactorNeededError
        raise ReauthenticationRequiredError(None, acr=TWO_KINDS)

    async def reauthenticate(self, caller: Caller, password: str, *, client: Client = NO_CLIENT) -> TokenPair:
        """Make the proof of the caller's session one of this moment, committed when this returns.

        The session gets another id and another secret: a token of it that was stolen before is refused from the next
        request on, and never gains from the new proof. Raises ``WrongPasswordError``, which leaves the session as it
        was, and ``InvalidAccessTokenError`` if the session has ended meanwhile. ``ServiceUnavailableError`` while no
        access token can be signed, before the password is checked.
        """
        self._issuer.require_signing_key(None, self._clock.now())
        async with self._passwords.proving(caller, password, client=client) as proven:
            now = self._clock.now()
            renewal = self._renewal(caller, PASSWORD_METHODS, acr=1, now=now)
            async with self._database.transaction() as connection:
                await lock_acting_session(connection, caller, now=now)
                await self._store(connection, caller, renewal)
                await self._passwords.forget_failures(connection, proven)
                if proven.upgraded_hash is not None:
                    old, new = proven.stored_hash, proven.upgraded_hash
                    await users.replace_password_hash(connection, caller.user.id, old=old, new=new)
        return self._finish(caller, renewal)

    async def reauthenticate_by_factor(self, caller: Caller, factor: ShownFactor) -> TokenPair:
        """Make the proof of the caller's session one of this moment, by a second factor, as ``reauthenticate`` does.

        What the session has shown before counts with it: with a password that makes two kinds. Wrong codes are counted
        for all sessions of the user together, and wrong passwords of the session go along with it. Raises
        ``InvalidSecondFactorError``, which leaves the session as it was, ``LoginThrottledError``, and what
        ``reauthenticate`` raises.
        """
        now, user_id = self._clock.now(), caller.user.id
        self._issuer.require_signing_key(None, now)
        client = self._throttling.second_factor_in_sessions
        async with counting(self._throttling, user_id, client, factor) as counted:
            async with self._database.connection() as connection:
                await factor.check(connection, user_id, now=now)
            amr, acr = renewed_methods(caller.amr, factor.amr)
            renewal = self._renewal(caller, amr, acr=acr, now=now)
            async with self._database.transaction() as connection:
                await lock_acting_session(connection, caller, now=now)
                consumed = await factor.consume(connection, user_id, now=now)
                if consumed.is_accepted:
                    await self._store(connection, caller, renewal)
                    if counted:
                        await self._throttling.forget(connection, *counted)
                    old, new = caller.session_id, renewal.session.id
                    await self._throttling.rename_session(connection, user_id, old, new)
        for event in consumed.events:
            report(event)
        if not consumed.is_accepted:
            raise InvalidSecondFactorError
        return self._finish(caller, renewal)

    def _renewal(self, caller: Caller, amr: tuple[str, ...], *, acr: int, now: datetime) -> _Renewal:
        user_id, grant = caller.user.id, _grant_of(caller)
        secret, thumbprint = secrets.token_bytes(SECRET_BYTES), grant.refresh_thumbprint
        token = RefreshToken(uuid4(), user_id, generation=0, secret=secret, thumbprint=thumbprint)
        session = RenewedSession(
            id=token.session_id,
            secret_hash=hash_secret(token.secret),
            amr=list(amr),
            acr=acr,
            authenticated_at=now,
            idle_expires_at=now + self._lifetimes.refresh_idle,
        )
        event = SessionReauthenticated(user_id=user_id, session_id=session.id, previous_session_id=caller.session_id)
        return _Renewal(token, session, event)

    async def _store(self, connection: Connection, caller: Caller, renewal: _Renewal) -> None:
        """Replace the caller's session, which is locked, in the caller's transaction."""
        now = renewal.session.authenticated_at
        await own_sessions.replace_session(connection, caller.user.id, caller.session_id, renewal.session, now=now)
        await record(connection, renewal.event, address=recorded_address(current_client(), self._address_detail))

    def _finish(self, caller: Caller, renewal: _Renewal) -> TokenPair:
        """Report what was committed, and return the tokens of the session."""
        user_id, session = caller.user.id, renewal.session
        bind_session(user_id=user_id, session_id=session.id)
        report(renewal.event)
        return self._issuer.issue(
            renewal.token,
            _grant_of(caller),
            SignIn(session.authenticated_at, session.acr, tuple(session.amr)),
            user_id=user_id,
            roles=caller.roles,
            now=session.authenticated_at,
        )


def _grant_of(caller: Caller) -> Grant:
    """Return what the session goes on with: what its token allows, bound to the key that it is bound to."""
    return Grant(caller.client_id, tuple(caller.token_scopes), binding=caller.binding)

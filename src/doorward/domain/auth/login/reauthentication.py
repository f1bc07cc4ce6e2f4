"""Use cases: authenticate again in a session, and require that this was recent enough."""

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
from doorward.domain.auth.repositories import Connection, own_sessions, password_hashes
from doorward.domain.auth.sessions.acting_session import lock_acting_session
from doorward.domain.auth.sessions.admission import TWO_KINDS
from doorward.domain.auth.sessions.grants import Grant
from doorward.domain.auth.sessions.policy import FRESH_PROOF, Lifetimes, is_fresh
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.auth.tokens.refresh_token import SECRET_BYTES, RefreshToken, hash_secret
from doorward.observability.logging import report
from doorward.observability.request_context import bind_session, current_client

VERIFIED_USER: Final = "user"
"""``amr`` of a device that verified its user by a PIN or biometrics (RFC 8176 section 2)."""


@frozen
class _Renewal:
    """The new identity of a session, and its first refresh token."""

    token: RefreshToken
    session: RenewedSession
    event: SessionReauthenticated


def is_factor_missing(caller: Caller) -> bool:
    """Return whether the caller's user has a second factor that was not shown in the session."""
    return caller.has_second_factor and caller.acr < TWO_KINDS


def renewed_methods(before: Collection[str], factor: Collection[str]) -> tuple[tuple[str, ...], int]:
    """Return the ``amr`` and the ``acr`` of a session with the methods ``before`` after a new factor (RFC 8176).

    A device that has verified its user counts as two kinds. Any other factor counts as one kind; together with a
    different earlier method there are two.
    """
    methods = {*before, *factor}
    if VERIFIED_USER not in factor and not methods - {*factor, SEVERAL_FACTORS}:
        return tuple(sorted(methods)), 1
    return tuple(sorted(methods | {SEVERAL_FACTORS})), TWO_KINDS


def require_fresh_proof(caller: Caller, now: datetime) -> None:
    """Raise ``ReauthenticationRequiredError`` unless the caller's user authenticated recently (RFC 9470).

    The session's row decides, not the access token. A user who has a second factor must have shown it, too.
    """
    if not is_fresh(caller.authenticated_at, now) or is_factor_missing(caller):
        acr = TWO_KINDS if caller.has_second_factor else None
        raise ReauthenticationRequiredError(int(FRESH_PROOF.total_seconds()), acr=acr)


class Reauthentication:
    """Renews the proof of a session, for the calls that need a recent one."""

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
        self._database = database
        self._passwords = passwords
        self._throttling = throttling
        self._issuer = issuer
        self._clock = clock
        self._lifetimes = lifetimes
        self._address_detail: AddressDetail = address_detail

    def require_fresh_proof(self, caller: Caller) -> None:
        """Raise ``ReauthenticationRequiredError`` unless the caller's user authenticated recently."""
        require_fresh_proof(caller, self._clock.now())

    def require_second_factor(self, caller: AnyCaller) -> None:
        """Raise an error unless the caller's user has shown two factors in the session, at any time.

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
        """Renew the proof of the caller's session by the password, committed when this returns.

        The session gets a new id and a new secret: a token that was stolen before is refused from the next request on,
        and never benefits from the new proof. Raises ``WrongPasswordError``, which leaves the session unchanged, and
        ``InvalidAccessTokenError`` if the session has ended meanwhile. Raises ``ServiceUnavailableError``, before the
        password is checked, while no access token can be signed.
        """
        self._require_signing_key(caller, self._clock.now())
        async with self._passwords.proving(caller, password, client=client) as proven:
            now = self._clock.now()
            renewal = self._renewal(caller, PASSWORD_METHODS, acr=1, now=now)
            async with self._database.transaction() as connection:
                await lock_acting_session(connection, caller, now=now)
                await self._store(connection, caller, renewal)
                await self._passwords.forget_failures(connection, proven)
                if proven.upgraded_hash is not None:
                    old, new = proven.stored_hash, proven.upgraded_hash
                    await password_hashes.replace_password_hash(connection, caller.user.id, old=old, new=new)
        return self._finish(caller, renewal)

    async def reauthenticate_by_factor(self, caller: Caller, factor: ShownFactor) -> TokenPair:
        """Renew the proof of the caller's session by a second factor, as ``reauthenticate`` does.

        Methods that the session has shown before count, too: with a password there are two kinds. Wrong codes are
        counted for all sessions of the user together; the count of the session's wrong passwords moves to its new id.
        Raises ``InvalidSecondFactorError``, which leaves the session unchanged, ``LoginThrottledError``, and what
        ``reauthenticate`` raises.
        """
        now, user_id = self._clock.now(), caller.user.id
        self._require_signing_key(caller, now)
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

    def _require_signing_key(self, caller: Caller, now: datetime) -> None:
        self._issuer.require_signing_key(self._issuer.audience_of(caller.client_id), now)

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
        """Replace the caller's session, whose row is locked, in the caller's transaction."""
        now = renewal.session.authenticated_at
        await own_sessions.replace_session(connection, caller.user.id, caller.session_id, renewal.session, now=now)
        await record(connection, renewal.event, address=recorded_address(current_client(), self._address_detail))

    def _finish(self, caller: Caller, renewal: _Renewal) -> TokenPair:
        """Report the committed change, and return the tokens of the session."""
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
    """Return the grant of the renewed session: the scopes of its token, bound to the same key."""
    return Grant(caller.client_id, tuple(caller.token_scopes), binding=caller.binding)

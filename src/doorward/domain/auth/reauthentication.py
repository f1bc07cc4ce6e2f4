"""Use cases: prove again who is asking, and tell whether that was proven recently enough."""

import secrets
from uuid import uuid4

from doorward.core.ports import Clock, Database
from doorward.core.principal import SignIn
from doorward.domain.audit.recording import record
from doorward.domain.auth.acting_session import lock_acting_session
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.devices import AddressDetail, recorded_address
from doorward.domain.auth.events import SessionReauthenticated
from doorward.domain.auth.exceptions import ReauthenticationRequiredError
from doorward.domain.auth.login import PASSWORD_METHODS
from doorward.domain.auth.models import Grant, RenewedSession, TokenPair
from doorward.domain.auth.passwords import Passwords, ProvenPassword
from doorward.domain.auth.policy import FRESH_PROOF, Lifetimes, is_fresh
from doorward.domain.auth.ports import NO_CLIENT, Client
from doorward.domain.auth.refresh_token import SECRET_BYTES, RefreshToken, hash_secret
from doorward.domain.auth.repositories import Connection, own_sessions, users
from doorward.domain.auth.token_pair import TokenPairIssuer
from doorward.observability.logging import report
from doorward.observability.request_context import bind_session, current_client


class Reauthentication:
    """Keeps the proof of a session recent, for the calls that need it."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        passwords: Passwords,
        issuer: TokenPairIssuer,
        clock: Clock,
        lifetimes: Lifetimes,
        address_detail: AddressDetail,
    ) -> None:
        """Take the database, what checks passwords, the issuer, the time, the limits, and what addresses may show."""
        self._database = database
        self._passwords = passwords
        self._issuer = issuer
        self._clock = clock
        self._lifetimes = lifetimes
        self._address_detail: AddressDetail = address_detail

    def require_fresh_proof(self, caller: Caller) -> None:
        """Raise ``ReauthenticationRequiredError`` unless the caller's user authenticated a moment ago (RFC 9470).

        By the session's row, not by what the access token says.
        """
        if not is_fresh(caller.authenticated_at, self._clock.now()):
            raise ReauthenticationRequiredError(int(FRESH_PROOF.total_seconds()))

    async def reauthenticate(self, caller: Caller, password: str, *, client: Client = NO_CLIENT) -> TokenPair:
        """Make the proof of the caller's session one of this moment, committed when this returns.

        The session gets another id and another secret: a token of it that was stolen before is refused from the next
        request on, and never gains from the new proof. Raises ``WrongPasswordError``, which leaves the session as it
        was, and ``InvalidAccessTokenError`` if the session has ended meanwhile. ``ServiceUnavailableError`` while no
        access token can be signed, before the password is checked.
        """
        self._issuer.require_signing_key(None, self._clock.now())
        async with self._passwords.proving(caller, password, client=client) as proven:
            return await self._renew(caller, proven)

    async def _renew(self, caller: Caller, proven: ProvenPassword) -> TokenPair:
        user_id, now = caller.user.id, self._clock.now()
        token = RefreshToken(uuid4(), user_id, generation=0, secret=secrets.token_bytes(SECRET_BYTES))
        renewed = RenewedSession(
            id=token.session_id,
            secret_hash=hash_secret(token.secret),
            amr=list(PASSWORD_METHODS),
            acr=1,
            authenticated_at=now,
            idle_expires_at=now + self._lifetimes.refresh_idle,
        )
        event = SessionReauthenticated(user_id=user_id, session_id=renewed.id, previous_session_id=caller.session_id)
        await self._store(caller, renewed, proven, event)
        bind_session(user_id=user_id, session_id=renewed.id)
        report(event)
        return self._issuer.issue(
            token,
            Grant(caller.client_id, tuple(caller.token_scopes)),
            SignIn(renewed.authenticated_at, renewed.acr, tuple(renewed.amr)),
            user_id=user_id,
            roles=caller.roles,
            now=now,
        )

    async def _store(
        self, caller: Caller, renewed: RenewedSession, proven: ProvenPassword, event: SessionReauthenticated
    ) -> None:
        user_id, now = caller.user.id, renewed.authenticated_at
        async with self._database.transaction() as connection:
            await lock_acting_session(connection, caller, now=now)
            await own_sessions.replace_session(connection, user_id, caller.session_id, renewed, now=now)
            await self._passwords.forgive(connection, proven)
            if proven.upgraded_hash is not None:
                await users.replace_password_hash(connection, user_id, old=proven.stored_hash, new=proven.upgraded_hash)
            await record(connection, event, address=recorded_address(current_client(), self._address_detail))

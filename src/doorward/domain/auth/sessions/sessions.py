"""Use cases of the tokens of a session: refresh with rotation and reuse detection, revoke, find the caller."""

from collections.abc import Sequence
from datetime import datetime

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.ports import Batching, Clock, Database
from doorward.core.principal import Principal
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.events import (
    RefreshRefused,
    RefreshRepeated,
    RefreshRotated,
    RevocationIgnored,
)
from doorward.domain.auth.exceptions import (
    InvalidAccessTokenError,
    InvalidRefreshTokenError,
)
from doorward.domain.auth.models import FIRST_PARTY_CLIENT, LiveSession, RefreshedSession, TokenPair
from doorward.domain.auth.ports import AccessTokenSigner
from doorward.domain.auth.repositories import Connection, application_sessions, rotations, sessions
from doorward.domain.auth.repositories.rotations import RotationTimes
from doorward.domain.auth.sessions.grants import Grant
from doorward.domain.auth.sessions.policy import Lifetimes, RefreshVerdict
from doorward.domain.auth.sessions.refresh_request import RefreshRequest
from doorward.domain.auth.sessions.rotated_session import RotatedSession
from doorward.domain.auth.sessions.token_endings import TokenEndings
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.auth.tokens.key_binding import KeyBinding
from doorward.domain.auth.tokens.refresh_token import RefreshToken, RefreshTokenCodec
from doorward.domain.auth.users.stored_users import lock_user
from doorward.observability.database_events import DatabaseStatementLate
from doorward.observability.logging import report
from doorward.observability.request_context import bind_session


class Sessions:
    """Refreshes and revokes the tokens of sessions, and finds their callers."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        batching: Batching,
        codec: RefreshTokenCodec,
        signer: AccessTokenSigner,
        issuer: TokenPairIssuer,
        clock: Clock,
        lifetimes: Lifetimes,
        endings: TokenEndings,
    ) -> None:
        self._database = database
        self._lookups = batching("session_lookups", self._look_up)
        self._rotations = batching("rotations", self._rotate_all)
        self._codec = codec
        self._signer = signer
        self._issuer = issuer
        self._clock = clock
        self._lifetimes = lifetimes
        self._endings = endings

    async def refresh(
        self,
        refresh_token: str,
        *,
        client_id: str = FIRST_PARTY_CLIENT,
        scopes: frozenset[str] | None = None,
        is_confidential: bool = False,
    ) -> TokenPair:
        """Exchange the current token of the client's live session for the next pair.

        The access token gets ``scopes``, or all scopes of the session; the session keeps its own.
        A forged token costs no query. A replaced token ends its session for good, and that is committed although
        the call fails; within the leeway its direct successor is returned again instead. The caller must not learn why
        a token is refused: it is always ``InvalidRefreshTokenError``. With ``is_confidential`` a session of another
        client ends, too: the client has authenticated, so the token was stolen.
        ``ScopeNotGrantedError``: the session lacks a scope, and its token was not exchanged.
        ``ServiceUnavailableError``: the token was not exchanged, or the result is unknown. If no access token can be
        signed, it was not exchanged: the client's retry, at another copy of the service, must not count as reuse.
        """
        refreshed = await self.refresh_session(
            refresh_token, client_id=client_id, scopes=scopes, resource=None, is_confidential=is_confidential
        )
        return refreshed.pair

    async def refresh_session(
        self,
        refresh_token: str,
        *,
        client_id: str,
        scopes: frozenset[str] | None,
        resource: str | None,
        is_confidential: bool,
        allowed: frozenset[str] | None = None,
        not_before: datetime | None = None,
        binding: KeyBinding | None = None,
    ) -> RefreshedSession:
        """Refresh as ``refresh`` does, and return the session, too. Scopes that are not ``allowed`` are left out.

        Sessions from before ``not_before`` count as ended. A token that is bound to a key is refused without the key,
        and stays current: this is not reuse. Raises ``InvalidRefreshTokenError`` if no scope is left, and
        ``InvalidTargetError`` if the session is not for this ``resource``; the token stays current then, too.
        """
        token = self._decode(refresh_token, binding)
        self._issuer.require_signing_key(self._issuer.audience_of(client_id), self._clock.now())
        asking = RefreshRequest.of(
            token, client_id, scopes, resource, is_confidential=is_confidential, allowed=allowed, not_before=not_before
        )
        # The usual refresh joins a batch; all other kinds get a statement of their own.
        is_usual = client_id == FIRST_PARTY_CLIENT and all(limit is None for limit in (scopes, resource, allowed))
        session = await (self._rotations.ask(token) if is_usual else self._rotate_alone(asking))
        if session is None:
            session = await self._rotate_or_judge(asking)
        else:
            _report_rotation(token, session)
        grant = Grant(session.client_id, asking.granted_scopes(session), session.audience, binding=binding)
        user_id, sign_in = session.user_id, session.sign_in
        successor = token.successor(user_id, grant.refresh_thumbprint)
        pair = self._issuer.issue(
            successor, grant, sign_in, user_id=user_id, roles=session.roles, now=self._clock.now()
        )
        return RefreshedSession(pair, token.session_id, user_id, sign_in)

    def _decode(self, refresh_token: str, binding: KeyBinding | None) -> RefreshToken:
        try:
            token = self._codec.decode(refresh_token)
        except InvalidRefreshTokenError:
            report(RefreshRefused(reason="malformed"))
            raise
        bind_session(session_id=token.session_id, user_id=token.user_id)
        if not token.has_successor:
            report(RefreshRefused(reason="malformed"))
            raise InvalidRefreshTokenError
        if token.is_bound_to_other(None if binding is None else binding.thumbprint):
            report(RefreshRefused(reason="key"))
            raise InvalidRefreshTokenError
        return token

    async def _rotate_all(self, tokens: Sequence[RefreshToken]) -> Sequence[RotatedSession | None]:
        now = self._clock.now()
        async with self._database.connection() as connection:
            return await rotations.rotate_sessions(
                connection,
                tokens,
                client_id=FIRST_PARTY_CLIENT,
                scopes=None,
                algorithms=self._issuer.signing_algorithms(now),
                times=RotationTimes(now, now + self._lifetimes.refresh_idle, self._database.deadline()),
            )

    async def _rotate_alone(self, asking: RefreshRequest) -> RotatedSession | None:
        async with self._database.connection() as connection:
            return await self._rotate(connection, asking, self._clock.now(), self._database.deadline())

    async def _rotate(
        self, connection: Connection, asking: RefreshRequest, now: datetime, until: datetime
    ) -> RotatedSession | None:
        (rotated,) = await rotations.rotate_sessions(
            connection,
            [asking.token],
            client_id=asking.client_id,
            scopes=asking.scopes,
            allowed=asking.allowed,
            resource=asking.resource,
            algorithms=self._issuer.signing_algorithms(now),
            times=RotationTimes(now, now + self._lifetimes.refresh_idle, until, asking.not_before),
        )
        return rotated

    async def _rotate_or_judge(self, asking: RefreshRequest) -> RotatedSession:
        """Decide about a token that the batch did not rotate, with its session locked.

        The batch skips locked rows, so the token may still be current: it is tried once more, alone. Otherwise return
        the session if the same successor must be returned again, and raise in all other cases.
        """
        now, token = self._clock.now(), asking.token
        end = self._endings.end_by_reuse
        async with self._database.transaction() as connection:
            until = self._database.deadline()
            await sessions.lock_owner(connection, token)
            session = await rotations.lock_session(
                connection, token, client_id=asking.client_id, not_before=asking.not_before
            )
            rotated = await self._rotate(connection, asking, now, until)
            verdict = asking.judge(session, now, self._lifetimes.reuse_leeway)
            is_reuse = rotated is None and verdict is RefreshVerdict.END
            events = await end(connection, token, session, now=now) if session and is_reuse else ()
        if rotated is not None:
            _report_rotation(token, rotated)
            return rotated
        if session is None or verdict is RefreshVerdict.REFUSE:
            report(RefreshRefused(reason="not_current"))
            raise InvalidRefreshTokenError
        bind_session(session_id=token.session_id, user_id=session.user_id)
        if verdict is not RefreshVerdict.END:
            asking.check(session)
            self._issuer.require_signing_key(self._issuer.audience_of(session.client_id, session.audience), now)
        if verdict is RefreshVerdict.REPEAT:
            report(RefreshRepeated())
            return session
        if verdict is RefreshVerdict.RETRY:
            report(DatabaseStatementLate(statement="rotation"))
            raise ServiceUnavailableError
        for event in events:
            report(event)
        raise InvalidRefreshTokenError

    async def revoke(self, refresh_token: str, *, client_id: str = FIRST_PARTY_CLIENT) -> None:
        """End the client's session that the token belongs to; its tokens are refused from the next request on.

        Any token of the session is accepted, even a replaced one. An unknown one is no error (RFC 7009 section 2.2).
        """
        try:
            token = self._codec.decode(refresh_token)
        except InvalidRefreshTokenError:
            report(RevocationIgnored(reason="malformed"))
            return
        async with self._database.transaction() as connection:
            user_id = await sessions.lock_owner(connection, token)
            bind_session(session_id=token.session_id, user_id=user_id)
            event = await self._endings.end_by_logout(
                connection, token, user_id, client_id=client_id, now=self._clock.now()
            )
        report(event or RevocationIgnored(reason="not_live"))

    async def revoke_access_token(self, access_token: str, *, client_id: str = FIRST_PARTY_CLIENT) -> None:
        """End the client's session that an access token, for any audience, belongs to, as ``revoke`` does.

        An invalid or expired token is no error; nor is a token of another client, whose session continues.
        """
        try:
            principal = (await self._signer.read_with_latest_keys(access_token, self._clock.now())).principal
        except InvalidAccessTokenError:
            report(RevocationIgnored(reason="malformed"))
            return
        if not isinstance(principal, Principal) or principal.client_id != client_id:
            report(RevocationIgnored(reason="not_live"))
            return
        bind_session(session_id=principal.session_id, user_id=principal.user_id)
        async with self._database.transaction() as connection:
            await lock_user(connection, principal.user_id)
            event = await self._endings.end_by_access_token(
                connection, principal.user_id, principal.session_id, now=self._clock.now()
            )
        report(event or RevocationIgnored(reason="not_live"))

    async def caller_of(self, principal: Principal) -> Caller:
        """Return the caller that a verified access token identifies, with the scopes of the current roles.

        The session and the account are looked up each time, so that an ended session or an inactive user is refused
        although the token has not expired, and a role that was revoked allows nothing. Raises
        ``InvalidAccessTokenError``.
        """
        bind_session(session_id=principal.session_id, user_id=principal.user_id)
        session = await self._lookups.ask(principal)
        if session is None:
            raise InvalidAccessTokenError
        return Caller.of(session, principal)

    async def find_live(self, principal: Principal) -> LiveSession | None:
        """Return the live session that a verified access token belongs to; None if there is none."""
        return await self._lookups.ask(principal)

    async def _look_up(self, principals: Sequence[Principal]) -> Sequence[LiveSession | None]:
        """Return the live session of each principal, if it is the principal's user's and its client is enabled."""
        async with self._database.connection() as connection:
            found = await sessions.list_live_sessions(
                connection,
                session_ids=[principal.session_id for principal in principals],
                user_ids=[principal.user_id for principal in principals],
                now=self._clock.now(),
            )
            served = {session.id: session.user_id for session in found if session.client_id == FIRST_PARTY_CLIENT}
            others = {session.id: session.user_id for session in found if session.id not in served}
            served |= await application_sessions.list_served_sessions(connection, others) if others else {}
        session_of = {(session.id, session.user_id): session for session in found if session.id in served}
        return [session_of.get((principal.session_id, principal.user_id)) for principal in principals]


def _report_rotation(token: RefreshToken, session: RotatedSession) -> None:
    if token.user_id is None:
        bind_session(session_id=token.session_id, user_id=session.user_id)
    report(RefreshRotated())

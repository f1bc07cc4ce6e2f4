"""Use cases: refresh with rotation and reuse detection, revoke, who am I."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.ports import Batching, Clock, Database
from doorward.core.principal import Principal
from doorward.domain.auth import repository
from doorward.domain.auth.exceptions import InvalidAccessTokenError, InvalidRefreshTokenError
from doorward.domain.auth.models import Caller, RevocationReason, SessionUser, TokenPair
from doorward.domain.auth.policy import Lifetimes, Verdict, judge_unrotated
from doorward.domain.auth.ports import AccessTokenSigner
from doorward.domain.auth.refresh_token import RefreshToken, RefreshTokenCodec
from doorward.domain.auth.token_pair import TokenPairIssuer
from doorward.observability.logging import get_logger
from doorward.observability.request_context import bind_session

logger = get_logger()


class Sessions:
    """What can be done with the tokens of a session."""

    def __init__(
        self,
        *,
        database: Database[repository.Connection],
        batching: Batching,
        codec: RefreshTokenCodec,
        signer: AccessTokenSigner,
        issuer: TokenPairIssuer,
        clock: Clock,
        lifetimes: Lifetimes,
    ) -> None:
        """Take the database, what batches queries, the codecs of both kinds of token, the time, and the lifetimes."""
        self._database = database
        self._rotations = batching("rotations", self._rotate_all)
        self._lookups = batching("session_lookups", self._look_up)
        self._codec = codec
        self._signer = signer
        self._issuer = issuer
        self._clock = clock
        self._lifetimes = lifetimes

    async def refresh(self, refresh_token: str) -> TokenPair:
        """Exchange the current token of a live family for the next pair.

        A forged token costs no query. A replaced token ends its family for good, and that is committed although
        the call fails; within the leeway its direct successor is given again instead. The caller must not learn why
        a token is refused: always ``InvalidRefreshTokenError``.
        ``ServiceUnavailableError``: the token was not exchanged, or PostgreSQL did not answer whether it was.
        """
        try:
            token = self._codec.decode(refresh_token)
            # Before anything is rotated: the last generation has none.
            successor = token.successor()
        except InvalidRefreshTokenError:
            logger.info("auth.refresh.refused", outcome="failure", reason="malformed")
            raise
        bind_session(session_id=token.family_id)
        user_id = await self._rotations.ask(token)
        if user_id is None:
            user_id = await self._rotate_or_judge(token)
        else:
            _note_rotation(token, user_id)
        return self._issuer.issue(user_id=user_id, refresh_token=successor, now=self._clock.now())

    async def _rotate_all(self, tokens: Sequence[RefreshToken]) -> Sequence[UUID | None]:
        async with self._database.connection() as connection:
            return await self._consume(connection, tokens, self._clock.now(), self._database.deadline())

    async def _consume(
        self, connection: repository.Connection, tokens: Sequence[RefreshToken], now: datetime, until: datetime
    ) -> Sequence[UUID | None]:
        return await repository.consume_refresh_tokens(
            connection, tokens, now=now, idle_expires_at=now + self._lifetimes.refresh_idle, until=until
        )

    async def _rotate_or_judge(self, token: RefreshToken) -> UUID:
        """Wait for whoever holds the family. If the token is current all the same, rotate it; else judge it."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            until = self._database.deadline()
            family = await repository.lock_family(connection, token.family_id)
            (user_id,) = await self._consume(connection, [token], now, until)
            verdict = judge_unrotated(family, token, now, self._lifetimes.reuse_leeway)
            if user_id is None and verdict is Verdict.REVOKE:
                await repository.update_family_revoked(connection, token, now=now, reason=RevocationReason.REUSE)
        if user_id is not None:
            _note_rotation(token, user_id)
            return user_id
        if family is not None and verdict is not Verdict.REFUSE:
            bind_session(session_id=family.id, user_id=family.user_id)
            if verdict is Verdict.REPEAT:
                logger.info("auth.refresh.repeated", outcome="success")
                return family.user_id
            if verdict is Verdict.RETRY:
                logger.warning("database.statement_late", statement="rotation")
                raise ServiceUnavailableError
            logger.warning("auth.refresh.reuse_detected", outcome="failure")
            logger.info("auth.session.revoked", outcome="success", reason=RevocationReason.REUSE.value)
        else:
            logger.info("auth.refresh.refused", outcome="failure", reason="not_current")
        raise InvalidRefreshTokenError

    async def revoke(self, refresh_token: str) -> None:
        """End the session that the token belongs to; nothing of it works from the next request on.

        Any token of the session will do, the replaced ones too. An unknown token is no error (RFC 7009 section 2.2).
        """
        try:
            token = self._codec.decode(refresh_token)
        except InvalidRefreshTokenError:
            logger.info("auth.revocation.ignored", outcome="failure", reason="malformed")
            return
        bind_session(session_id=token.family_id)
        async with self._database.connection() as connection:
            was_live = await repository.update_family_revoked(
                connection, token, now=self._clock.now(), reason=RevocationReason.LOGOUT
            )
        if was_live:
            logger.info("auth.session.revoked", outcome="success", reason=RevocationReason.LOGOUT.value)
        else:
            logger.info("auth.revocation.ignored", outcome="failure", reason="not_live")

    async def authenticate(self, access_token: str) -> Caller:
        """Return the caller that an access token speaks of.

        The session and the account are looked up each time, so an ended session or a deactivated user is refused
        although the token has not run out. Raises ``InvalidAccessTokenError``.
        """
        principal = self._signer.verify(access_token, self._clock.now())
        bind_session(session_id=principal.session_id, user_id=principal.user_id)
        user = await self._lookups.ask(principal)
        if user is None:
            raise InvalidAccessTokenError
        return Caller(user, principal.session_id, principal.scopes)

    async def _look_up(self, principals: Sequence[Principal]) -> Sequence[SessionUser | None]:
        """Find the user of each principal's session. A session of somebody else is none."""
        async with self._database.connection() as connection:
            users = await repository.list_session_users(
                connection, {principal.session_id for principal in principals}, now=self._clock.now()
            )
        user_of = {(user.session_id, user.id): user for user in users}
        return [user_of.get((principal.session_id, principal.user_id)) for principal in principals]


def _note_rotation(token: RefreshToken, user_id: UUID) -> None:
    bind_session(session_id=token.family_id, user_id=user_id)
    logger.info("auth.refresh.rotated", outcome="success")

"""Use cases: an application exchanges its authorization code, and refreshes the session that began with it."""

from collections.abc import Sequence
from datetime import datetime

from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.auth.devices.recorded import AddressDetail
from doorward.domain.auth.events import SessionEnded
from doorward.domain.auth.exceptions import UserNotFoundError
from doorward.domain.auth.models import Device, LockedAccount
from doorward.domain.auth.sessions.admission import SIGNED_IN
from doorward.domain.auth.sessions.application_sessions import end_session_of_code
from doorward.domain.auth.sessions.begin import Begun, begin_session
from doorward.domain.auth.sessions.grants import Grant, GrantKind, RedeemedCode
from doorward.domain.auth.sessions.policy import Lifetimes
from doorward.domain.auth.sessions.rotated_session import TokenAudience
from doorward.domain.auth.sessions.sessions import Sessions
from doorward.domain.auth.tokens.key_binding import KeyBinding
from doorward.domain.auth.tokens.opaque_token import OpaqueToken, OpaqueTokenCodec
from doorward.domain.auth.users.stored_users import lock_account
from doorward.domain.oauth.authorization_events import CodeRedeemed, CodeRefused, RefusedCode
from doorward.domain.oauth.code_models import (
    IdentityToken,
    Redemption,
    SessionTokens,
    StoredCode,
    judge_redemption,
)
from doorward.domain.oauth.exceptions import GrantNotAllowedError, InvalidCodeError
from doorward.domain.oauth.models import OAuthClient
from doorward.domain.oauth.policy import AUTHORIZATION_CODE, OFFLINE_SCOPE, OPENID_SCOPE, REFRESH_TOKEN
from doorward.domain.oauth.repositories import Connection, codes
from doorward.domain.oauth.session_tokens import (
    NewApplicationSession,
    ResourceAudience,
    TokenIssuers,
    find_audience,
    issue_tokens,
)
from doorward.observability.logging import report


@frozen
class _Begun:
    """A session that begins with the commit, for a code that was consumed."""

    begun: Begun
    code: StoredCode
    audience: ResourceAudience | None


@frozen
class _Refused:
    """Why no session begins, and the sessions that end with the commit."""

    reason: RefusedCode
    ended: Sequence[SessionEnded] = ()


class CodeExchange:
    """Begins sessions of applications, and refreshes them."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        codec: OpaqueTokenCodec,
        sessions: Sessions,
        issuers: TokenIssuers,
        lifetimes: Lifetimes,
        address_detail: AddressDetail,
    ) -> None:
        self._database = database
        self._clock = clock
        self._codec = codec
        self._sessions = sessions
        self._issuers = issuers
        self._lifetimes = lifetimes
        self._address_detail: AddressDetail = address_detail

    async def exchange(self, client: OAuthClient, redemption: Redemption) -> SessionTokens:
        """Begin the session of a code, committed when this returns.

        A code works once: an attempt with wrong parameters consumes it, and its second use ends the session that the
        first one began (RFC 6749 section 4.1.2). The application must not learn why a code is refused: the error is
        always ``InvalidCodeError``. Raises ``GrantNotAllowedError``, and, before anything is consumed,
        ``ServiceUnavailableError`` while the tokens cannot be signed.
        """
        if AUTHORIZATION_CODE not in client.grant_types:
            raise GrantNotAllowedError
        token, now = self._codec.decode(redemption.code), self._clock.now()
        if token is None:
            report(CodeRefused(client_id=client.client_id, reason="malformed"))
            raise InvalidCodeError
        pairs = self._issuers.pairs
        pairs.require_signing_key(pairs.audience_of(client.client_id), now)
        pairs.require_signing_key(TokenAudience(client.client_id, client.id_token_algorithm), now)
        try:
            async with self._database.transaction() as connection:
                account = await lock_account(connection, token.user_id)
                outcome = await self._redeem(connection, client, redemption, token, account, now)
        except UserNotFoundError:
            outcome = _Refused("unknown")
        if isinstance(outcome, _Refused):
            for event in outcome.ended:
                report(event)
            report(CodeRefused(client_id=client.client_id, reason=outcome.reason))
            raise InvalidCodeError
        report(CodeRedeemed(client_id=client.client_id))
        code = outcome.code
        begun = NewApplicationSession(outcome.begun, token.user_id, token.id, code.scopes, outcome.audience, code.nonce)
        return issue_tokens(self._issuers, client, begun, now)

    async def refresh(
        self,
        client: OAuthClient,
        refresh_token: str,
        scopes: frozenset[str] | None,
        resource: str | None,
        binding: KeyBinding | None = None,
    ) -> SessionTokens:
        """Exchange the current refresh token of the client's session for the next one.

        The access token has ``scopes``, or those of the session, without those that the client has lost. ``binding`` is
        the key that the client has proven to hold; a refresh token that is bound to a key is refused without it. Raises
        what ``Sessions.refresh`` raises, and ``GrantNotAllowedError``.

        The tokens are checked before the rotation, as in ``exchange``. Whether the session has ``openid`` is not known
        then: a client that may request it needs the key of ID tokens unless ``scopes`` leaves it out.
        """
        if REFRESH_TOKEN not in client.grant_types:
            raise GrantNotAllowedError
        if OPENID_SCOPE in client.scopes and (scopes is None or OPENID_SCOPE in scopes):
            audience = TokenAudience(client.client_id, client.id_token_algorithm)
            self._issuers.pairs.require_signing_key(audience, self._clock.now())
        refreshed = await self._sessions.refresh_session(
            refresh_token,
            client_id=client.client_id,
            scopes=scopes,
            resource=resource,
            is_confidential=client.is_confidential,
            allowed=frozenset(client.scopes),
            not_before=client.not_before,
            binding=binding,
        )
        id_token = None
        if OPENID_SCOPE in refreshed.pair.scopes:
            identity = IdentityToken(client, refreshed.user_id, refreshed.session_id, refreshed.sign_in)
            id_token = self._issuers.id_tokens.sign_id_token(identity, self._clock.now())
        return SessionTokens(refreshed.pair, id_token, gives_refresh_token=True)

    async def _redeem(
        self,
        connection: Connection,
        client: OAuthClient,
        redemption: Redemption,
        token: OpaqueToken,
        account: LockedAccount,
        now: datetime,
    ) -> _Begun | _Refused:
        code = await codes.consume_code(connection, token)
        if code is None:
            ended = await end_session_of_code(connection, token, now=now, address_detail=self._address_detail)
            return _Refused("replayed" if ended else "unknown", ended)
        refused = judge_redemption(code, client, redemption, self._issuers.issuer, now)
        if refused is not None:
            return _Refused(refused)
        audience = await find_audience(connection, self._issuers, client, code.resource, now)
        if code.resource is not None and audience is None:
            return _Refused("resource")
        grant = _grant_of(code, token, audience, redemption.binding)
        begun = await begin_session(
            connection,
            account,
            code.proof_of(token.user_id),
            grant,
            Device(),
            policy=SIGNED_IN,
            lifetimes=self._lifetimes,
            now=now,
        )
        return _Begun(begun, code, audience) if isinstance(begun, Begun) else _Refused("account")


def _grant_of(
    code: StoredCode, token: OpaqueToken, audience: ResourceAudience | None, binding: KeyBinding | None
) -> Grant:
    """Return the grant of the session of a code. Without ``offline_access`` it ends with the browser session."""
    is_offline = OFFLINE_SCOPE in code.scopes
    redeemed = RedeemedCode(
        token.id, token.secret_hash, code.browser_session_id, None if is_offline else code.session_ends_at
    )
    return Grant(
        code.client_id,
        tuple(sorted(code.scopes)),
        None if audience is None else audience.audience,
        GrantKind.OFFLINE if is_offline else GrantKind.ONLINE,
        redeemed,
        binding,
    )

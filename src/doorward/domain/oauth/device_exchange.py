"""Use case: a device polls for its tokens (RFC 8628 section 3.4)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from doorward.core.exceptions import DomainError
from doorward.core.ports import Clock, Database
from doorward.domain.auth.exceptions import UserNotFoundError
from doorward.domain.auth.models import Device
from doorward.domain.auth.sessions.admission import SIGNED_IN
from doorward.domain.auth.sessions.begin import Begun, begin_session
from doorward.domain.auth.sessions.grants import Grant, GrantKind
from doorward.domain.auth.sessions.policy import Lifetimes
from doorward.domain.auth.sessions.rotated_session import TokenAudience
from doorward.domain.auth.tokens.key_binding import KeyBinding
from doorward.domain.auth.tokens.opaque_token import RowToken, RowTokenCodec
from doorward.domain.auth.users.stored_users import lock_account
from doorward.domain.oauth.authorization_events import DeviceCodeRedeemed, DeviceCodeRefused
from doorward.domain.oauth.code_models import SessionTokens
from doorward.domain.oauth.device_exceptions import (
    AuthorizationPendingError,
    DeviceDeniedError,
    ExpiredDeviceCodeError,
    InvalidDeviceCodeError,
    SlowDownError,
)
from doorward.domain.oauth.device_models import ADDED_BY_EARLY_POLL, ApprovedDevice, PollAnswer, judge_poll
from doorward.domain.oauth.exceptions import GrantNotAllowedError
from doorward.domain.oauth.models import OAuthClient
from doorward.domain.oauth.policy import DEVICE_CODE
from doorward.domain.oauth.repositories import Connection, devices
from doorward.domain.oauth.session_tokens import (
    NewApplicationSession,
    ResourceAudience,
    TokenIssuers,
    find_audience,
    issue_tokens,
)
from doorward.observability.logging import report

_REFUSALS: Final[Mapping[PollAnswer, type[DomainError]]] = {
    PollAnswer.PENDING: AuthorizationPendingError,
    PollAnswer.SLOW_DOWN: SlowDownError,
    PollAnswer.EXPIRED: ExpiredDeviceCodeError,
    PollAnswer.DENIED: DeviceDeniedError,
    PollAnswer.INVALID: InvalidDeviceCodeError,
}


class DeviceExchange:
    """Exchanges the codes of approved devices for sessions."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        codec: RowTokenCodec,
        issuers: TokenIssuers,
        lifetimes: Lifetimes,
    ) -> None:
        self._database = database
        self._clock = clock
        self._codec = codec
        self._issuers = issuers
        self._lifetimes = lifetimes

    async def exchange(self, client: OAuthClient, device_code: str, binding: KeyBinding | None = None) -> SessionTokens:
        """Begin the session of an approved device, committed when this returns.

        The tokens are bound to the key that the device has proven to hold, if any. A code works once. Raises
        ``GrantNotAllowedError``, the errors of RFC 8628 section 3.5, ``InvalidDeviceCodeError``, and, before anything
        is consumed, ``ServiceUnavailableError`` while the tokens cannot be signed.
        """
        if DEVICE_CODE not in client.grant_types:
            raise GrantNotAllowedError
        token, now = self._codec.decode(device_code), self._clock.now()
        if token is None:
            raise self._refused(client, PollAnswer.INVALID)
        async with self._database.connection() as connection:
            device = await devices.update_poll(connection, token, client.client_id, now=now, added=ADDED_BY_EARLY_POLL)
        answer = judge_poll(device, client.client_id, now)
        if answer is not None or device is None or device.user_id is None:
            raise self._refused(client, answer or PollAnswer.INVALID)
        pairs = self._issuers.pairs
        pairs.require_signing_key(pairs.audience_of(client.client_id), now)
        pairs.require_signing_key(TokenAudience(client.client_id, client.id_token_algorithm), now)
        begun = await self._begin(client, token, device.user_id, binding, now)
        if isinstance(begun, PollAnswer):
            raise self._refused(client, begun)
        report(DeviceCodeRedeemed(client_id=client.client_id))
        return issue_tokens(self._issuers, client, begun, now)

    async def _begin(
        self, client: OAuthClient, token: RowToken, user_id: UUID, binding: KeyBinding | None, now: datetime
    ) -> NewApplicationSession | PollAnswer:
        """Consume the code and begin the session, if the current state of the account allows it."""
        try:
            async with self._database.transaction() as connection:
                account = await lock_account(connection, user_id)
                approved = await devices.consume_device(connection, token, user_id)
                if approved is None:
                    return PollAnswer.EXPIRED
                audience = await find_audience(connection, self._issuers, client, approved.resource, now)
                if approved.resource is not None and audience is None:
                    return PollAnswer.INVALID
                begun = await begin_session(
                    connection,
                    account,
                    approved.proof_of(user_id),
                    _grant_of(client, approved, audience, binding),
                    Device(),
                    policy=SIGNED_IN,
                    lifetimes=self._lifetimes,
                    now=now,
                )
        except UserNotFoundError:
            return PollAnswer.EXPIRED
        if not isinstance(begun, Begun):
            return PollAnswer.INVALID
        return NewApplicationSession(begun, user_id, begun.token.session_id, approved.scopes, audience)

    def _refused(self, client: OAuthClient, answer: PollAnswer) -> DomainError:
        if answer not in {PollAnswer.PENDING, PollAnswer.SLOW_DOWN}:
            report(DeviceCodeRefused(client_id=client.client_id, reason=answer.value))
        return _REFUSALS[answer]()


def _grant_of(
    client: OAuthClient, approved: ApprovedDevice, audience: ResourceAudience | None, binding: KeyBinding | None
) -> Grant:
    """Return the grant of the session. It outlives the browser session, which may be on another person's phone."""
    named = None if audience is None else audience.audience
    return Grant(client.client_id, tuple(sorted(approved.scopes)), named, GrantKind.OFFLINE, binding=binding)

"""Notify the servers of applications of ended sessions (OpenID Connect Back-Channel Logout 1.0).

Triggers of the tables ``sessions`` and ``users`` store each message in the transaction that ends the session.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final, Self
from urllib.parse import urlencode
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.oauth.models import OAuthClient
from doorward.domain.oauth.ports import LogoutSender, LogoutTokenSigner
from doorward.domain.oauth.repositories import Connection, clients
from doorward.domain.outbox.models import Delivered, Dropped, Message, Outcome, Refused, TryAgain

DELAYS: Final[Sequence[timedelta]] = (
    timedelta(seconds=10),
    timedelta(seconds=50),
    timedelta(minutes=4),
    timedelta(minutes=10),
    timedelta(minutes=15),
    timedelta(minutes=30),
)
"""Delay before each retry: an hour in total."""


class LogoutAnswer(StrEnum):
    """The result of one attempt to send a message to a client's server."""

    TAKEN = "taken"
    REFUSED = "refused"
    FAILED = "failed"
    """The server answered with a server error (section 2.8 and RFC 9110 section 15.6)."""
    UNANSWERED = "unanswered"


@frozen
class EndedSession:
    """The session that a client is notified of.

    Without ``session_id``, all sessions of the user with the client have ended.
    """

    client_id: str
    user_id: UUID
    session_id: UUID | None

    @classmethod
    def of(cls, payload: bytes) -> Self:
        """Parse the payload of a message."""
        content = json.loads(payload)
        session_id = content["session_id"]
        return cls(content["client_id"], UUID(content["user_id"]), None if session_id is None else UUID(session_id))


@frozen
class LogoutToken:
    """The content of a logout token (section 2.4). ``token_id`` is the same in each attempt."""

    client: OAuthClient
    ended: EndedSession
    token_id: UUID


class LogoutDelivery:
    """The handler of the channel ``logout``."""

    def __init__(
        self, *, database: Database[Connection], clock: Clock, signer: LogoutTokenSigner, sender: LogoutSender
    ) -> None:
        self._database = database
        self._clock = clock
        self._signer = signer
        self._sender = sender

    async def deliver(self, message: Message) -> Outcome:
        """Send one message; drop it if its client was removed, is disabled or has no logout URI any more.

        The token is signed for each attempt, so that a delayed message has a valid one. Raises
        ``ServiceUnavailableError``; the message is then sent again after its lease.
        """
        ended = EndedSession.of(message.payload)
        async with self._database.connection() as connection:
            client = await clients.find_client(connection, ended.client_id)
        if client is None or not client.is_enabled or client.backchannel_logout_uri is None:
            return Dropped("nothing_to_send")
        token = self._signer.sign_logout_token(LogoutToken(client, ended, message.message_id), self._clock.now())
        body = urlencode({"logout_token": token}).encode()
        return judge_answer(await self._sender.send(client.backchannel_logout_uri, body), message.attempts)


def judge_answer(answer: LogoutAnswer, attempts: int) -> Outcome:
    """Return the outcome of an attempt. There is no retry after a refusal, because the server would refuse again."""
    if answer is LogoutAnswer.TAKEN:
        return Delivered()
    if answer is LogoutAnswer.REFUSED or attempts > len(DELAYS):
        return Refused(answer.value)
    return TryAgain(answer.value, delay=DELAYS[max(attempts, 1) - 1])

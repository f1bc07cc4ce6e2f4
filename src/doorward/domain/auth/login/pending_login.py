"""Logins that wait for a second factor: what was shown until now, sealed, for the client to bring back."""

import json
from datetime import datetime
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.exceptions import InvalidOneTimeTokenError, InvalidPendingLoginError
from doorward.domain.auth.login.throttling import ThrottledClient
from doorward.domain.auth.models import ClientKind
from doorward.domain.auth.repositories import Connection, used_nonces
from doorward.domain.auth.sessions.grants import Grant, GrantKind
from doorward.domain.auth.sessions.rotated_session import TokenAudience
from doorward.domain.auth.tokens.sealed_tokens import SealedKind, SealedToken, SealedTokens

_VERSION: Final = 1


@frozen
class PendingLogin:
    """A login whose password was right. ``methods`` were shown (RFC 8176); ``grant`` is what was asked for.

    ``counted_as`` is with whom its password was counted, ``device_id`` that of the device that the user knows, None for
    a new one; the owner, who has logged in before, is told of one that ``is_new``.
    """

    user_id: UUID
    epoch: int
    methods: tuple[str, ...]
    grant: Grant
    counted_as: ThrottledClient
    device_id: UUID | None
    is_new: bool

    def to_bytes(self) -> bytes:
        """Return what is not in the head of a sealed token."""
        audience = self.grant.audience
        written = {
            "v": _VERSION,
            "methods": self.methods,
            "client": self.grant.client_id,
            "scopes": self.grant.scopes,
            "kind": self.grant.kind,
            "audience": None if audience is None else [audience.identifier, audience.algorithm],
            "counted": [self.counted_as.kind, self.counted_as.identity.hex()],
            "device": None if self.device_id is None else self.device_id.hex,
            "is_new": self.is_new,
        }
        return json.dumps(written, separators=(",", ":")).encode()


@frozen
class ShownLogin:
    """A pending login that was brought back, and the token that it came in, which is consumed when it is completed."""

    login: PendingLogin
    token: SealedToken


class PendingLogins:
    """Issues and reads the tokens of pending logins."""

    def __init__(self, sealed_tokens: SealedTokens) -> None:
        self._sealed_tokens = sealed_tokens

    def issue(self, login: PendingLogin, *, now: datetime) -> str:
        """Return the token, which is good for five minutes."""
        return self._sealed_tokens.issue(
            SealedKind.PENDING_LOGIN, user_id=login.user_id, epoch=login.epoch, now=now, content=login.to_bytes()
        )

    def read(self, text: str, *, now: datetime) -> ShownLogin:
        """Return what a token says. Whether its epoch is the user's, and whether it was used, the database decides.

        Raises ``InvalidPendingLoginError``, without a query.
        """
        try:
            token = self._sealed_tokens.read(text, SealedKind.PENDING_LOGIN, now=now)
        except InvalidOneTimeTokenError as error:
            raise InvalidPendingLoginError from error
        return ShownLogin(_read(token), token)

    async def is_open(self, connection: Connection, shown: ShownLogin) -> bool:
        """Tell whether the login may still be completed: it was not, and its user's epoch is what it was."""
        token = shown.token
        user_id, epoch = token.user_id, token.epoch
        found = await used_nonces.find_user_of_unused(connection, token.nonce, user_id=user_id, epoch=epoch)
        return found is not None

    async def consume(self, connection: Connection, shown: ShownLogin) -> bool:
        """Store that the login was completed, in the transaction of its session; return whether it was not yet."""
        return await self._sealed_tokens.consume(connection, shown.token)


def _read(token: SealedToken) -> PendingLogin:
    """Read a content that is genuine. Raises ``InvalidPendingLoginError`` for one that a later version has written."""
    written = json.loads(token.content)
    if written["v"] != _VERSION:
        raise InvalidPendingLoginError
    audience = None if written["audience"] is None else TokenAudience(*written["audience"])
    kind, identity = written["counted"]
    return PendingLogin(
        user_id=token.user_id,
        epoch=token.epoch,
        methods=tuple(written["methods"]),
        grant=Grant(written["client"], tuple(written["scopes"]), audience, GrantKind(written["kind"])),
        counted_as=ThrottledClient(ClientKind(kind), bytes.fromhex(identity)),
        device_id=None if written["device"] is None else UUID(hex=written["device"]),
        is_new=written["is_new"],
    )

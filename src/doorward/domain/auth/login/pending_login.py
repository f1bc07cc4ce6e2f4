"""Logins that wait for a second factor: their state in a sealed token, which the client sends back."""

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
    """A login whose first factor was right, by ``methods`` (RFC 8176), for a session of ``grant``.

    ``counted_as`` is the client under which its attempts are counted; ``device_id`` is that of the known device, None
    for an unknown one. ``is_new``: the owner has logged in before, and is notified of the new device.
    """

    user_id: UUID
    epoch: int
    methods: tuple[str, ...]
    grant: Grant
    counted_as: ThrottledClient
    device_id: UUID | None
    is_new: bool

    def to_bytes(self) -> bytes:
        """Return the content of the sealed token: all that its header does not have."""
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
    """A pending login that a client sent back, and its token, which is consumed when the login is completed."""

    login: PendingLogin
    token: SealedToken


class PendingLogins:
    """Issues and reads the tokens of pending logins."""

    def __init__(self, sealed_tokens: SealedTokens) -> None:
        self._sealed_tokens = sealed_tokens

    def issue(self, login: PendingLogin, *, now: datetime) -> str:
        """Return the token, which is valid for five minutes."""
        return self._sealed_tokens.issue(
            SealedKind.PENDING_LOGIN, user_id=login.user_id, epoch=login.epoch, now=now, content=login.to_bytes()
        )

    def read(self, text: str, *, now: datetime) -> ShownLogin:
        """Return the login of a token, without a query. Later queries check its epoch, and whether it was used.

        Raises ``InvalidPendingLoginError``.
        """
        try:
            token = self._sealed_tokens.read(text, SealedKind.PENDING_LOGIN, now=now)
        except InvalidOneTimeTokenError as error:
            raise InvalidPendingLoginError from error
        return ShownLogin(_read(token), token)

    async def is_open(self, connection: Connection, shown: ShownLogin) -> bool:
        """Return whether the login can still be completed: its token is unused, and its user's epoch is the same."""
        token = shown.token
        user_id, epoch = token.user_id, token.epoch
        found = await used_nonces.find_user_of_unused(connection, token.nonce, user_id=user_id, epoch=epoch)
        return found is not None

    async def consume(self, connection: Connection, shown: ShownLogin) -> bool:
        """Store that the login was completed, in the transaction of its session; return whether it was not before."""
        return await self._sealed_tokens.consume(connection, shown.token)


def _read(token: SealedToken) -> PendingLogin:
    """Return the login of a genuine token. Raises ``InvalidPendingLoginError`` for a format of a later version."""
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

"""Asks the issuer whether a token is still active (RFC 7662)."""

import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from doorward_client.exceptions import FetchError, IntrospectionUnavailableError, InvalidTokenError
from doorward_client.strict_json import parse_object
from doorward_client.transports import ClientCredentials, Transport

ACTIVE_SECONDS: Final = 10.0
"""How long a token counts as active after the issuer said so. The opposite is never remembered."""

REMEMBERED_TOKENS: Final = 4096


class Introspection:
    """Remembers active tokens for 10 s, so that a page of many calls asks once."""

    def __init__(
        self,
        transport: Transport,
        endpoint: Callable[[], Awaitable[str]],
        credentials: ClientCredentials,
        *,
        clock: Callable[[], float] = time.monotonic,
        remembered_tokens: int = REMEMBERED_TOKENS,
    ) -> None:
        """Take what finds the address of the endpoint; it raises ``FetchError``. ``clock`` is in seconds."""
        self._transport = transport
        self._endpoint = endpoint
        self._credentials = credentials
        self._clock = clock
        self._remembered_tokens = remembered_tokens
        self._active_until: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    async def check(self, token: str) -> None:
        """Raise ``InvalidTokenError`` unless the issuer says that the token is active.

        Raises ``IntrospectionUnavailableError`` when it does not say so or the opposite.
        """
        if self._clock() < self._active_until.get(token, 0.0):
            return
        asked_at = self._clock()
        if not await self._is_active(token):
            raise InvalidTokenError("The access token is no longer active.")
        self._remember(token, asked_at + ACTIVE_SECONDS)

    async def _is_active(self, token: str) -> bool:
        form = {"token": token, "token_type_hint": "access_token"}
        try:
            answer = await self._transport.post(await self._endpoint(), form, self._credentials)
            is_active = parse_object(answer).get("active")
        except (FetchError, ValueError) as error:
            raise IntrospectionUnavailableError("The issuer did not say whether the token is active.") from error
        if not isinstance(is_active, bool):
            raise IntrospectionUnavailableError("The issuer did not say whether the token is active.")
        return is_active

    def _remember(self, token: str, until: float) -> None:
        with self._lock:
            self._active_until[token] = until
            self._active_until.move_to_end(token)
            while len(self._active_until) > self._remembered_tokens:
                self._active_until.popitem(last=False)

"""Asks the issuer whether a token is still active (RFC 7662)."""

import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from doorward_client.exceptions import FetchError, IntrospectionUnavailableError, InvalidTokenError
from doorward_client.strict_json import parse_object
from doorward_client.transports import ClientCredentials, Transport

ACTIVE_SECONDS: Final = 10.0
"""How long a token counts as active after the issuer said so. The opposite is never remembered."""

REMEMBERED_TOKENS: Final = 4096


@dataclass(frozen=True, slots=True)
class _Active:
    until: float
    scopes: frozenset[str] | None


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
        self._active: OrderedDict[str, _Active] = OrderedDict()
        self._lock = threading.Lock()

    async def check(self, token: str) -> frozenset[str] | None:
        """Return the scopes that an active token still has, or None where the issuer does not say.

        Raises ``InvalidTokenError`` when the issuer says that the token is not active, and
        ``IntrospectionUnavailableError`` when it says neither.
        """
        asked_at = self._clock()
        known = self._active.get(token)
        if known is not None and asked_at < known.until:
            return known.scopes
        scopes = await self._ask(token)
        self._remember(token, _Active(asked_at + ACTIVE_SECONDS, scopes))
        return scopes

    async def _ask(self, token: str) -> frozenset[str] | None:
        form = {"token": token, "token_type_hint": "access_token"}
        try:
            answer = parse_object(await self._transport.post(await self._endpoint(), form, self._credentials))
        except (FetchError, ValueError) as error:
            raise _unavailable() from error
        is_active = answer.get("active")
        if not isinstance(is_active, bool):
            raise _unavailable()
        if not is_active:
            raise InvalidTokenError("The access token is no longer active.")
        if "scope" not in answer:
            return None
        if not isinstance(answer["scope"], str):
            raise _unavailable()
        return frozenset(answer["scope"].split())

    def _remember(self, token: str, active: _Active) -> None:
        with self._lock:
            self._active[token] = active
            self._active.move_to_end(token)
            while len(self._active) > self._remembered_tokens:
                self._active.popitem(last=False)


def _unavailable() -> IntrospectionUnavailableError:
    return IntrospectionUnavailableError("The issuer did not say whether the token is active.")

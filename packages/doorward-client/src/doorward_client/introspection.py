"""Token introspection at the issuer (RFC 7662)."""

import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from doorward_client.exceptions import FetchError, IntrospectionUnavailableError, InvalidTokenError
from doorward_client.proofs import bound_thumbprint
from doorward_client.strict_json import parse_object
from doorward_client.transports import ClientCredentials, Transport

REMEMBERED_SECONDS: Final = 10.0
"""How long an answer is cached, counted from the request."""

REMEMBERED_TOKENS: Final = 4096


@dataclass(frozen=True, slots=True)
class _Answer:
    """The issuer's answer about a token. ``scopes`` are those that it still has, None if the issuer reports none.

    ``thumbprint`` is that of the key that the token is bound to (RFC 9449 section 6.2), None if not reported.
    """

    is_active: bool
    scopes: frozenset[str] | None = None
    thumbprint: str | None = None


class Introspection:
    """Introspects tokens, and caches the answers for 10 s: many calls of one page cost one request."""

    def __init__(
        self,
        transport: Transport,
        endpoint: Callable[[], Awaitable[str]],
        credentials: ClientCredentials,
        *,
        clock: Callable[[], float] = time.monotonic,
        remembered_tokens: int = REMEMBERED_TOKENS,
    ) -> None:
        """Get the address of the endpoint from ``endpoint``, which may raise ``FetchError``.

        ``clock`` is in seconds.
        """
        self._transport = transport
        self._endpoint = endpoint
        self._credentials = credentials
        self._clock = clock
        self._remembered_tokens = remembered_tokens
        self._answers: OrderedDict[str, tuple[float, _Answer]] = OrderedDict()
        self._lock = threading.Lock()

    async def check(self, token: str, thumbprint: str | None = None) -> frozenset[str] | None:
        """Return the scopes that an active token still has; None if the issuer does not report them.

        ``thumbprint`` is that of the key that the call has proven. Raises ``InvalidTokenError`` if the token is not
        active or is bound to another key, and ``IntrospectionUnavailableError`` if the issuer gives no usable answer.
        """
        answer = await self._answer(token)
        if not answer.is_active:
            raise InvalidTokenError("The access token is no longer active.")
        if answer.thumbprint not in {None, thumbprint}:
            raise InvalidTokenError("The issuer says that the access token is bound to another key.")
        return answer.scopes

    async def _answer(self, token: str) -> _Answer:
        asked_at = self._clock()
        until, known = self._answers.get(token, (0.0, None))
        if known is not None and asked_at < until:
            return known
        answer = await self._ask(token)
        self._remember(token, asked_at + REMEMBERED_SECONDS, answer)
        return answer

    async def _ask(self, token: str) -> _Answer:
        form = {"token": token, "token_type_hint": "access_token"}
        try:
            answer = parse_object(await self._transport.post(await self._endpoint(), form, self._credentials))
        except (FetchError, ValueError) as error:
            raise _unavailable() from error
        is_active = answer.get("active")
        if not isinstance(is_active, bool):
            raise _unavailable()
        if not is_active:
            return _Answer(is_active)
        thumbprint = bound_thumbprint(answer)
        if "scope" not in answer:
            return _Answer(is_active, thumbprint=thumbprint)
        if not isinstance(answer["scope"], str):
            raise _unavailable()
        return _Answer(is_active, frozenset(answer["scope"].split()), thumbprint)

    def _remember(self, token: str, until: float, answer: _Answer) -> None:
        with self._lock:
            self._answers[token] = until, answer
            self._answers.move_to_end(token)
            while len(self._answers) > self._remembered_tokens:
                self._answers.popitem(last=False)


def _unavailable() -> IntrospectionUnavailableError:
    return IntrospectionUnavailableError("The issuer did not say whether the token is active.")

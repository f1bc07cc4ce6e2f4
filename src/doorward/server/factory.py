"""The factory that uvicorn calls for each new connection, instead of a protocol class."""

import asyncio
from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

from doorward.server.answers import ErrorAnswers
from doorward.server.connections import Connections, Observe
from doorward.server.limits import ConnectionLimits
from doorward.server.protocol import LimitedHttpProtocol


class ProtocolFactory:
    """Creates the protocols of one process.

    It is pickled to be sent to worker processes; each of them then counts its own connections.
    """

    def __init__(self, limits: ConnectionLimits, *, is_https: bool, observe: Observe | None = None) -> None:
        """Store the limits. ``observe``, a function of a module, gets the number of open connections every second."""
        self._limits = limits
        self._answers = ErrorAnswers(is_https=is_https)
        self._observe = observe
        self._connections: Connections | None = None

    def __call__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> LimitedHttpProtocol:
        """Return the protocol of one connection."""
        if self._connections is None:
            self._connections = Connections(self._limits, _loop or asyncio.get_running_loop(), self._observe)
        return LimitedHttpProtocol(config, server_state, app_state, _loop, self._connections, self._answers)

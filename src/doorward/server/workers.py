"""The parent of several worker processes: their signals and their end."""

import os
import signal
from socket import socket
from typing import Final

from uvicorn import Config
from uvicorn.supervisors import Multiprocess

from doorward.server.signals import handle_ending_signals

WORKER_POLL_SECONDS: Final = 0.1


class Workers(Multiprocess):
    """uvicorn's parent of several workers, which also handles SIGINT while it waits for their end.

    The first SIGINT ends their drain, as without workers; requests in progress finish. The next one kills them.
    """

    def __init__(self, config: Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        # uvicorn's constructor handles SIGHUP to restart workers, and SIGTTIN and SIGTTOU to change their number.
        handle_ending_signals()

    def handle_int(self) -> None:
        """Begin the end, and pass SIGINT on to the workers."""
        super().handle_int()
        self.signal_queue.append(signal.SIGINT)

    def join_all(self) -> None:
        """Wait for the workers' end, which SIGINT accelerates."""
        is_hastened = False
        while living := [worker for worker in self.processes if worker.process.is_alive()]:
            if signal.SIGINT in self.signal_queue:
                self.signal_queue.remove(signal.SIGINT)
                for worker in living:
                    if is_hastened:
                        worker.kill()
                    elif worker.pid is not None:
                        os.kill(worker.pid, signal.SIGINT)
                is_hastened = True
            living[0].process.join(WORKER_POLL_SECONDS)
        super().join_all()

"""The folder of a server's own: for its socket, and for data that is gone afterwards."""

import os
import tempfile
from pathlib import Path
from typing import Final

PORT: Final = 5432
"""Names the socket only: the server listens on no network."""

MAXIMUM_SOCKET_PATH: Final = 100
"""Bytes. Linux takes 107 in the path of a Unix socket, macOS 103."""

SHORT_FOLDER: Final = Path("/tmp")  # noqa: S108 - mkdtemp makes a folder of the user's own in it

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the same
"""What is below it is in memory, on Linux. A database is copied there in a fifth of the time that a disk needs."""

MEMORY_BYTES: Final = 4 * 2**30
"""Where fewer are free, as in most containers, the data is on the disk: those of all tests together need a tenth."""


def make_folder(*, in_memory: bool) -> Path:
    """Return a new folder of the user's own, with a path that is short and plain enough for a Unix socket.

    In memory if asked for and possible, else below TMPDIR, else below /tmp. Raises ``OSError``.
    """
    folder = Path(tempfile.mkdtemp(prefix="doorward-pg-", dir=MEMORY if in_memory and _has_room() else None))
    socket_path = folder / f".s.PGSQL.{PORT}.lock"
    # PostgreSQL reads commas and quotes in the path as a list of folders.
    if len(os.fsencode(socket_path)) <= MAXIMUM_SOCKET_PATH and not set(str(folder)) & set("\"',"):
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="doorward-pg-", dir=SHORT_FOLDER))


def _has_room() -> bool:
    if not os.access(MEMORY, os.W_OK):
        return False
    state = os.statvfs(MEMORY)
    return state.f_bavail * state.f_frsize >= MEMORY_BYTES

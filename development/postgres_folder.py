"""The server's folder, for its socket and for temporary data."""

import os
import tempfile
from pathlib import Path
from typing import Final

PORT: Final = 5432
"""Only names the socket: the server listens on no network."""

MAXIMUM_SOCKET_PATH: Final = 100
"""In bytes. The limit for the path of a Unix socket is 107 on Linux and 103 on macOS."""

SHORT_FOLDER: Final = Path("/tmp")  # noqa: S108 - mkdtemp makes a folder of the user's own in it

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the same
"""A file system in memory on Linux. A database is copied there in a fifth of the time that a disk needs."""

MEMORY_BYTES: Final = 4 * 2**30
"""Use the disk if less memory is free, as in most containers. All tests together need a tenth of this."""


def make_folder(*, in_memory: bool) -> Path:
    """Create a folder of the current user, with a path short and plain enough for a Unix socket.

    It is in memory if requested and possible, else below TMPDIR, else below /tmp. Raises ``OSError``.
    """
    folder = Path(tempfile.mkdtemp(prefix="doorward-pg-", dir=MEMORY if in_memory and _has_room() else None))
    socket_path = folder / f".s.PGSQL.{PORT}.lock"
    # PostgreSQL would parse commas and quotes in the path as a list of folders.
    if len(os.fsencode(socket_path)) <= MAXIMUM_SOCKET_PATH and not set(str(folder)) & set("\"',"):
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="doorward-pg-", dir=SHORT_FOLDER))


def _has_room() -> bool:
    if not os.access(MEMORY, os.W_OK):
        return False
    state = os.statvfs(MEMORY)
    return state.f_bavail * state.f_frsize >= MEMORY_BYTES

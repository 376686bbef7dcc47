"""A PostgreSQL server of its own, in a temporary folder, reached by a unix socket, and gone with the tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ordercore_postgres.testing import keeper
from ordercore_postgres.testing.account import account, reachable
from ordercore_postgres.testing.binaries import OPTIONS, Binaries, NoPostgres, found_binaries
from ordercore_postgres.testing.databases import Databases
from ordercore_postgres.testing.processes import children_of

FAST: Final[Mapping[str, str]] = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0",
}  # fmt: skip
"""Nothing survives a power cut, and tests are quick. What was acknowledged still survives kill -9 of a process."""

DURABLE: Final[Mapping[str, str]] = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
"""As a server in production."""

_ALWAYS: Final[Mapping[str, str]] = {
    "shared_buffers": "32MB", "max_connections": "100", "max_wal_size": "4GB", "min_wal_size": "64MB", "jit": "off",
    "autovacuum": "off", "timezone": "UTC", "log_min_messages": "warning", "log_statement": "none",
    "dynamic_shared_memory_type": "mmap",
}  # fmt: skip

START_SECONDS: Final = 60
_LOOK_SECONDS: Final = 0.01
_LONGEST_SOCKET: Final = 90
"""The name of a unix socket has room for about 105 bytes."""


class PostgresServer:
    """One server. `start`, `stop`, `kill` and `start` again keep its contents; `close` removes them.

        with PostgresServer() as server:
            address = server.databases.create()

    `durable` takes the settings of production instead of the quick ones; `settings` are further ones of
    postgresql.conf. `host` (such as "127.0.0.1") and `port` let it listen on TCP too, for clusters. A server whose
    process is killed is reaped, and one whose tests are killed ends by itself. Raises NoPostgres.
    """

    def __init__(
        self,
        binaries: Binaries | None = None,
        *,
        durable: bool = False,
        settings: Mapping[str, str] | None = None,
        host: str = "",
        port: int = 5432,
    ) -> None:
        found = binaries or next(iter(found_binaries()), None)
        if found is None:
            raise NoPostgres("No PostgreSQL was found.", hint=OPTIONS)
        self.account = account()
        self.folder = _new_folder()
        self.account.own(self.folder)
        self.host, self.port = host, port
        self._keeper: subprocess.Popen[bytes] | None = None
        self._pid = 0
        try:
            self.binaries = reachable(found, self.account, self.folder)
        except BaseException:
            self.close()
            raise
        self.settings = {**_ALWAYS, **(DURABLE if durable else FAST), **(settings or {})}

    def __repr__(self) -> str:
        return f"<PostgresServer {self.binaries.major} in {self.folder}{'' if self._keeper else ', stopped'}>"

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server had to say."""
        return self.folder / "server.log"

    @property
    def databases(self) -> Databases:
        """Its databases, by address."""
        return Databases(self.address())

    def address(self, database: str = "postgres") -> str:
        """Where clients find it, as a URL with everything in it: no variable of the environment changes its meaning."""
        place = f"{self.host}:{self.port}" if self.host else ""
        way = "" if self.host else f"?host={self.folder}&port={self.port}"
        return f"postgresql://postgres@{place}/{database}{way}"

    def run(self, program: str, *arguments: str | Path) -> str:
        """Run one of PostgreSQL's programs, such as `pg_basebackup`, as the server's user; what it said."""
        return self.account.run([self.binaries.folder / program, *arguments], _environment(), self.folder)

    def initialize(self) -> None:
        """Make an empty data directory; `start` does so where there is none."""
        options = (
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        )
        self.run("initdb", "-D", self.data, *options)

    def start(self) -> Self:
        """Start it and wait until it takes connections. Raises NoPostgres with the end of its log."""
        if self._keeper is not None:
            return self
        if not self.data.exists():
            self.initialize()
        self._forget_the_dead()
        kept: list[str | Path] = [
            self.log,
            self.folder,
            self.account.name or "",
            self.binaries.folder / "postgres",
            "-D",
            self.data,
        ]
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", keeper.__file__, *kept, *self._arguments()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=self.folder, env=_environment(),
            start_new_session=True,  # Ctrl-C is for the tests: they stop it
        )  # fmt: skip
        try:
            self._wait(self._keeper)
        except BaseException:
            self.stop()
            raise
        return self

    def _arguments(self) -> list[str]:
        given = {
            **self.settings, "listen_addresses": self.host, "port": str(self.port),
            "unix_socket_directories": str(self.folder),
        }  # fmt: skip
        return [part for name, value in given.items() for part in ("-c", f"{name}={value}")]

    def _wait(self, kept: subprocess.Popen[bytes]) -> None:
        said = kept.stdout.readline() if kept.stdout is not None else b""
        if not said:
            raise NoPostgres("The keeper of the server did not start.")
        self._pid = int(said)
        until = time.monotonic() + START_SECONDS
        while self._status() not in {"ready", "standby"}:
            if kept.poll() is not None or time.monotonic() > until:
                raise NoPostgres(f"The server did not start: {self.said()}")
            time.sleep(_LOOK_SECONDS)

    def _status(self) -> str:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return ""
        return lines[7].strip() if len(lines) > 7 and lines[0] == str(self._pid) else ""

    def said(self, most: int = 2000) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-most:] if self.log.exists() else ""

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop it, by default at once (`-m immediate`): the next start recovers. SIGINT is a clean (fast) stop."""
        self._signal([self._pid], how)
        self._reap()

    def kill(self) -> None:
        """Kill -9 of the postmaster and of all its processes, as if the machine had lost them."""
        if self._keeper is not None and self._pid:
            # Standing still, it starts nobody else while its processes are counted.
            self._signal([self._pid], signal.SIGSTOP)
            self._signal([*children_of(self._pid), self._pid], signal.SIGKILL)
        self._reap()

    def kill_backend(self, pid: int) -> None:
        """Kill -9 of the process of one connection; the server then restarts all others, as it does."""
        self._signal([pid], signal.SIGKILL)

    def _signal(self, pids: list[int], how: signal.Signals) -> None:
        for pid in pids:
            if pid and self._keeper is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, how)

    def _reap(self) -> None:
        if (kept := self._keeper) is None:
            return
        try:
            kept.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal([*children_of(self._pid), self._pid], signal.SIGKILL)
            kept.wait()
        finally:
            self._keeper, self._pid = None, 0
            for pipe in (kept.stdin, kept.stdout):
                if pipe is not None:
                    pipe.close()

    def _forget_the_dead(self) -> None:
        """Sockets and locks of a killed server would keep the next one from starting."""
        for left in self.folder.glob(".s.PGSQL.*"):
            left.unlink()
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def close(self) -> None:
        """Stop it and remove all it had."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()


def _new_folder() -> Path:
    folder = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix="ordercore-pg-", dir=folder if len(folder) < _LONGEST_SOCKET - 30 else "/tmp"))  # noqa: S108


def _environment() -> dict[str, str]:
    """Without what the user set for PostgreSQL's programs, and in the language that messages are read in."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}

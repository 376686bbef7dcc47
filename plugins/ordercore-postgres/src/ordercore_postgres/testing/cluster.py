"""A cluster for tests, on this machine: a primary and standbys, of which one has to have a commit before it counts."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

import psycopg
from psycopg import sql

from ordercore_postgres.testing.binaries import Binaries, NoPostgres
from ordercore_postgres.testing.failover import fail_over, followed
from ordercore_postgres.testing.server import PostgresServer

HOST: Final = "127.0.0.1"
SECONDS: Final = 60
_SETTINGS: Final = "wal_log_hints = on\nwal_keep_size = '1GB'\nwal_retrieve_retry_interval = '100ms'\n"
"""The first two are for pg_rewind, which also lets the killed server recover by itself: so they stand in its file."""

_TABLES: Final = """
select table_schema, table_name from information_schema.tables
where table_schema not in ('pg_catalog', 'information_schema') order by 1, 2
"""
_DIGEST: Final = "select count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {} t"


class PostgresCluster:
    """A primary `s0` and `standbys` others, with `synchronous_standby_names = 'ANY 1 (...)'` and durable settings.

    `address(database)` names all of them and leads to whichever is the primary. Raises NoPostgres.
    """

    def __init__(self, standbys: int = 2, binaries: Binaries | None = None) -> None:
        self.binaries = binaries
        self.servers: dict[str, PostgresServer] = {}
        self.primary = "s0"
        self.names = tuple(f"s{number}" for number in range(standbys + 1))

    def start(self) -> Self:
        """Start the primary, copy it to each standby, and wait until all of them follow."""
        first = self._server(self.primary)
        first.initialize()
        with (first.data / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)
        first.start()
        for name in self.names[1:]:
            self.copy(name)
        self._ask(self.primary, f"alter system set synchronous_standby_names = 'ANY 1 ({', '.join(self.names[1:])})'")
        self._ask(self.primary, "select pg_reload_conf()")
        self.wait_for_standbys(self.names[1:])
        return self

    def _server(self, name: str) -> PostgresServer:
        named = {"cluster_name": name}
        self.servers[name] = PostgresServer(self.binaries, durable=True, host=HOST, port=_free_port(), settings=named)
        return self.servers[name]

    def copy(self, name: str) -> None:
        """Make a standby of a copy of the primary (pg_basebackup), in place of what this node may have been."""
        server = self.servers.get(name) or self._server(name)
        shutil.rmtree(server.data, ignore_errors=True)
        place = ("-h", HOST, "-p", str(self.servers[self.primary].port), "-U", "postgres")
        server.run("pg_basebackup", *place, "-D", server.data, "-X", "stream", "-c", "fast", "--no-sync")
        self._follow(server)

    def rewind(self, name: str) -> None:
        """Make a standby of an old primary that was killed: undo what nobody else has of it (pg_rewind)."""
        server = self.servers[name]
        source = self.servers[self.primary].address()
        server.run("pg_rewind", "-D", server.data, f"--source-server={source}", "--no-sync")
        self._follow(server)

    def _follow(self, server: PostgresServer) -> None:
        # The last word on a setting counts.
        with (server.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = '{followed(self.servers[self.primary].address())}'\n")
        (server.data / "standby.signal").touch()
        server.start()

    def wait_for_standbys(self, names: Sequence[str]) -> None:
        """Wait until these follow the primary. Raises NoPostgres with the end of the log of one that does not."""
        until = time.monotonic() + SECONDS
        follow: set[str] = set()
        while not follow >= set(names):
            if time.monotonic() > until:
                missing = min(set(names) - follow)
                raise NoPostgres(f"{missing} does not follow {self.primary}: {self.servers[missing].said()}")
            found = self._ask(self.primary, "select string_agg(application_name, ' ') from pg_stat_replication "
                              "where state = 'streaming'")  # fmt: skip
            follow = set(str(found or "").split())
            time.sleep(0.05)

    def address(self, database: str = "postgres") -> str:
        """Of all nodes; a client connects to the one that takes writes."""
        places = ",".join(f"{server.host}:{server.port}" for server in self.servers.values())
        return f"postgresql://postgres@{places}/{database}?target_session_attrs=read-write&connect_timeout=5"

    def kill_primary(self) -> None:
        """Kill -9 of the primary and of all its processes."""
        self.servers[self.primary].kill()

    def fail_over(self) -> str:
        """Let the script promote the most advanced standby; the name of the new primary."""
        standbys = {name: self.servers[name].address() for name in self.names if name != self.primary}
        self.primary = fail_over(standbys, (self.primary,))
        return self.primary

    def digests(self, database: str) -> Mapping[str, Mapping[str, str]]:
        """Of each node and table the number and a digest of its rows, once all nodes have received them."""
        position = self._ask(self.primary, "select pg_current_wal_flush_lsn()::text")
        digests = {}
        for name in self.names:
            if name != self.primary:
                self._wait_for(name, str(position))
            with psycopg.connect(self.servers[name].address(database)) as connection:
                digests[name] = dict(_digests(connection))
        return digests

    def _wait_for(self, name: str, position: str) -> None:
        until = time.monotonic() + SECONDS
        while not self._ask(name, f"select pg_last_wal_replay_lsn() >= '{position}'"):
            if time.monotonic() > until:
                raise NoPostgres(f"{name} does not catch up: {self.servers[name].said()}")
            time.sleep(0.05)

    def _ask(self, name: str, statement: str, database: str = "postgres") -> object:
        with psycopg.connect(self.servers[name].address(database), autocommit=True) as connection:
            answer = connection.execute(statement)
            return (answer.fetchone() or (None,))[0] if answer.description else None

    def close(self) -> None:
        """Stop all of them and remove what they had."""
        for server in self.servers.values():
            server.close()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()


def _digests(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, str]]:
    for schema, table in connection.execute(_TABLES).fetchall():
        for (digest,) in connection.execute(sql.SQL(_DIGEST).format(sql.Identifier(schema, table))):
            yield f"{schema}.{table}", digest


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        return int(taken.getsockname()[1])

"""Make the most advanced standby the primary, by SQL alone: what an operator does when the primary is gone.

    python -m ordercore_postgres.testing.failover s1=postgresql://... s2=postgresql://...

Nodes are named by their setting `cluster_name`. With `synchronous_standby_names = 'ANY 1 (s1, s2)'` a commit that was
acknowledged is on at least one of the two, so the one that received more has everything that was acknowledged. Only if
*all* standbys answer, though: what the silent one knows is known to nobody else.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ordercore.errors import ConfigurationError

SECONDS: Final = 60
_RECEIVED: Final = "select greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::pg_lsn - '0/0'::pg_lsn"


class NoFailover(ConfigurationError):
    """Promoting a standby now could lose what was acknowledged."""


def fail_over(standbys: Mapping[str, str], others: tuple[str, ...] = ()) -> str:
    """Promote the most advanced of these standbys (name to address); its name. The rest follow it.

    `others` are nodes that may join later, such as the old primary: the new one takes their word for a commit too.
    Raises NoFailover if a standby does not answer or is none.
    """
    for name, address in standbys.items():
        with _asked(name, address) as standby:
            if not standby.execute("select pg_is_in_recovery()").fetchone()[0]:  # type: ignore[index]
                raise NoFailover(f"{name} is no standby.", hint="Is it the new primary already?")
            # First of all, nobody may vouch for a commit of the old primary any more: if it is not dead but only out
            # of sight, it waits from now on, instead of acknowledging what the new primary will never know.
            _set(standby, primary_conninfo="")
    received = {name: _settled(name, address) for name, address in standbys.items()}
    chosen = max(received, key=lambda name: received[name])
    rest = sorted({*standbys, *others} - {chosen})
    with _asked(chosen, standbys[chosen]) as standby:
        _set(standby, synchronous_standby_names=f"ANY 1 ({', '.join(rest)})" if rest else "")
        standby.execute("select pg_promote(true, %s)", (SECONDS,))
    for name in set(standbys) - {chosen}:
        with _asked(name, standbys[name]) as standby:
            _set(standby, primary_conninfo=followed(standbys[chosen]))
    return chosen


def followed(address: str) -> str:
    """What a standby is told to follow the server of this address; its name is its `cluster_name`."""
    parts = {name: str(value) for name, value in conninfo_to_dict(address).items() if name != "dbname"}
    return make_conninfo("", **parts)


@contextmanager
def _asked(name: str, address: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    try:
        connection = psycopg.connect(address, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        raise NoFailover(
            f"{name} does not answer.", standby=name,
            hint="It may be the only one that has what was acknowledged last: bring it back, or accept the loss.",
        ) from error  # fmt: skip
    with connection:
        yield connection


def _settled(name: str, address: str) -> int:
    """How far a standby has received, once it receives nothing more."""
    until = time.monotonic() + SECONDS
    with _asked(name, address) as standby:
        while standby.execute("select 1 from pg_stat_wal_receiver where pid is not null").fetchone():
            if time.monotonic() > until:
                raise NoFailover(f"{name} still receives from the old primary.")
            time.sleep(0.02)
        return int(standby.execute(_RECEIVED).fetchone()[0])  # type: ignore[index]


def _set(connection: psycopg.Connection[tuple[Any, ...]], **settings: str) -> None:
    for name, value in settings.items():
        connection.execute(sql.SQL("alter system set {} = {}").format(sql.Identifier(name), sql.Literal(value)))
    connection.execute("select pg_reload_conf()")


if __name__ == "__main__":
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    sys.stdout.write(f"{fail_over(given)}\n")

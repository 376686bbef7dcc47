"""What psycopg raises, as errors of ordercore: a code, what happened in plain words, and what to do.

Neither the address's password nor the parameters of a statement are ever in them.
"""

from __future__ import annotations

from typing import Final

import psycopg

from ordercore.errors import BrokenRule, Corrupted, OrdercoreError, SchemaVersion, StoreError
from ordercore_postgres.schema import VERSION, migrate_hint, restored
from ordercore_postgres.steps import Disturbed, Lost, MadeMeanwhile

_DISTURBED: Final = {
    "40001": "serialization", "40P01": "deadlock", "55P03": "lock_timeout", "40003": "serialization",
}  # fmt: skip
_NO_TABLES: Final = ("42P01", "42883", "3F000", "42703")
_MADE: Final = ("42P07", "42710", "42P06", "42723")
_DAMAGED: Final = ("XX000", "XX001", "XX002", "58030")
_REASONS: Final = {
    "53100": ("disk_full", "the disk of the server is full", "Free some space; nothing of this was written."),
    "53200": ("out_of_memory", "the server has no memory left", "Give it more; nothing of this was written."),
    "53300": ("too_many_connections", "the server takes no more connections", "Raise its max_connections or use fewer workers."),
    "25006": ("read_only", "the server does not write", "It is a standby, or set to read only: name the primary in the address."),
    "42501": (
        "read_only", "the role may not do that",
        "Grant it select, insert, update and delete on the tables, and usage on the sequences.",
    ),
    "57014": (
        "statement_timeout", "the statement was cancelled, by a timeout or by a person",
        "Raise statement_timeout, or look for what holds the locks.",
    ),
    "25P02": ("failed_transaction", "an earlier statement failed in this transaction of the host's", "Roll it back, and run it again."),
    "28P01": ("denied", "the server does not accept this user and password", "Check the address."),
    "28000": ("denied", "the server does not accept this user", "Check the address and pg_hba.conf."),
    "3D000": ("no_database", "there is no such database", "Create it, or correct the address."),
}  # fmt: skip
_LOST: Final = ("08", "57P")


def translated(error: psycopg.Error, shown: str, *, broken: bool, sent: bool, migrate: str = "") -> OrdercoreError:
    """The error to raise instead; `broken`: the connection is gone, `sent`: what was asked may have arrived.

    `migrate`: what makes the tables, where it is not the plain command.
    """
    state = error.sqlstate or ""
    if state == "OC002":
        return restored(shown)
    if outdated(error):
        return Disturbed(f"{shown}: {_plain(error)}.", reason="changed_plan")
    if state in _DISTURBED:
        return Disturbed(f"{shown}: {_plain(error)}.", reason=_DISTURBED[state])
    if state in _MADE or (state == "23505" and (error.diag.table_name or "").startswith("pg_")):
        return MadeMeanwhile(f"{shown}: {_plain(error)}.")
    if state in _REASONS and not (broken and sent):
        reason, what, hint = _REASONS[state]
        return StoreError(f"{shown}: {what}.", reason=reason, hint=hint)
    if broken or state.startswith(_LOST):
        return _lost(error, shown, sent=sent)
    if state in _NO_TABLES:
        return no_tables(shown, migrate)
    if state in _DAMAGED:
        return Corrupted(
            f"{shown}: the server cannot read what it stored: {_plain(error)}.",
            hint="Look into the server's log, restore a backup.",
        )
    if isinstance(error, psycopg.DataError) or state == "22003":
        # A number beyond 64 bits or text with a NUL: validation above has let through what nobody can store.
        return BrokenRule(f"A value cannot be stored: {_plain(error)}.", hint="Numbers fit 63 bits, text has no NUL.")
    if isinstance(error, psycopg.IntegrityError):
        return BrokenRule(f"A constraint of the store refused a row: {_plain(error)}.")
    return StoreError(f"{shown}: {_plain(error)}.", reason="failed")


def _lost(error: psycopg.Error, shown: str, *, sent: bool) -> Lost:
    if sent:
        return Lost(
            f"{shown}: the connection was lost: {_plain(error)}.", reason="connection_lost", sent=True,
            hint="Check that the server runs and can be reached.",
        )  # fmt: skip
    # Without a connection there is no code, only what libpq says of each host it has tried.
    reason, hint = next(
        (why for words, why in _REFUSALS.items() if words in str(error)),
        ("down", "Check that it runs and can be reached."),
    )
    return Lost(f"{shown} cannot be reached: {_plain(error)}.", reason=reason, sent=False, hint=hint)


_REFUSALS: Final = {
    "read-only": ("read_only", "None of the hosts takes writes: name the primary in the address, or wait until one is promoted."),
    "hot standby": ("read_only", "None of the hosts takes writes: name the primary in the address, or wait until one is promoted."),
    "authentication failed": ("denied", "Check user and password of the address, and pg_hba.conf."),
    "too many": ("too_many_connections", "Raise its max_connections or use fewer workers."),
}  # fmt: skip


def outdated(error: psycopg.Error) -> bool:
    """A statement was prepared before the tables were changed; another connection knows nothing of it."""
    return error.sqlstate == "0A000" and "cached plan" in str(error)


def no_tables(shown: str, migrate: str) -> SchemaVersion:
    """The tables or functions of this release are not there."""
    return SchemaVersion(
        f"{shown} has no tables of ordercore, or older ones than this release needs.", found=0, known=VERSION,
        hint=migrate or migrate_hint(shown),
    )  # fmt: skip


def _plain(error: psycopg.Error) -> str:
    """The server's first line, which holds no values of the statement; details and parameters stay out."""
    said = error.diag.message_primary or (str(error).strip().splitlines() or [type(error).__name__])[0]
    return said.rstrip(".")


def unstorable(error: UnicodeEncodeError) -> BrokenRule:
    """Text with lone surrogates: validation above has let through what nobody can store."""
    return BrokenRule(f"A value cannot be stored: {type(error).__name__}.", hint="Text is Unicode.")

"""`verify`: checksums, dense versions, and every row compared with a rebuild from the log; streamed, of one snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final
from zlib import crc32

from psycopg import sql

from ordercore.errors import OrdercoreError
from ordercore.store.archived import CARRIED, Carried
from ordercore.store.posting import Posting, postings_in
from ordercore.store.result import Breach
from ordercore.store.verify import Differences, Movements, Past, Rebuild
from ordercore_postgres.core import Operations
from ordercore_postgres.cursors import cursor_of
from ordercore_postgres.question import BODY, CRC, EPOCH, FIGURES, N1, N2, N3, POS, SECTION, XID, A, B, section
from ordercore_postgres.reading import FIGURES_OF, RECORDED, Reading, key_of
from ordercore_postgres.steps import Ask, Operation

_CHUNK: Final = 2000
_GAP, _CARRIED, _LOGGED, _STORED = range(4)
_GAPS: Final = section(
    _GAP, """from (
        select stream, version, coalesce(lag(version + abs(count)) over (partition by stream order by version), 1) as expected
        from ordercore_log where tenant = %(t)s and stream is not null
    ) g where g.version <> g.expected""",
    a="g.stream", n1="g.version", n2="g.expected",
)  # fmt: skip
_CARRY: Final = section(
    _CARRIED, f"from ordercore_document o where o.tenant = %(t)s and o.kind = '{CARRIED}'", body="o.body"
)
LOG: Final = section(
    _LOGGED,
    "from ordercore_log l where l.tenant = %(t)s and l.stream is not null and l.count > 0 order by l.epoch, l.xid, l.pos",
    **RECORDED,
)
_ROWS: Final = section(
    _STORED, "from ordercore_position p where p.tenant = %(t)s", a="p.sku", b="p.place", c="p.lot", d="p.owner",
    figures=FIGURES_OF,
)  # fmt: skip
_DECLARE: Final = (
    f"declare ordercore_verify no scroll cursor for {_GAPS} union all {_CARRY} union all {LOG} union all {_ROWS}"
)
DECLARE_LOG: Final = f"declare ordercore_verify no scroll cursor for {LOG}"
_FETCH: Final = f"fetch {_CHUNK} from ordercore_verify"


def verify(operations: Operations, tenant: str) -> Operation[tuple[Breach, ...]]:
    """Everything that is not as the log says, in one transaction that reads; in the host's, if one is open."""
    reading = Reading(operations.events(), tenant)
    own = (yield from operations.situation()) == "own"
    if own:
        yield Ask("begin isolation level repeatable read read only")
    audit = Audit(reading)
    yield Ask(declared(_DECLARE, tenant))
    while rows := (yield Ask(_FETCH)):
        for number, part in groupby(rows, key=itemgetter(SECTION)):
            audit.see(number, part)
    audit.end()
    yield Ask("close ordercore_verify")
    if audit.rebuild.late:
        audit.found += yield from _past_negatives(
            Log(_tolerant(reading, [])), Past(audit.rebuild.late, audit.carried), tenant
        )
    if own:
        yield Ask("commit")
    return tuple(audit.found)


class Audit:
    """What was seen so far: gaps, then the log, then the rows."""

    def __init__(self, reading: Reading) -> None:
        self.found: list[Breach] = []
        self.rebuild = Rebuild()
        self._log = Log(_tolerant(reading, self.found))
        self.carried: list[Carried] = []
        self._load = reading.codec.load_document
        self._differences: Differences | None = None

    def see(self, number: int, rows: Iterable[Sequence[Any]]) -> None:
        """Some rows of a section."""
        if number == _GAP:
            self.found += [Breach("version", row[A], str(row[N2]), str(row[N1])) for row in rows]
        elif number == _CARRIED:
            for row in rows:
                carried = self._load(row[BODY])
                if isinstance(carried, Carried):
                    self.carried.append(carried)
                    self.rebuild.carry(carried)
        elif number == _LOGGED:
            for effective, postings in self._log.movements(rows):
                self.rebuild.add(effective, postings)
        else:
            differences = self._compared()
            for row in rows:
                self.found += differences.of(key_of(row), tuple(row[FIGURES]))

    def end(self) -> None:
        """When there are no more."""
        self.found += self._compared().missing()

    def _compared(self) -> Differences:
        if self._differences is None:
            for effective, postings in self._log.rest():
                self.rebuild.add(effective, postings)
            self._differences = Differences(self.rebuild.rows)
        return self._differences


def declared(text: str, tenant: str) -> str:
    """With the tenant in it: a cursor is declared without parameters."""
    return text.replace("%(t)s", sql.Literal(tenant).as_string(None))


def _past_negatives(log: Log, past: Past, tenant: str) -> Operation[list[Breach]]:
    yield Ask(declared(DECLARE_LOG, tenant))
    while rows := (yield Ask(_FETCH)):
        for effective, postings in log.movements(rows):
            past.add(effective, postings)
    for effective, postings in log.rest():
        past.add(effective, postings)
    yield Ask("close ordercore_verify")
    return list(past.negatives())


class Log:
    """Log rows into batches; one may go on in the next chunk."""

    def __init__(self, postings_of_row: Callable[[Sequence[Any]], list[Posting]]) -> None:
        self._postings_of_row = postings_of_row
        self._command: str | None = None
        self._effective = 0
        self._postings: list[Posting] = []

    def movements(self, rows: Iterable[Sequence[Any]]) -> Iterator[Movements]:
        """Every batch that is known to be whole."""
        for row in rows:
            if row[B] != self._command:
                yield from self.rest()
                self._command, self._effective = row[B], row[N3]
            self._postings += self._postings_of_row(row)

    def rest(self) -> Iterator[Movements]:
        """The last one, when nothing follows."""
        if self._command is not None:
            yield self._effective, self._postings
        self._command, self._postings = None, []


def _tolerant(reading: Reading, damaged: list[Breach]) -> Callable[[Sequence[Any]], list[Posting]]:
    """A damaged row is listed and left out, so that one flipped bit does not hide all other breaches."""

    def postings_of_row(row: Sequence[Any]) -> list[Posting]:
        try:
            return postings_in(reading.events(row))
        except OrdercoreError as error:
            where, crc = f"position {cursor_of(row[EPOCH], row[XID], row[POS])}", crc32(row[BODY].encode())
            if crc != row[CRC]:
                damaged.append(Breach("checksum", where, str(row[CRC]), str(crc)))
            else:
                damaged.append(Breach("unreadable", where, "registered events", error.message))
            return []

    return postings_of_row

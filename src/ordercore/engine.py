"""The engine: runs flows to their commit, as a generator of store calls that a synchronous or asynchronous driver makes.

It answers a flow's reads from what it remembers (folded streams, the catalog) and from one round trip to the store,
asks the guards, commits one batch, and starts over when somebody else was quicker: a bounded number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from functools import partial
from operator import itemgetter, methodcaller
from typing import Any, Final, Generic, TypeVar, cast

from attrs import define, field

from ordercore.catalog import Item, Location
from ordercore.errors import BrokenRule, Conflict, Insufficient, Mismatch, OutcomeUnknown, Rejected, StoreError
from ordercore.flow import Decision, Flow, Guard, Loaded, Read, ReadState, Retry
from ordercore.flows.catalog import REVISION, CatalogView, ReadCatalog
from ordercore.internal import internal
from ordercore.message import Command, Context, Event, Receipt
from ordercore.plan import Site, Sites
from ordercore.store import (
    Append,
    Batch,
    CommitResult,
    Committed,
    Conflicted,
    Duplicate,
    Head,
    Mismatched,
    Outcome,
    Pending,
    Query,
    ReadCounter,
    ReadDocument,
    ReadDocuments,
    ReadOffers,
    ReadOutcome,
    ReadStream,
    Require,
    Short,
    Snapshot,
    Store,
    Unknown,
)
from ordercore.values import LocationCode, OrderId, Place, Sku, Stream

R = TypeVar("R")
T = TypeVar("T")

CONFLICTS_MAX: Final = 12
"""How often a command without an expected version is decided again because another one changed what it read."""

STREAMS_KEPT: Final = 8_192

ABSENT_KEPT: Final = 10_000
"""SKUs remembered not to exist; of more, each is asked for again."""


@internal(eq=False)
class StoreRead:
    """Call: answer these queries from one snapshot."""

    queries: tuple[Query[Any], ...]
    tenant: str

    def __call__(self, store: Store) -> Snapshot:
        """Read."""
        return store.read(self.queries, tenant=self.tenant)


@internal(eq=False)
class StoreCommit:
    """Call: commit these batches, each for itself."""

    batches: tuple[Batch, ...]

    def __call__(self, store: Store) -> Sequence[CommitResult]:
        """Commit."""
        if len(self.batches) == 1:
            return (store.commit(self.batches[0]),)
        return store.commit_many(self.batches)


StoreCall = Callable[[Store], Any]
Calls = Generator[StoreCall, Any, T]
"""A piece of work in store calls: a driver makes each and sends back what it returned, or throws what it raised."""


@internal(eq=False)
class Task(Generic[R]):
    """One command to run: how to begin its flow, the stream it is about, and the version its caller saw."""

    command: Command[R]
    context: Context
    begin: Callable[[], Flow[R]]
    is_order: bool = False
    expect: int | None = None
    """The version of `seen` that its caller saw."""
    replans: int = 3
    about: Callable[[], str] | None = None
    """For a command with its caller's key, the stream it is about: what it says leaves its id behind in any case."""
    seen: Stream = Stream("")


Result = Receipt[Any] | Rejected | BrokenRule
"""What one command of several comes to: its receipt, why it was refused, or the defect that it met."""


class Memory:
    """What the engine remembers between commands: folded streams and the catalog, both checked against the store.

    Shared by threads without a lock: every entry is an immutable pair, replaced whole, and one that is lost or older
    than it might be is folded again.
    """

    def __init__(self, most: int = STREAMS_KEPT) -> None:
        """Keep at most `most` streams: those used last, in two halves of which the older is dropped as a whole."""
        self._half = max(most // 2, 1)
        self._young: dict[Stream, tuple[int, object]] = {}
        self._old: dict[Stream, tuple[int, object]] = {}
        self.catalog = Catalog()

    def get(self, stream: Stream) -> tuple[int, object]:
        """(version, state) as remembered, or (0, None)."""
        known = self._young.get(stream)
        if known is None:
            known = self._old.get(stream)
            if known is None:
                return _UNKNOWN
            self.put(stream, *known)
        return known

    def put(self, stream: Stream, version: int, state: object) -> None:
        """Remember."""
        young = self._young
        young[stream] = (version, state)
        if len(young) > self._half:
            self._old, self._young = young, {}

    def forget(self, stream: Stream) -> None:
        """Fold it from the beginning next time."""
        self._young.pop(stream, None)
        self._old.pop(stream, None)


_UNKNOWN: Final[tuple[int, object]] = (0, None)


class Asked:
    """What a flow asked, in terms of the store, and what is needed to answer it; `answers` are known already."""

    __slots__ = ("answers", "catalogs", "queries", "states")

    def __init__(self) -> None:
        self.answers: dict[int, Any] = {}
        self.queries: list[Query[Any]] = []
        self.states: list[tuple[ReadState[Any], ReadStream, tuple[int, object]]] = []
        self.catalogs: list[tuple[ReadCatalog, Catalog, list[tuple[Sku, ReadDocument]], ReadDocuments | None]] = []


@define
class Catalog:
    """Items and locations as of one revision."""

    revision: int = -1
    items: dict[Sku, Item] = field(factory=dict)
    locations: dict[LocationCode, Location] = field(factory=dict)
    sites: Sites = field(factory=lambda: Sites({}))
    absent: set[Sku] = field(factory=set)
    view: CatalogView | None = None
    """Of these very dictionaries, which grow; nothing in them is ever replaced."""


class Engine:
    """Runs tasks; holds no store. `guards` are asked at every Guard effect."""

    def __init__(self, guards: Callable[[Command[Any], object, Context], None] | None = None, tenant: str = "") -> None:
        """`guards` raises Refused; None asks nobody."""
        self.guards = guards
        self.tenant = tenant
        self.memory = Memory()
        self.alone = False
        """Whether no other process writes to the store: then a stream is as it is remembered, and worth a dare."""

    def run(self, task: Task[R], *, dares: bool = True) -> Calls[Receipt[R]]:
        """One command, to its receipt. Raises a Rejected subclass, or OutcomeUnknown.

        The first attempt dares: it takes the command for new and what is remembered for true, since the commit checks
        both. A refusal that rests on a dare is none, so then, and when there is nothing to commit, it looks.

        A plan that finds less than it saw is made again, `replans` times; then once more without the rows that were
        short, so that policy decides: the rest waits, stays unallocated, or the command is refused.
        """
        again: _Again | None = None
        while True:
            flow = _Running(self, task, again.tried, dares, again.without) if again else _Running(self, task, 0, dares)
            try:
                queries = flow.start()
                while queries is not None:
                    queries = flow.answer((yield StoreRead(queries, self.tenant)))
            except Rejected as error:
                if not dares:
                    if again is None:
                        raise
                    raise again.refusal(error) from error.__cause__
            if flow.receipt is not None:
                return flow.receipt
            dares, batch = False, flow.batch
            if batch is None:
                continue
            result: CommitResult = yield methodcaller("commit", batch)
            if isinstance(result, Unknown):
                result = yield from self._resolve(result, batch)
            receipt = flow.settle(result)
            if receipt is not None:
                return receipt
            again = again or _Again(task.replans)
            again.count(cast(Short | Conflicted, result), batch)

    def run_many(self, tasks: Sequence[Task[Any]]) -> Calls[list[Result]]:
        """Independent commands with shared reads and one group of commits; what collides runs again by itself.

        Commands of one group do not see each other's changes, so the caller puts those that must into rounds. A defect
        that one of them meets (a strategy that raises) is its result alone; a StoreError ends all.
        """
        group = _Group(self, tasks)
        while group.running:
            asked, group.running = group.running, []
            # The same query object asked by several is asked once; the answers are found by identity.
            distinct = dict.fromkeys(query for _, _, queries in asked for query in queries)
            snapshot: Snapshot = yield StoreRead(tuple(distinct), self.tenant)
            for at, flow, _ in asked:
                group.advance(at, flow, partial(flow.answer, snapshot))
        # In the order they were given, whoever had to read more: the log of an import follows the time of the world.
        group.ready.sort(key=itemgetter(0))
        batches = tuple([batch for _, _, batch in group.ready])
        committed: Sequence[CommitResult] = (yield StoreCommit(batches)) if batches else ()
        results = group.results
        for (at, flow, _), result in zip(group.ready, committed, strict=True):
            try:
                receipt = flow.settle(result) if not isinstance(result, Unknown) else None
                results[at] = receipt if receipt is not None else (yield from self.run(tasks[at], dares=False))
            except StoreError:
                raise
            except Exception as error:  # noqa: BLE001  # the others are committed, and their receipts must not be lost
                results[at] = _failure(error)
        return cast("list[Result]", results)

    def look(self, flow: Generator[Any, Any, T]) -> Calls[T]:
        """Run a reading flow, which ends in a value instead of a decision."""
        try:
            effect = next(flow)
            while True:
                asked, snapshot = self.ask(effect.queries), None
                while snapshot is None:
                    snapshot = self.answered(asked, (yield StoreRead(tuple(asked.queries), self.tenant)))
                    asked = asked if snapshot is not None else self.ask(effect.queries)
                effect = flow.send(snapshot)
        except StopIteration as end:
            return cast(T, end.value)

    def _resolve(self, result: Unknown, batch: Batch) -> Calls[CommitResult]:
        """A lost connection: the command id says whether it took place. If not, it is decided again."""
        outcome: Outcome | None = yield lambda store: store.outcome(batch.command_id, tenant=self.tenant)
        if outcome is None:
            raise OutcomeUnknown(
                f"The connection was lost at commit: {result.reason}", command_id=batch.command_id,
                hint="Nothing is recorded under this command id yet. Send the command again with the same key.",
            )  # fmt: skip
        return Duplicate(outcome) if outcome.matches else Mismatched(batch.command_id)

    def ask(self, queries: Iterable[Query[Any]], dared: set[str] | None = None) -> Asked:
        """What the store is asked for a flow's queries; with `dared` less, and what was not asked is noted there."""
        asked = Asked()
        for query in queries:
            if isinstance(query, ReadState):
                known = self.memory.get(query.stream)
                if dared is not None and self.alone and known[0]:
                    dared.add(query.stream)
                    asked.answers[id(query)] = Loaded(known[1], known[0])
                    continue
                ask = ReadStream(query.stream, known[0])
                asked.states.append((query, ask, known))
                asked.queries.append(ask)
            elif isinstance(query, ReadCatalog):
                view = self.memory.catalog.view
                if dared is not None and view is not None and view.has(query.skus):
                    dared.add(REVISION)
                    asked.answers[id(query)] = view
                    continue
                self._ask_catalog(query, asked)
            else:
                asked.queries.append(query)
        return asked

    def _ask_catalog(self, query: ReadCatalog, asked: Asked) -> None:
        known = self.memory.catalog
        locations = None
        if known.revision < 0:
            # A catalog of its own: what another thread reads may be of another revision.
            known, locations = Catalog(), ReadDocuments("location", limit=10_000)
            asked.queries.append(locations)
        wanted = [
            (sku, ReadDocument("item", sku)) for sku in query.skus if sku not in known.items and sku not in known.absent
        ]
        asked.queries.append(_REVISION)
        if wanted:
            asked.queries += [ask for _, ask in wanted]
        asked.catalogs.append((query, known, wanted, locations))

    def answered(self, asked: Asked, snapshot: Snapshot) -> Snapshot | None:
        """The snapshot with the flow's queries answered; None if the catalog changed: ask again."""
        answers = snapshot.answers
        answers.update(asked.answers)
        for query, known, wanted, locations in asked.catalogs:
            revision = snapshot.of(_REVISION)
            if locations is None and revision != known.revision:
                self.memory.catalog = Catalog()
                return None
            answers[id(query)] = self._catalog(known, revision, wanted, locations, snapshot)
        for state, ask, (version, remembered) in asked.states:
            head = snapshot.of(ask)
            if head.version == version:
                answers[id(state)] = Loaded(remembered, version)
            else:
                answers[id(state)] = self._fold(state, head, version, remembered)
        return snapshot

    def _fold(self, query: ReadState[Any], head: Head, version: int, state: object) -> Loaded[Any]:
        if head.version < version:
            # Another file under the same name: what was remembered is of a stream that is no more.
            self.memory.forget(query.stream)
            raise Conflict("The stream is shorter than it was.", stream=query.stream, hint="Is this another store?")
        state = query.folder.fold(state, head.events, query.stream)
        self.memory.put(query.stream, head.version, state)
        return Loaded(state, head.version)

    def _catalog(
        self, known: Catalog, revision: int, wanted: Iterable[tuple[Sku, ReadDocument]],
        locations: ReadDocuments | None, snapshot: Snapshot,
    ) -> CatalogView:  # fmt: skip
        for sku, ask in wanted:
            document = snapshot.of(ask)
            if document is not None and isinstance(document.body, Item):
                known.items[sku] = document.body
            elif len(known.absent) < ABSENT_KEPT:
                known.absent.add(sku)
        if locations is not None:
            found = [d.body for d in snapshot.of(locations) if isinstance(d.body, Location)]
            known.locations = {location.code: location for location in found}
            known.sites = Sites(
                {at.place: Site(at.place, at.code, at.name, at.point, at.rank) for at in found if at.sellable}
            )
            known.revision = revision
            self.memory.catalog = known
        if known.view is None:
            known.view = CatalogView(revision, known.items, known.locations, known.sites)
        return known.view


_REVISION: Final = ReadCounter(REVISION)
"""One query object for all: a group of commands asks for the revision once."""


class _Again:
    """How often a command was decided in vain, and why; only commands that others disturb have one."""

    def __init__(self, replans: int) -> None:
        self.tried = 0
        self.without: frozenset[tuple[str, str]] = frozenset()
        """(sku, place) of offers that the next plan does not see."""
        self._replans = replans
        self._shortages = 0
        self._short: set[tuple[str, str]] = set()
        self._last: Insufficient | None = None

    def count(self, result: Short | Conflicted, batch: Batch) -> None:
        """One more. Raises Conflict or Insufficient when it was too often."""
        self.tried += 1
        if isinstance(result, Conflicted):
            if self.tried - self._shortages > CONFLICTS_MAX:
                raise conflict_of(result)
            return
        self._shortages += 1
        self._short |= {(row.sku, row.place) for row in result.shortages}
        if self._shortages > self._replans:
            self._last = short_of(result, batch)
            if self._short <= self.without:
                raise self._last
            self.without = frozenset(self._short)

    def refusal(self, error: Rejected) -> Rejected:
        """Why it is refused: what the commit lacked, rather than that a plan without those rows lacks them."""
        return self._last if self._last is not None and isinstance(error, Insufficient) else error


class _Running(Generic[R]):
    """One run of one flow: from its first effect to a receipt, a batch, a refusal; or none, if it dared too much."""

    __slots__ = (
        "_asked",
        "_dared",
        "_decision",
        "_effect",
        "_engine",
        "_flow",
        "_outcome",
        "_task",
        "_tried",
        "_without",
        "batch",
        "dares",
        "receipt",
    )  # fmt: skip
    _asked: Asked
    _effect: Read
    _decision: Decision[R]

    def __init__(
        self, engine: Engine, task: Task[R], tried: int, dares: bool,  # called once per command
        without: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:  # fmt: skip
        self._engine = engine
        self._task = task
        self._tried = tried
        self._without = without
        self._flow = task.begin()
        self._outcome: ReadOutcome | None = None
        self._dared: set[str] | None = set() if dares else None
        self.dares = dares
        self.receipt: Receipt[R] | None = None
        self.batch: Batch | None = None

    def start(self) -> tuple[Query[Any], ...] | None:
        """Run to the first read. The outcome of the command id rides in it: a repeat must not be refused by state."""
        if not self.dares:
            self._outcome = ReadOutcome(self._task.context.command_id, self._task.command)
        return self._advance(None)

    def answer(self, snapshot: Snapshot) -> tuple[Query[Any], ...] | None:
        """Take the store's answers; run to the next read or to the end."""
        outcome = self._outcome
        if outcome is not None:
            self._outcome = None
            first = snapshot.of(outcome)
            if first is not None:
                self._flow.close()
                self.receipt = self._repeat(first)
                return None
        answered = self._engine.answered(self._asked, snapshot)
        if answered is None:
            self._asked = self._engine.ask(self._effect.queries)
            return tuple(self._asked.queries)
        if self._without:
            self._leave_out(answered)
        return self._advance(answered)

    def _leave_out(self, snapshot: Snapshot) -> None:
        """Offers without the rows that were short too often."""
        for query in self._effect.queries:
            if isinstance(query, ReadOffers):
                snapshot.answers[id(query)] = {
                    sku: {place: units for place, units in places.items() if (sku, place) not in self._without}
                    for sku, places in snapshot.of(query).items()
                }

    def _advance(self, answer: object) -> tuple[Query[Any], ...] | None:
        engine = self._engine
        try:
            while True:
                effect = self._flow.send(answer)
                if type(effect) is Read:
                    asked = engine.ask(effect.queries, self._dared)
                    if asked.queries or self._outcome is not None:
                        self._effect, self._asked = effect, asked
                        return (self._outcome, *asked.queries) if self._outcome is not None else tuple(asked.queries)
                    answer = Snapshot(asked.answers)
                    continue
                if type(effect) is Guard:
                    if engine.guards is not None:
                        engine.guards(effect.command, effect.state, self._task.context)
                    answer = None
                elif type(effect) is Retry:
                    answer = self._tried
                else:
                    raise BrokenRule(f"A flow yielded {type(effect).__name__}.")
        except StopIteration as end:
            self._end(end.value)
            return None

    def _end(self, decision: Decision[R]) -> None:
        task, appends = self._task, decision.appends
        context = task.context
        self._decision = decision
        if task.expect is not None:
            self._expect(task.expect, appends)
        nothing = not appends and not decision.documents and not decision.timers
        if self._dared is not None and (nothing or not self._dared <= _checked(decision)):
            return
        if nothing and task.about is None:
            self.receipt = Receipt(
                context.command_id, False, decision.result, (), None, self._order_id(decision.result)
            )
            return
        # With a key even nothing is committed: its retry must not act when the state has changed meanwhile.
        self.batch = Batch(
            context.command_id, task.command, context, appends, decision.documents, decision.requires,
            decision.bumps, decision.floors, decision.timers, self._engine.tenant,
        )  # fmt: skip

    def _expect(self, expected: int, appends: Sequence[Append]) -> None:
        """The caller's version is the one that was decided on, also when there is nothing to do."""
        task = self._task
        if appends:
            stream, actual = appends[0].stream, appends[0].expected
        else:
            stream = task.seen
            # Folded a moment ago; streams that are not folded (of items and locations) are not remembered.
            actual = self._engine.memory.get(stream)[0] or expected
        if actual != expected:
            raise Conflict(
                "The version you saw is not the newest.", stream=stream, expected=expected, actual=actual,
                hint="Read again, then decide again.",
            )  # fmt: skip

    def settle(self, result: CommitResult) -> Receipt[R] | None:
        """The receipt for a commit that stands; None: decide again. Raises Mismatch or Conflict."""
        task = self._task
        id = task.context.command_id
        if isinstance(result, Committed):
            decision = self._decision
            remember, states = self._engine.memory.put, decision.states
            for append in decision.appends:
                stream = append.stream
                if stream in states:
                    remember(stream, result.versions[stream], states[stream])
            appended = _appended(decision.appends, result.versions)
            return Receipt(id, False, decision.result, appended, result.position, self._order_id(decision.result))
        if isinstance(result, Pending):
            decision = self._decision
            appended = _appended(decision.appends, result.versions)
            return Receipt(id, False, decision.result, appended, None, self._order_id(decision.result))
        if isinstance(result, Duplicate):
            return self._repeat(result.first)
        if isinstance(result, Mismatched):
            raise mismatch_of(id)
        if (
            isinstance(result, Conflicted)
            and not self.dares
            and (self._is_seen(result) or (self._tried and self._exists(result)))
        ):
            raise conflict_of(result)
        return None

    def _repeat(self, first: Outcome) -> Receipt[R]:
        id = self._task.context.command_id
        if not first.matches:
            raise mismatch_of(id)
        about = self._task.about
        stream = first.appended[0][0] if first.appended else about() if about is not None else ""
        result = cast(R, stream.partition("/")[2])
        return Receipt(id, True, result, first.appended, first.position, self._order_id(result))

    def _order_id(self, result: object) -> OrderId | None:
        return OrderId(str(result)) if self._task.is_order else None

    def _is_seen(self, result: Conflicted) -> bool:
        """Whether it is about the stream whose version the caller named; about anything else it is decided again."""
        appends = self._decision.appends
        return self._task.expect is not None and bool(appends) and appends[0].stream == result.what

    def _exists(self, result: Conflicted) -> bool:
        """Whether a stream that the batch would begin is there: its flow had a second look and did not see it."""
        return any(append.expected == 0 and append.stream == result.what for append in self._decision.appends)


class _Group:
    """Flows that run together: those that wait for a read, those that are ready to commit, and what came of the rest."""

    def __init__(self, engine: Engine, tasks: Sequence[Task[Any]]) -> None:
        self._engine = engine
        self._tasks = tasks
        self.results: list[Result | None] = [None] * len(tasks)
        self.running: list[tuple[int, _Running[Any], tuple[Query[Any], ...]]] = []
        self.ready: list[tuple[int, _Running[Any], Batch]] = []
        for at in range(len(tasks)):
            self._begin(at, dares=True)

    def _begin(self, at: int, *, dares: bool) -> None:
        flow = _Running(self._engine, self._tasks[at], 0, dares)
        self.advance(at, flow, flow.start)

    def advance(self, at: int, flow: _Running[Any], step: Callable[[], tuple[Query[Any], ...] | None]) -> None:
        """Take a step of a flow; what dared in vain begins again."""
        try:
            queries = step()
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  # a defect of one command must not end the others
            if flow.dares:
                self._begin(at, dares=False)
            else:
                self.results[at] = _failure(error)
            return
        if queries is not None:
            self.running.append((at, flow, queries))
        elif flow.receipt is not None:
            self.results[at] = flow.receipt
        elif flow.batch is not None:
            self.ready.append((at, flow, flow.batch))
        else:
            self._begin(at, dares=False)


def _failure(error: Exception) -> Rejected | BrokenRule:
    """A refusal or defect as it is; what a plugin raised, as the cause of a defect."""
    if isinstance(error, Rejected | BrokenRule):
        return error
    defect = BrokenRule(f"The command met a defect: {type(error).__name__}.", kind=type(error).__name__)
    defect.__cause__ = error
    return defect


def _checked(decision: Decision[Any]) -> set[str]:
    """The streams and counters that are at the version the decision saw, or its commit fails."""
    checked: set[str] = {append.stream for append in decision.appends if append.expected is not None}
    for require in decision.requires:
        if isinstance(require, Require):
            checked.add(require.counter)
    return checked


def _appended(
    appends: Sequence[Append], versions: Mapping[Stream, int]
) -> tuple[tuple[Stream, int, tuple[Event, ...]], ...]:
    """(stream, version of the first event, events) of each append."""
    return tuple([(one.stream, versions[one.stream] - len(one.events) + 1, one.events) for one in appends])


def mismatch_of(command_id: str) -> Mismatch:
    """The key was used for another command."""
    return Mismatch(
        f"Key {command_id!r} was used before for other content.", command_id=command_id,
        hint="A repeat must be the same command; a new wish needs a new key.",
    )  # fmt: skip


def conflict_of(result: Conflicted) -> Conflict:
    """Somebody else changed it."""
    return Conflict(
        f"{result.what} is at {result.actual}, not {result.expected}.", what=result.what, expected=result.expected,
        actual=result.actual, hint="Read again, then decide again.",
    )  # fmt: skip


def short_of(result: Short, batch: Batch) -> Insufficient:
    """The commit found too little, as often as it was planned again."""
    lines = {(p.sku, p.source): p.claimant for p in batch.postings}
    rows = [
        (lines.get((short.sku, Place(short.place)), ""), str(short.sku), short.missing)
        for short in result.shortages
        if not short.lot
    ] or [("", str(short.sku), short.missing) for short in result.shortages]
    return Insufficient(rows, found_by="commit")

"""What the engine remembers between commands, and how reads are answered from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from attrs import define, field

from ordercore.catalog import Item, Location
from ordercore.flow import Loaded, ReadState
from ordercore.flows.catalog import REVISION, CatalogView, ReadCatalog
from ordercore.plan import Site, Sites
from ordercore.store import Head, Query, ReadCounter, ReadDocument, ReadDocuments, ReadStream, Snapshot
from ordercore.store.archived import away
from ordercore.values import LocationCode, Sku, Stream

STREAMS_KEPT: Final = 8_192

ABSENT_KEPT: Final = 10_000
"""SKUs remembered not to exist; of more, each is asked for again."""

_REVISION: Final = ReadCounter(REVISION)
"""One query object for all: a group of commands asks for the revision once."""

_UNKNOWN: Final[tuple[int, object]] = (0, None)


class Asked:
    """What a flow asked, in terms of the store, and what is needed to answer it; `answers` are known already."""

    __slots__ = ("answers", "asking", "catalogs", "queries", "states")

    def __init__(self, asking: Iterable[Query[Any]]) -> None:
        self.asking = asking
        """The flow's queries."""
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


class Memory:
    """What the engine remembers between commands: folded streams and the catalog, both checked against the store.

    `ask` says what a flow's queries come to in terms of the store, `answered` answers them. Nothing is remembered of a
    snapshot that may still be undone; and since such a one, or one that a host's transaction has held for a while, may be
    of another time than what is remembered, what does not fit is asked again without it.

    Shared by threads without a lock: every entry is an immutable pair, replaced whole, and one that is lost or older
    than it might be is folded again.
    """

    def __init__(self, most: int = STREAMS_KEPT) -> None:
        """Keep at most `most` streams: those used last, in two halves of which the older is dropped as a whole."""
        self._half = max(most // 2, 1)
        self._young: dict[Stream, tuple[int, object]] = {}
        self._old: dict[Stream, tuple[int, object]] = {}
        self.catalog = Catalog()
        self.alone = False
        """Whether no other process writes to the store: then a stream is as it is remembered, and worth a dare."""

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

    def ask(
        self, queries: Iterable[Query[Any]], dared: set[str] | None = None, *, afresh: bool = False
    ) -> Asked:  # fmt: skip
        """What the store is asked for a flow's queries; with `dared` less, and what was not asked is noted there.

        `afresh`: as if nothing were remembered.
        """
        asked = Asked(queries)
        for query in queries:
            if isinstance(query, ReadState):
                known = _UNKNOWN if afresh else self.get(query.stream)
                if dared is not None and self.alone and known[0]:
                    dared.add(query.stream)
                    asked.answers[id(query)] = Loaded(known[1], known[0])
                    continue
                ask = ReadStream(query.stream, known[0])
                asked.states.append((query, ask, known))
                asked.queries.append(ask)
            elif isinstance(query, ReadCatalog):
                view = self.catalog.view
                if dared is not None and view is not None and view.has(query.skus):
                    dared.add(REVISION)
                    asked.answers[id(query)] = view
                    continue
                self._ask_catalog(query, asked, afresh=afresh)
            else:
                asked.queries.append(query)
        return asked

    def _ask_catalog(self, query: ReadCatalog, asked: Asked, *, afresh: bool) -> None:
        known = self.catalog
        locations = None
        if afresh or known.revision < 0:
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

    def answered(self, asked: Asked, snapshot: Snapshot) -> Snapshot | Asked:
        """The snapshot with the flow's queries answered; or what must be asked, if it does not fit what is remembered."""
        answers = snapshot.answers
        answers.update(asked.answers)
        for query, known, wanted, locations in asked.catalogs:
            revision = snapshot.of(_REVISION)
            if locations is None and revision != known.revision:
                if snapshot.settled:
                    self.catalog = Catalog()
                return self.ask(asked.asking, afresh=True)
            answers[id(query)] = self._catalog(known, revision, wanted, locations, snapshot)
        for state, ask, (version, remembered) in asked.states:
            head = snapshot.of(ask)
            if head.archived:
                self.forget(ask.stream)
                raise away(ask.stream, head.archived)
            if head.version == version:
                answers[id(state)] = Loaded(remembered, version)
            elif head.version > version:
                answers[id(state)] = self._fold(state, head, remembered, snapshot)
            else:
                # A transaction of the host began before what is remembered, or a backup was restored.
                return self.ask(asked.asking, afresh=True)
        return snapshot

    def _fold(self, query: ReadState[Any], head: Head, state: object, snapshot: Snapshot) -> Loaded[Any]:
        state = query.folder.fold(state, head.events, query.stream)
        if snapshot.settled:
            self.put(query.stream, head.version, state)
        return Loaded(state, head.version)

    def _catalog(
        self, known: Catalog, revision: int, wanted: Iterable[tuple[Sku, ReadDocument]],
        locations: ReadDocuments | None, snapshot: Snapshot,
    ) -> CatalogView:  # fmt: skip
        # Of a revision that is remembered there is one content only, so what is read of it may be added, settled or not:
        # whoever changes the catalog holds its counter until the end of the transaction.
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
            if snapshot.settled:
                self.catalog = known
        if known.view is None:
            known.view = CatalogView(revision, known.items, known.locations, known.sites)
        return known.view

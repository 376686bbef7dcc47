"""The codec of stores: events, documents and commands as JSON under registered names and versions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from ordercore.codec.leaves import STORE_READERS, STORE_WRITERS
from ordercore.codec.shape import shape_of
from ordercore.codec.strict_json import Problems
from ordercore.codec.text import JsonText, best
from ordercore.errors import BrokenRule, ConfigurationError, Corrupted, UnknownEvent, did_you_mean
from ordercore.message import Command, DocumentType, Event, EventType, Fields

AREAS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("catalog", "item", "location"), "ordercore.catalog.events"),
    **dict.fromkeys(
        ("adjustment", "count", "opening", "receipt", "reservation", "stock", "transfer"), "ordercore.stock.events"
    ),
    "alert": "ordercore.alerts.events",
    "effect": "ordercore.effects.events",
    **dict.fromkeys(("purchase", "supplier", "supply"), "ordercore.supply.events"),
    "intake": "ordercore.intake.events",
    "notifier": "ordercore.notices.events",
    **dict.fromkeys(("erasure", "manifest", "order"), "ordercore.order.events"),
    "archive": "ordercore.store.archived",
    "copy": "ordercore.store.copying",
    "projection": "ordercore.projection",
}
"""First word of a name -> the module that lists it in EVENTS or DOCUMENTS; loaded when such a name is first met."""
_MODULES: Final = frozenset(AREAS.values())

ALGORITHM: Final = b"1"
"""Of fingerprints: 16 bytes of BLAKE2b over the command's class name and its fields that are not at their default."""
_DIGEST: Final = blake2b(digest_size=16)

Write = Callable[[Any], Any]
Read = Callable[..., Any]


class Codec:
    """Implements `store.EventCodec`. One per kernel; threads may share it.

    Plugins add their own with `register`; the areas of the core are found by name.
    """

    def __init__(self, text: JsonText | None = None) -> None:
        """`text` is the JSON library to use; by default the fastest that is installed."""
        self._text = text or best()
        self._events: dict[str, EventType] = {}
        self._documents: dict[str, DocumentType] = {}
        self._names: dict[type[object], EventType | DocumentType] = {}
        self._writers: dict[type[object], tuple[str, int, Write]] = {}
        self._readers: dict[tuple[object, object], Read] = {}
        self._document_writers: dict[type[object], tuple[str, Write]] = {}
        self._commands: dict[type[object], tuple[str, Write]] = {}
        self._loaded: set[str] = set()

    def register(self, *types: EventType | DocumentType) -> None:
        """Add events and documents. Raises ConfigurationError when a name or a class is taken already."""
        for kind in types:
            book: dict[str, Any] = self._events if isinstance(kind, EventType) else self._documents
            if book.get(kind.name, kind) != kind or self._names.get(kind.cls, kind) != kind:
                raise ConfigurationError(
                    f"{kind.name!r} or {kind.cls.__name__} is registered twice.",
                    name=kind.name, hint="A stored name stands for one class, for good.",
                )  # fmt: skip
            if isinstance(kind, EventType) and set(kind.upcasters) != set(range(1, kind.version)):
                raise ConfigurationError(
                    f"{kind.name!r} version {kind.version} needs one upcaster for each version before it.",
                    name=kind.name,
                    hint="upcasters[n] makes the fields of version n + 1 from those of version n.",
                )
            book[kind.name] = kind
            self._names[kind.cls] = kind

    def events(self) -> tuple[EventType, ...]:
        """Every registered event, by name; loads all areas."""
        self._load_areas()
        return tuple(self._events[name] for name in sorted(self._events))

    def documents(self) -> tuple[DocumentType, ...]:
        """Every registered document, by name; loads all areas."""
        self._load_areas()
        return tuple(self._documents[name] for name in sorted(self._documents))

    def name_of(self, cls: type[Event]) -> str:
        """The name an event is stored under. Raises BrokenRule for one that is not registered."""
        return (self._writers.get(cls) or self._event_writer(cls))[0]

    def dump_events(self, events: Sequence[Event]) -> str:
        """`[[name, version, {fields}], ...]`. Raises BrokenRule for an event that is not registered or not exact."""
        rows = []
        for event in events:
            cls = event.__class__
            name, version, write = self._writers.get(cls) or self._event_writer(cls)
            rows.append((name, version, write(event)))
        return self._text.encode(rows).decode()

    def load_events(self, text: str) -> tuple[Event, ...]:
        """Back, through upcasters. Raises Corrupted for text that does not read, UnknownEvent for an unknown name."""
        rows = self._text.decode(text)
        if not isinstance(rows, list):
            raise Corrupted("Stored events are not an array.")
        return tuple([self._load_event(row) for row in rows])

    def _load_event(self, row: Any) -> Any:
        try:
            name, version, fields = row
            read = self._readers.get((name, version)) or self._event_reader(name, version)
        except (TypeError, ValueError) as error:
            raise Corrupted("A stored event is not a name, a version and fields.") from error
        return read(fields)

    def dump_document(self, body: object) -> str:
        """`[name, {fields}]`. Raises BrokenRule for a body that is not registered or not exact."""
        cls = body.__class__
        name, write = self._document_writers.get(cls) or self._document_writer(cls)
        return self._text.encode((name, write(body))).decode()

    def load_document(self, text: str) -> object:
        """Back. Raises Corrupted for text that does not read or a name that is not registered."""
        pair = self._text.decode(text)
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str)):
            raise Corrupted("A stored document is not a name and its fields.")
        name, fields = pair
        return (self._readers.get((name, None)) or self._document_reader(name))(fields)

    def fingerprint(self, command: Command[Any]) -> bytes:
        """The same for equal commands in every process and release, whichever JSON library is installed."""
        cls = command.__class__
        name, write = self._commands.get(cls) or self._command_writer(cls)
        digest = _DIGEST.copy()
        digest.update(self._text.encode((name, write(command))))
        return ALGORITHM + digest.digest()

    def _event_writer(self, cls: type[object]) -> tuple[str, int, Write]:
        kind = self._registered(cls)
        if not isinstance(kind, EventType):
            raise _not_registered(cls, "event", self._events)
        entry = self._writers[cls] = (kind.name, kind.version, _write_hook(cls))
        return entry

    def _document_writer(self, cls: type[object]) -> tuple[str, Write]:
        kind = self._registered(cls)
        if not isinstance(kind, DocumentType):
            raise _not_registered(cls, "document", self._documents)
        entry = self._document_writers[cls] = (kind.name, _write_hook(cls))
        return entry

    def _command_writer(self, cls: type[object]) -> tuple[str, Write]:
        entry = self._commands[cls] = (cls.__name__, _write_hook(cls))
        return entry

    def _registered(self, cls: type[object]) -> EventType | DocumentType | None:
        if cls not in self._names:
            # Its own package first: an importer of one area needs no other.
            self._load(f"{cls.__module__.rpartition('.')[0]}.events")
        if cls not in self._names:
            self._load_areas()
        return self._names.get(cls)

    def _event_reader(self, name: str, version: int) -> Read:
        kind = self._find(self._events, name)
        if kind is None:
            raise UnknownEvent(
                f"There is no event {name!r:.80} in this release or its plugins.",
                name=str(name)[:64], hint=did_you_mean(str(name)[:64], self._events),
            )  # fmt: skip
        if type(version) is not int or not 1 <= version <= kind.version:
            raise UnknownEvent(
                f"Event {name!r} has version {version!r:.20}; this release knows up to {kind.version}.",
                name=name, hint="It was written by a newer release: update this one.",
            )  # fmt: skip
        steps = [kind.upcasters[n] for n in range(version, kind.version)]
        read = self._readers[name, version] = _read_hook(name, kind.cls, steps)
        return read

    def _document_reader(self, name: str) -> Read:
        kind = self._find(self._documents, name)
        if kind is None:
            hint = did_you_mean(name[:64], self._documents)
            raise Corrupted(
                f"There is no document {name!r:.80} in this release or its plugins.", where=name[:64], hint=hint
            )
        read = self._readers[name, None] = _read_hook(name, kind.cls)
        return read

    def _find(self, book: Mapping[str, Any], name: object) -> Any:
        if name not in book and isinstance(name, str):
            self._load(AREAS.get(name.partition(".")[0], ""))
        if name not in book:
            self._load_areas()
        return book.get(name) if isinstance(name, str) else None

    def _load_areas(self) -> None:
        for module in sorted(_MODULES):
            self._load(module)

    def _load(self, module: str) -> None:
        if module not in _MODULES or module in self._loaded or not _exists(module):
            return
        found = import_module(module)
        listed: Iterable[EventType | DocumentType] = (*getattr(found, "EVENTS", ()), *getattr(found, "DOCUMENTS", ()))
        self.register(*listed)
        self._loaded.add(module)


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@cache
def _writer() -> Any:
    # cattrs takes a tenth of a second to import, and a store in memory never needs it.
    from ordercore.codec.writing import writer

    return writer(STORE_WRITERS, rows_as_arrays=True)


@cache
def _reader(*, detailed: bool = False) -> Any:
    from ordercore.codec.reading import reader

    return reader(STORE_READERS, rows_as_arrays=True, detailed=detailed)


def _write_hook(cls: type[object]) -> Write:
    hook: Write = _writer().get_unstructure_hook(shape_of(cls))
    return hook


def _read_hook(name: str, cls: type[object], steps: Sequence[Callable[[Fields], Fields]] = ()) -> Read:
    hook = _reader().get_structure_hook(shape_of(cls))

    def read(fields: Any) -> object:
        try:
            for step in steps:
                fields = step(fields)
            return hook(fields, None)
        except Exception as error:
            raise _corrupted(name, cls, fields, error) from error

    return read


def _corrupted(name: str, cls: type[object], fields: object, error: Exception) -> Corrupted:
    """Read once more, slowly, to say what is wrong and where."""
    problems = Problems()
    try:
        _reader(detailed=True).get_structure_hook(shape_of(cls))(fields, None)
    except Exception as detailed:  # noqa: BLE001  # whatever a class raises
        from ordercore.codec.problems import tell

        tell(detailed, None, problems)
    code, path, message = next(iter(problems.found), ("refused", "$", type(error).__name__))
    return Corrupted(f"Stored {name} does not read: {path}: {message}", where=f"{name} {path}", problem=code)


def _not_registered(cls: type[object], kind: str, known: Iterable[str]) -> BrokenRule:
    return BrokenRule(
        f"{cls.__name__} is not a registered {kind}.",
        type=cls.__name__, hint=f"List it in {kind.upper()}S of its area, or register it. " + did_you_mean(cls.__name__, known),
    )  # fmt: skip

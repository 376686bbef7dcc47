"""Documents with one thing changed: every member of a JSON document and every cell of a table, by everything odd."""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

from attrs import evolve

from ordercore.testing.channel_rules.sample import Document

How = Literal["odd", "extra", "twice"]


class Variant(NamedTuple):
    """What was changed; how (`odd` anything, `extra` a member nobody knows, `twice` a name twice); the document."""

    name: str
    how: How
    document: Document


ODD: Final[tuple[Any, ...]] = (
    None, True, 0, -1, 7.5, 10**30, "", " ", "x", "-1.00", "1E+400", "NaN", "\u202e", "X" * 300, [], {}, [[]], [None],
    {"id": []},
)  # fmt: skip
"""What stands in a member instead of what should."""
ODD_CELLS: Final = ("", " ", "x", "-1", "0", "1E+400", "NaN", "1,5", "\u202e", '"', "X" * 300, "\0", "9" * 5_000)

DEEP: Final = 100_000


def is_json(document: Document) -> bool:
    """Whether the suite can take it apart as JSON."""
    return document.media_type.partition(";")[0].endswith("json")


def is_table(document: Document) -> bool:
    """Whether the suite can take it apart as a table."""
    return document.media_type.partition(";")[0] in ("text/csv", "text/tab-separated-values")


def variants_of(document: Document) -> Iterator[Variant]:
    """All there are; none for a media type that the suite cannot take apart."""
    if is_json(document):
        yield from _of_json(document)
    elif is_table(document):
        yield from _of_table(document)


def hostile(document: Document) -> Iterator[tuple[str, Document]]:
    """Bodies that were made to hurt: nothing, noise, nesting, digits and entities without end."""
    bodies: dict[str, bytes] = {
        "nothing": b"", "blanks": b" " * 1_000_000, "zeros": b"\0" * 100_000, "noise": bytes(range(256)) * 400,
        "one long word": b"a" * 1_000_000, "lists in lists": b"[" * DEEP, "objects in objects": b'{"a":' * DEEP,
        "many digits": b'{"id": ' + b"9" * 200_000 + b"}", "a giant exponent": b'{"id": 1E+1000000}',
        "not a number": b'{"id": NaN}', "half a character": b'{"id": "\\ud800"}', "a null": b"null", "quotes": b'"' * 9_999,
        "line breaks": b"\r\n" * 100_000,
        "entities of entities": b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "' + b"&a;" * 1000
        + b'"><!ENTITY c "' + b"&b;" * 1000 + b'">]><x>&c;</x>',
    }  # fmt: skip
    for name, body in bodies.items():
        yield name, evolve(document, body=body)


def _of_json(document: Document) -> Iterator[Variant]:
    whole = json.loads(document.body, parse_float=Decimal)
    for path in _paths(whole):
        name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".") or "$"
        for odd in ODD:
            yield Variant(f"{name} = {str(odd)[:20]!r}", "odd", _json(document, _put(whole, path, odd)))
        if path and isinstance(path[-1], str):
            yield Variant(f"without {name}", "odd", _json(document, _without(whole, path)))
        found = _get(whole, path)
        if isinstance(found, dict) and found:
            more = {**found, "x_unheard_of": {"deep": [1, None, "x"]}}
            yield Variant(f"{name} with a member nobody knows", "extra", _json(document, _put(whole, path, more)))
            first = next(iter(found))
            yield Variant(f"{name} with {first} twice", "twice", _twice(document, whole, path, first))


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from _paths(member, (*path, key))


def _get(value: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        value = value[step]
    return value


def _put(value: Any, path: Sequence[str | int], new: Any) -> Any:
    if not path:
        return new
    changed = copy.deepcopy(value)
    _get(changed, path[:-1])[path[-1]] = new
    return changed


def _without(value: Any, path: Sequence[str | int]) -> Any:
    changed = copy.deepcopy(value)
    del _get(changed, path[:-1])[path[-1]]
    return changed


def _json(document: Document, value: Any) -> Document:
    return evolve(document, body=_dumped(value).encode("utf-8", "surrogatepass"))


def _dumped(value: Any) -> str:
    return json.dumps(value, default=lambda number: float(number) if isinstance(number, Decimal) else str(number))


def _twice(document: Document, whole: Any, path: Sequence[str | int], first: str) -> Document:
    mark = "x_this_is_where_it_goes"
    found = _get(whole, path)
    text = _dumped(_put(whole, path, {mark: 0, **found}))
    again = f"{json.dumps(first)}: {_dumped(found[first])}"
    return evolve(document, body=text.replace(f'"{mark}": 0', again, 1).encode())


def _of_table(document: Document) -> Iterator[Variant]:
    text = document.body.decode("utf-8-sig")
    dialect = csv.Sniffer().sniff(text, delimiters=",;\t|")
    table = list(csv.reader(io.StringIO(text), dialect))
    head, *lines = table

    def written(rows: Sequence[Sequence[str]]) -> Document:
        out = io.StringIO()
        csv.writer(out, delimiter=dialect.delimiter, lineterminator="\n").writerows(rows)
        return evolve(document, body=out.getvalue().encode())

    for n, row in enumerate(lines):
        for column, name in enumerate(head):
            for odd in ODD_CELLS:
                changed = [*row[:column], odd, *row[column + 1 :]]
                yield Variant(
                    f"row {n + 2}, column {name} = {odd[:20]!r}",
                    "odd",
                    written([head, *lines[:n], changed, *lines[n + 1 :]]),
                )
        for name, changed in (("a cell more", [*row, "x"]), ("a cell less", row[:-1])):
            yield Variant(f"row {n + 2} with {name}", "odd", written([head, *lines[:n], changed, *lines[n + 1 :]]))
    for column, name in enumerate(head):
        yield Variant(f"without column {name}", "odd", written([_drop(row, column) for row in table]))
    more = [[*row, "x unheard of" if n == 0 else "x"] for n, row in enumerate(table)]
    yield Variant("a column nobody knows", "extra", written(more))
    yield Variant(f"column {head[0]} twice", "twice", written([[*row, row[0]] for row in table]))


def _drop(row: Sequence[str], column: int) -> list[str]:
    return [*row[:column], *row[column + 1 :]]

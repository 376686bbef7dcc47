"""The last events of a kernel as text: what a failing test shows of how it came to that."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from ordercore.message import Recorded

if TYPE_CHECKING:
    from ordercore.kernel import Kernel

MOST: Final = 12
"""Events that are shown unless the ini option or the command line says otherwise."""
WIDTH: Final = 140
PAGE: Final = 1_000


def sections(found: Mapping[str, Any], most: int) -> Iterator[tuple[str, str]]:
    """A title and a text for each kernel among the values (the fixtures of a test); kernels without events, none."""
    kernel = sys.modules.get("ordercore.kernel")
    for name, value in found.items():
        if kernel is not None and isinstance(value, kernel.Kernel):
            try:
                length, last = tail(value, most)
            except Exception as error:  # noqa: BLE001  # whatever it is, the failure of the test is what counts
                yield f"events of {name}", f"The log cannot be read: {type(error).__name__}."
                continue
            if last:
                shown = f"the last {len(last)} of {length}" if length > len(last) else f"all {length}"
                yield f"events of {name} ({shown})", "\n".join(last)


def tail(kernel: Kernel, most: int) -> tuple[int, list[str]]:
    """How many events there are, and the last ones as lines."""
    length, last, cursor = 0, deque[Recorded](maxlen=most), None
    while (page := kernel.log(cursor, limit=PAGE)).records:
        length += len(page.records)
        last.extend(page.records)
        cursor = page.cursor
    return length, [line_of(record) for record in last]


def line_of(record: Recorded) -> str:
    """Time, stream with version, event, and what it says in short, on one line."""
    facts = " ".join(f"{name}={said}" for name, value in _fields(record.event) if (said := _short(value)))
    text = f"{record.recorded_at:%Y-%m-%d %H:%M:%S}  {record.stream} v{record.version}  {type(record.event).__name__} {facts}"
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."


def _fields(said: object) -> Iterator[tuple[str, Any]]:
    for one in getattr(type(said), "__attrs_attrs__", ()):
        value = getattr(said, one.name)
        if value != one.default:
            yield one.name, value


def _short(value: Any) -> str:
    """Empty for what is empty; units of goods by SKU, other tuples by their length, values by their first letters."""
    match value:
        case None | "" | () | False:
            return ""
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%S}"
        case tuple() if all(hasattr(one, "sku") and hasattr(one, "quantity") for one in value):
            goods = [f"{one.sku} x{one.quantity}" for one in value[:4]]
            return f"[{', '.join(goods)}{', ...' if len(value) > 4 else ''}]"
        case tuple() | list() | Mapping() if not hasattr(value, "_fields"):
            return f"({len(value)})"
        case str() | int():
            return str(value)[:40]
        case _ if hasattr(type(value), "__attrs_attrs__"):
            said = (_short(one) for _, one in _fields(value))
            return f"{type(value).__name__}({', '.join(islice(filter(None, said), 3))})"
        case _:
            return repr(value)[:60]

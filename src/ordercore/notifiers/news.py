"""What an event says to people: a title, lines of text and plain facts, for any event there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import singledispatch
from typing import Any, Final, TypeVar

import attrs

from ordercore.message import Event
from ordercore.ports import Notice

Fact = str | int | bool | None
T = TypeVar("T")

NOT_TOLD: Final = frozenset(("attributes", "customer", "destination", "note", "person", "text"))
"""Fields that stand in no notice: references to people, and what people wrote, or carriers of who took a parcel in.

Nor does a field with `repr=False`."""

_CUT: Final = 200
_LINES_MOST: Final = 40


def notice_of(event: Event, *, id: str, kind: str, stream: str, version: int, occurred_at: datetime) -> Notice:
    """The news that an event is. `kind` is its stored name. Pure: the same event always gives an equal notice."""
    text = tuple(cut(line) for line in _by_rule(lines_of, event, _facts_as_lines))
    if len(text) > _LINES_MOST:
        text = (*text[: _LINES_MOST - 1], f"... and {len(text) - _LINES_MOST + 1} more")
    title = _by_rule(title_of, event, lambda _: "") or _words(kind.partition(".")[2] or kind)
    return Notice(
        id=id, kind=kind, subject=stream, title=cut(f"{_name(stream)}: {title}"), text=text,
        facts=_by_rule(facts_of, event, plain_facts),
        occurred_at=occurred_at, sequence=version,
    )  # fmt: skip


@singledispatch
def title_of(event: Event) -> str:
    """What happened, in a few words; by default (empty) the words of the event's name.

    Say it for your own events with `@title_of.register`.
    """
    return ""


@singledispatch
def lines_of(event: Event) -> Iterable[str]:
    """The text, line by line; by default one line for each fact. Say it for your own events with `@lines_of.register`."""
    return _facts_as_lines(event)


def _facts_as_lines(event: Event) -> list[str]:
    return [f"{_words(name)}: {_shown(value)}" for name, value in facts_of(event).items() if value not in ("", None)]


def _by_rule(rule: Callable[[Event], T], event: Event, otherwise: Callable[[Event], T]) -> T:
    """What a rule says. One that fails must not keep the news from being told."""
    try:
        return rule(event)
    except Exception:  # noqa: BLE001  # rules are plugins' as well
        return otherwise(event)


@singledispatch
def facts_of(event: Event) -> Mapping[str, Fact]:
    """What the text was made from, as plain values; by default `plain_facts`.

    Say it for your own events with `@facts_of.register`.
    """
    return plain_facts(event)


def plain_facts(event: Event) -> dict[str, Fact]:
    """The fields of an event that are plain values, and how many units of which SKUs it is about."""
    facts: dict[str, Fact] = {}
    kind: type[Any] = type(event)
    for one in attrs.fields(kind):
        if one.repr is False or one.name in NOT_TOLD:
            continue
        value = getattr(event, one.name)
        if isinstance(value, tuple):
            facts |= _sums(one.name, value)
        elif (plain := _plain(value)) is not _NONE:
            facts[one.name] = plain
    return facts


_NONE: Final[Any] = object()


def _plain(value: object) -> Fact:
    if isinstance(value, str):
        return cut(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return _NONE  # type: ignore[no-any-return]  # a marker


def _sums(name: str, parts: tuple[Any, ...]) -> dict[str, Fact]:
    """Of a field that holds lines: their number, their units, and their SKUs if those are few."""
    if all(isinstance(part, str) for part in parts):
        return {name: cut(", ".join(parts))}
    sums: dict[str, Fact] = {name: len(parts)}
    units = [part.quantity for part in parts if isinstance(getattr(part, "quantity", None), int)]
    if units:
        sums[f"{name}_units"] = sum(units)
    skus = dict.fromkeys(part.sku for part in parts if isinstance(getattr(part, "sku", None), str))
    if skus:
        sums[f"{name}_skus"] = cut(", ".join(skus))
    return sums


def cut(text: str) -> str:
    """At most 200 characters, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _CUT else line[: _CUT - 1] + "…"


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", " ")


def _name(stream: str) -> str:
    area, _, id = stream.partition("/")
    return f"{_words(area).capitalize()} {id}"


def _shown(value: Fact) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)

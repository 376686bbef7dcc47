"""The edge: commands from plain values and back, strictly, with every problem and its path.

Nothing is guessed: "3" is not an int, 1.9 and true neither; an unknown key is a typing error, not an extra.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final, TypeVar, cast

from ordercore.codec.compiled import EXACT_IN_UNION, TAG, Writer
from ordercore.codec.leaves import LEAST, MOST, WRITERS, parse_bytes, parse_fraction, parse_instant
from ordercore.codec.shape import (
    DECIMAL,
    LEAVES,
    Choice,
    Fixed,
    JsonKind,
    Leaf,
    Many,
    Member,
    Record,
    Scalar,
    Shape,
    Table,
    Union,
    json_kind,
    members_of,
    shape_of,
)
from ordercore.codec.strict_json import MAX_BYTES, MAX_DEPTH, Path, Problems, is_clean, parse_json
from ordercore.errors import BrokenRule, InvalidCommand, Rejected, did_you_mean
from ordercore.values import decimal_of

T = TypeVar("T")

REFUSED: Final = object()
"""What a value becomes whose problem was noted."""

_FOUND: Final[Mapping[type, str]] = {
    type(None): "null", bool: "a truth value", int: "an integer", float: "a float", Decimal: "a fractional number",
    str: "text", list: "an array", tuple: "an array", dict: "an object", datetime: "an instant", date: "a day",
}  # fmt: skip
_WANTED: Final[Mapping[Leaf, str]] = {
    "str": "text", "int": "an integer", "bool": "true or false", "none": "null",
    "decimal": 'a decimal as text, such as "12.50"', "fraction": 'a fraction as text, such as "3/4"',
    "datetime": "an instant with a time zone, such as 2026-11-22T10:15:00Z", "date": "a day, such as 2026-11-22",
    "bytes": "base 64 text",
}  # fmt: skip
_JSON_KINDS: Final[Mapping[type, JsonKind]] = {
    bool: "boolean", int: "integer", list: "array", tuple: "array", datetime: "string", date: "string",
}  # fmt: skip
_PARSE: Final[Mapping[Leaf, Callable[[str], object]]] = {
    "fraction": parse_fraction,
    "datetime": parse_instant,
    "date": date.fromisoformat,
    "bytes": parse_bytes,
}


def load(cls: type[T], data: object) -> T:
    """A `cls` from plain values (dicts, lists, text, ints, Decimals). Raises InvalidInput listing every problem."""
    problems = Problems()
    value = _load(shape_of(cls), data, None, problems)
    problems.raise_if_any()
    return cast(T, value)


def load_json(cls: type[T], raw: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> T:
    """A `cls` from a JSON document of bounded size and depth. Raises InvalidInput."""
    return load(cls, parse_json(raw, max_bytes=max_bytes, max_depth=max_depth))


def _load(shape: Shape, data: object, path: Path, problems: Problems) -> object:
    match shape:
        case Scalar(leaf):
            return _leaf(leaf, data, path, problems)
        case Choice(values):
            return _choice(values, data, path, problems)
        case Many() | Fixed():
            return _sequence(shape, data, path, problems)
        case Table(value):
            return _table(value, data, path, problems)
        case Record(cls):
            return _record(cls, data, path, problems)
        case Union():
            return _union(shape, data, path, problems)


def _wrong(wanted: str, data: object, path: Path, problems: Problems, *, hint: str = "") -> object:
    found = _FOUND.get(type(data), type(data).__name__)
    problems.add("wrong_type", path, f"Expected {wanted}, found {found}." + (f" {hint}" if hint else ""))
    return REFUSED


def _leaf(leaf: Leaf, data: object, path: Path, problems: Problems) -> object:
    kind = type(data)
    match leaf:
        case "str" if kind is str:
            return _text(cast(str, data), path, problems)
        case "int" if kind is int:
            if LEAST <= cast(int, data) <= MOST:
                return data
            problems.add("out_of_range", path, "An integer has at most 64 bits.")
            return REFUSED
        case "bool" if kind is bool:
            return data
        case "none" if data is None:
            return data
        case "decimal":
            return _decimal(data, path, problems)
        case "datetime" if isinstance(data, datetime) and data.tzinfo is not None:
            return data if data.tzinfo is UTC else data.astimezone(UTC)
        case "date" if kind is date:
            return data
        case "fraction" | "datetime" | "date" | "bytes" if kind is str:
            try:
                return _PARSE[leaf](cast(str, data))
            except ValueError:
                problems.add("wrong_format", path, f"Expected {_WANTED[leaf]}.")
                return REFUSED
    hint = "Write it without quotes." if leaf in ("int", "bool") and kind is str else ""
    return _wrong(_WANTED[leaf], data, path, problems, hint=hint)


def _text(data: str, path: Path, problems: Problems) -> object:
    if is_clean(data):
        return data
    problems.add("lone_surrogate", path, "Text has half of a surrogate pair.")
    return REFUSED


def _decimal(data: object, path: Path, problems: Problems) -> object:
    if not isinstance(data, str | Decimal):
        hint = "A number loses digits on its way." if isinstance(data, int | float) else ""
        return _wrong(_WANTED["decimal"], data, path, problems, hint=hint)
    try:
        return decimal_of(data, what="Number")
    except InvalidCommand:
        problems.add("wrong_format", path, "Expected plain ASCII digits with at most one point, 24 on either side.")
        return REFUSED


def _choice(values: Mapping[str | int, object], data: object, path: Path, problems: Problems) -> object:
    if type(data) in (str, int) and data in values:
        return values[cast(str, data)]
    listed = ", ".join(repr(value) for value in values)
    near = did_you_mean(data[:64], [str(value) for value in values]) if isinstance(data, str) else ""
    problems.add("not_a_choice", path, f"Expected one of {listed}." + (f" {near}" if near else ""))
    return REFUSED


def _sequence(shape: Many | Fixed, data: object, path: Path, problems: Problems) -> object:
    if not isinstance(data, list | tuple):
        return _wrong("an array", data, path, problems)
    if isinstance(shape, Many):
        items = [_load(shape.item, item, (path, n), problems) for n, item in enumerate(data)]
        return REFUSED if REFUSED in items else shape.kind(items)
    if len(data) != len(shape.items):
        problems.add("wrong_length", path, f"Expected {len(shape.items)} items, found {len(data)}.")
        return REFUSED
    each = zip(shape.items, data, strict=True)
    fixed = tuple(_load(item, value, (path, n), problems) for n, (item, value) in enumerate(each))
    return REFUSED if REFUSED in fixed else fixed


def _table(value: Shape, data: object, path: Path, problems: Problems) -> object:
    if not isinstance(data, dict):
        return _wrong("an object", data, path, problems)
    loaded: dict[str, object] = {}
    for key, item in data.items():
        if type(key) is not str or not is_clean(key):
            problems.add("wrong_type", path, "A key is not clean text.")
            return REFUSED
        loaded[key] = _load(value, item, (path, key), problems)
    return REFUSED if REFUSED in loaded.values() else loaded


def _record(cls: type[object], data: object, path: Path, problems: Problems) -> object:
    if not isinstance(data, dict):
        return _wrong(f"an object ({cls.__name__})", data, path, problems)
    members = members_of(cls)
    given: dict[str, object] = {}
    for member in members:
        if member.key in data:
            given[member.key] = _load(member.shape, data[member.key], (path, member.key), problems)
        elif member.required:
            problems.add("missing_field", (path, member.key), "Required.")
            given[member.key] = REFUSED
    unknown = _unknown_keys(members, data, path, problems)
    if unknown or REFUSED in given.values():
        return REFUSED
    return _construct(cls, given, path, problems)


def _unknown_keys(members: tuple[Member, ...], data: Mapping[object, object], path: Path, problems: Problems) -> bool:
    allowed = {member.key for member in members}
    unknown = [key for key in data if key not in allowed]
    for key in unknown:
        text = str(key)[:64]
        problems.add("unknown_field", (path, text), f"There is no such field. {did_you_mean(text, allowed)}".rstrip())
    return bool(unknown)


def _construct(cls: type[object], given: Mapping[str, object], path: Path, problems: Problems) -> object:
    try:
        return cls(**given)
    except Rejected as refusal:
        problems.add(refusal.code, path, f"{refusal.message} {refusal.hint}".rstrip())
    except (TypeError, ValueError) as error:
        # Such a message may quote the value.
        problems.add("refused", path, f"{cls.__name__} cannot be made of this ({type(error).__name__}).")
    return REFUSED


def _union(shape: Union, data: object, path: Path, problems: Problems) -> object:
    member = _member_for(shape, data)
    if isinstance(member, Scalar) and isinstance(data, dict):
        return _leaf(member.leaf, data[member.leaf], (path, member.leaf), problems)
    if isinstance(member, Record) and isinstance(data, dict) and shape.tagged:
        data = {key: value for key, value in data.items() if key != TAG}
    if member is not None:
        return _load(member, data, path, problems)
    return _wrong(" or ".join(_wanted(item) for item in shape.members), data, path, problems)


def _member_for(shape: Union, data: object) -> Shape | None:
    """The member of a union that a value is meant for, by its JSON type."""
    if isinstance(data, dict):
        return _object_for(shape, data)
    if isinstance(data, Decimal):
        return DECIMAL if DECIMAL in shape.members else None
    kinds: dict[JsonKind, Shape] = {
        json_kind(member): member for member in shape.members if not isinstance(member, Record)
    }
    if data is None:
        return kinds.get("null")
    if isinstance(data, str):
        exact = [member for member in shape.members if member in EXACT_IN_UNION]
        plain = [m for m in shape.members if json_kind(m) == "string" and m not in EXACT_IN_UNION]
        return next(iter((*plain, *exact)), None)
    kind = _JSON_KINDS.get(type(data))
    return kinds.get(kind) if kind else None


def _object_for(shape: Union, data: Mapping[str, object]) -> Shape | None:
    if len(data) == 1:
        for exact in EXACT_IN_UNION:
            if exact in shape.members and exact.leaf in data:
                return exact
    records = [member for member in shape.members if isinstance(member, Record)]
    if len(records) > 1 and TAG in data:
        return next((record for record in records if record.cls.__name__ == data[TAG]), None)
    if len(records) > 1:
        # Without a tag the fields may tell.
        records = [record for record in records if _fits(record.cls, data)] or records
    candidates: list[Shape] = [*records, *(member for member in shape.members if isinstance(member, Table))]
    return candidates[0] if candidates else None


def _fits(cls: type[object], data: Mapping[str, object]) -> bool:
    members = members_of(cls)
    return all(member.key in data for member in members if member.required) and data.keys() <= {m.key for m in members}


def _wanted(shape: Shape) -> str:
    match shape:
        case Scalar(leaf):
            return _WANTED[leaf]
        case Choice(values):
            return "one of " + ", ".join(repr(value) for value in values)
        case Record(cls):
            return f"an object ({cls.__name__})"
        case _:
            return "an array" if json_kind(shape) == "array" else "an object"


class _EdgeWriter(Writer):
    """For readers outside: a NamedTuple is an object, so that nobody has to count places."""

    rows_as_arrays = False


_writer: Final = _EdgeWriter()


def dump(value: object) -> Any:
    """Plain values (dict, list, str, int, bool, None) that `load` takes back; fields at their default are left out.

    Raises BrokenRule for a value that has no exact written form, such as a float.
    """
    leaf = LEAVES.get(type(value))
    if leaf in ("str", "bool", "none"):
        return value
    if leaf is not None:
        return WRITERS[leaf](value, "value")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {_key(key): dump(item) for key, item in sorted(value.items())}
    if isinstance(value, frozenset | set):
        return sorted(dump(item) for item in value)
    if isinstance(value, list) or type(value) is tuple:
        return [dump(item) for item in value]
    return _write(value)


def _key(key: object) -> str:
    return key if isinstance(key, str) else str(WRITERS["str"](key, "key"))


def _write(value: object) -> object:
    shape_of(type(value))
    try:
        return _writer.of(type(value))(value)
    except (TypeError, ValueError, AttributeError) as error:
        name = type(value).__name__
        raise BrokenRule(
            f"{name} cannot be written: a field is not of its type ({type(error).__name__}).", type=name
        ) from error

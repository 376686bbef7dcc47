"""The edge: commands from plain values and back, strictly, with every problem and its path.

Nothing is guessed: "3" is not an int, 1.9 and true neither; an unknown key is a typing error, not an extra.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final, TypeVar, cast

from ordercore.codec.leaves import LEAST, MOST, STORE_READERS, UNFIT, WANTED, WRITERS, Unfit, exactly, unfit
from ordercore.codec.shape import Leaf, shape_of
from ordercore.codec.strict_json import MAX_BYTES, MAX_DEPTH, Problems, is_clean, parse_json
from ordercore.errors import BrokenRule, InvalidCommand
from ordercore.values import decimal_of

T = TypeVar("T")


def load(cls: type[T], data: object) -> T:
    """A `cls` from plain values (dicts, lists, text, ints, Decimals). Raises InvalidInput listing every problem."""
    hook = _reader().get_structure_hook(shape_of(cls))
    problems = Problems()
    try:
        return cast(T, hook(data, None))
    except Exception as error:  # noqa: BLE001  # whatever a class raises
        from ordercore.codec.problems import tell

        tell(error, None, problems)
    raise problems.refusal()


def load_json(cls: type[T], raw: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> T:
    """A `cls` from a JSON document of bounded size and depth. Raises InvalidInput."""
    return load(cls, parse_json(raw, max_bytes=max_bytes, max_depth=max_depth))


def dump(value: object) -> Any:
    """Plain values (dict, list, str, int, bool, None) that `load` takes back; fields at their default are left out.

    A NamedTuple becomes an object, so that nobody outside has to count places.
    Raises BrokenRule for a value that has no exact written form, such as a float.
    """
    if isinstance(value, Mapping):
        return {_write(WRITERS["str"], key): dump(item) for key, item in sorted(value.items())}
    if isinstance(value, frozenset | set):
        return sorted(dump(item) for item in value)
    if isinstance(value, list) or type(value) is tuple:
        return [dump(item) for item in value]
    return _write(_writer().get_unstructure_hook(shape_of(type(value))), value)


def _write(hook: Callable[[Any], Any], value: object) -> Any:
    try:
        return hook(value)
    except UNFIT as error:
        name = type(value).__name__
        raise BrokenRule(f"{name} cannot be written ({type(error).__name__}).", type=name) from error


@cache
def _reader() -> Any:
    # cattrs takes a tenth of a second to import.
    from ordercore.codec.reading import reader

    return reader(_READERS, rows_as_arrays=False, detailed=True)


@cache
def _writer() -> Any:
    from ordercore.codec.writing import writer

    return writer(WRITERS, rows_as_arrays=False)


def _text(value: Any, _: object) -> object:
    if type(value) is not str:
        raise unfit(WANTED["str"], value)
    if not is_clean(value):
        raise Unfit("Text has half of a surrogate pair.", "lone_surrogate")
    return value


def _unquoted(leaf: Leaf) -> Callable[..., Any]:
    check = exactly(leaf)

    def read(value: Any, _: object) -> Any:
        if type(value) is str:
            raise unfit(WANTED[leaf], value, "Write it without quotes.")
        return check(value)

    return read


_whole: Final = _unquoted("int")


def _integer(value: Any, _: object) -> object:
    if not LEAST <= _whole(value, None) <= MOST:
        raise Unfit("An integer has at most 64 bits.", "out_of_range")
    return value


def _decimal(value: Any, _: object) -> object:
    if not isinstance(value, str | Decimal):
        hint = "A number loses digits on its way." if isinstance(value, int | float) else ""
        raise unfit(WANTED["decimal"], value, hint)
    try:
        return decimal_of(value, what="Number")
    except InvalidCommand:
        message = "Expected plain ASCII digits with at most one point, 24 on either side."
        raise Unfit(message, "wrong_format") from None


def _instant(value: Any, _: object) -> object:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    return STORE_READERS["datetime"](value, None)


def _day(value: Any, _: object) -> object:
    return value if type(value) is date else STORE_READERS["date"](value, None)


_READERS: Final[Mapping[Leaf, Callable[..., Any]]] = {
    **STORE_READERS, "str": _text, "int": _integer, "bool": _unquoted("bool"), "decimal": _decimal,
    "datetime": _instant, "date": _day,
}  # fmt: skip

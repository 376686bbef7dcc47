"""The column map: how a file is written and which of its columns mean what. Declared, never guessed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Final, cast
from zoneinfo import ZoneInfo

from attrs import field, frozen

from ordercore.errors import ConfigurationError, InvalidCommand, did_you_mean
from ordercore.values import country_of, exponent_of

REQUIRED: Final = ("order", "sku", "quantity")
OPTIONAL: Final = (
    "unit_price",
    "placed_at",
    "updated_at",
    "currency",
    "line",
    "unit",
    "title",
    "reference",
    "customer",
    "country",
    "name",
    "address",
    "address2",
    "city",
    "region",
    "postal_code",
    "phone",
    "email",
)
FIELDS: Final = (*REQUIRED, *OPTIONAL)
"""Everything that a column can mean."""

PERSONAL: Final = frozenset(
    ("customer", "name", "address", "address2", "city", "region", "postal_code", "phone", "email")
)
"""Columns whose text stands in no problem."""

_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "file": ("encoding", "delimiter", "quote", "decimal", "thousands", "time_zone", "date_format", "multiline"),
    "columns": FIELDS,
    "order": ("currency",),
    "lines": ("untracked", "unit"),
}
_FREE_TABLES: Final = ("countries", "history")
"""`countries` has names of the host's own; `history` is read by the import of past orders and by nobody else."""


@frozen
class ColumnMap:
    """How to read a file of order lines, one line per row, with one row of headers.

    `encoding` is a name that Python knows, of an encoding that has ASCII in it (not UTF-16). Numbers are ASCII digits
    with `decimal` and, if given, `thousands` in groups of three. `date_format` is `iso` or a format of `strptime`;
    times without an offset are of `time_zone`. `multiline`: quoted cells may have line breaks; without it, a quote
    that is open at the end of a line is an error of that line. `untracked` are patterns (`POST`, `FEE-*`) of SKUs
    that are charges and no goods. `countries` turns names into ISO 3166-1 codes.
    """

    encoding: str
    columns: Mapping[str, str]
    currency: str = ""
    delimiter: str = ","
    quote: str = '"'
    decimal: str = "."
    thousands: str = ""
    time_zone: str = ""
    date_format: str = "iso"
    multiline: bool = False
    untracked: tuple[str, ...] = ()
    unit: str = ""
    countries: Mapping[str, str] = field(factory=dict)

    @classmethod
    def from_toml(cls, text: str) -> ColumnMap:
        """From the text of a map file. Raises ConfigurationError that names what is wrong."""
        try:
            return cls.from_table(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"The column map is not TOML: {error}.", hint="Texts stand in quotes.") from None

    @classmethod
    def from_table(cls, table: Mapping[str, object]) -> ColumnMap:
        """From the tables of a map file. Raises ConfigurationError that names what is wrong."""
        _check_names(table)
        file, columns, order, lines = (_table(table, name) for name in _TABLES)
        untracked = lines.get("untracked", [])
        if not isinstance(untracked, list) or not all(isinstance(pattern, str) for pattern in untracked):
            raise _wrong("[lines] untracked is a list of patterns.")
        made = cls(
            encoding=_text(file, "file", "encoding"),
            columns={name: _text(columns, "columns", name) for name in columns},
            currency=_text(order, "order", "currency"),
            delimiter=_text(file, "file", "delimiter", ","),
            quote=_text(file, "file", "quote", '"'),
            decimal=_text(file, "file", "decimal", "."),
            thousands=_text(file, "file", "thousands"),
            time_zone=_text(file, "file", "time_zone"),
            date_format=_text(file, "file", "date_format", "iso"),
            multiline=file.get("multiline", False) is True,
            untracked=tuple(cast(list[str], untracked)),
            unit=_text(lines, "lines", "unit"),
            countries={name: str(code) for name, code in _table(table, "countries").items()},
        )
        made.check()
        return made

    def check(self) -> None:
        """Raise ConfigurationError for a map that cannot work."""
        check_form(self.encoding, self.delimiter, self.quote, decimal=self.decimal, thousands=self.thousands)
        missing = [name for name in REQUIRED if not self.columns.get(name)]
        if missing:
            raise _wrong(f"[columns] must say which column is {' and '.join(missing)}.")
        if not self.currency and "currency" not in self.columns:
            raise _wrong("Prices need a currency: set it in [order], or name its column.")
        try:
            for code in self.countries.values():
                country_of(code)
            if self.currency:
                exponent_of(self.currency)
            if self.time_zone:
                ZoneInfo(self.time_zone)
        except (InvalidCommand, ValueError, OSError, KeyError) as error:
            raise _wrong(f"The column map names something unknown: {error}") from None


def _check_names(table: Mapping[str, object]) -> None:
    known = (*_TABLES, *_FREE_TABLES)
    for name in table:
        if name not in known:
            raise _wrong(f"There is no table [{name}] in a column map.", did_you_mean(name, known))
    for name, keys in _TABLES.items():
        for key in _table(table, name):
            if key not in keys:
                raise _wrong(
                    f"There is no {key!r} in [{name}].", did_you_mean(key, keys) or f"Known: {', '.join(keys)}."
                )


def check_form(encoding: str, delimiter: str, quote: str = '"', *, decimal: str = ".", thousands: str = "") -> None:
    """Raise ConfigurationError for a way to write files that cannot be read without guessing."""
    _check_encoding(encoding)
    marks = [mark for mark in (delimiter, quote) if len(mark) != 1 or mark in "\r\n\0"]
    if marks or delimiter == quote:
        raise _wrong("A delimiter and a quote are one character each, and not the same.")
    if decimal not in (".", ",") or thousands not in ("", ".", ",", "'", " ", "\u00a0", "\u202f"):
        raise _wrong("The decimal sign is . or , and the thousands sign one of . , ' and a blank, or empty.")
    if decimal == thousands:
        raise _wrong("The decimal sign and the thousands sign are the same.")


def _check_encoding(name: str) -> None:
    if not name:
        raise _wrong("A file must say its encoding.", 'Such as encoding = "utf-8" or "cp1252": it is never guessed.')
    try:
        plain = '0123456789,;"\r\n'.encode(name)
    except (LookupError, UnicodeError):
        plain = b""
    if plain != b'0123456789,;"\r\n':
        raise _wrong(f"Encoding {name[:32]!r} is unknown or has no ASCII in it.", "Convert the file to utf-8 first.")


def _table(table: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = table.get(name, {})
    if not isinstance(found, Mapping):
        raise _wrong(f"[{name}] must be a table.")
    return found


def _text(table: Mapping[str, object], name: str, key: str, default: str = "") -> str:
    found = table.get(key, default)
    if not isinstance(found, str):
        raise _wrong(f"[{name}] {key} must be text.")
    return found


def _wrong(message: str, hint: str = "") -> ConfigurationError:
    return ConfigurationError(message, hint=hint)

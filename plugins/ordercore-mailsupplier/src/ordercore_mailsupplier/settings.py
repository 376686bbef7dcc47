"""How one supplier is written to and read: declared, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from string import Template
from typing import Final, get_args

from attrs import field, frozen

from ordercore.errors import ConfigurationError, did_you_mean
from ordercore.notifiers.mime import mailbox_of
from ordercore.ports import PurchaseAnswer, Settings
from ordercore.values import exponent_of
from ordercore_csv import check_form

ORDER_FIELDS: Final = (
    "number", "line", "sku", "supplier_sku", "title", "quantity", "unit", "unit_cost", "currency", "wanted_on", "note",
)  # fmt: skip
"""What a column of the order can hold; a column that holds "" is left empty, for the answer."""

ANSWER_FIELDS: Final = ("number", "line", "answer", "quantity", "unit", "date", "price", "currency", "reference")
"""What a column of the answer can mean."""

ANSWERS: Final[tuple[PurchaseAnswer, ...]] = get_args(PurchaseAnswer)

_COLUMNS: Final[Mapping[str, str]] = {
    "Order": "number", "Line": "line", "Item": "supplier_sku", "Our item": "sku", "Title": "title",
    "Quantity": "quantity", "Unit": "unit", "Price": "unit_cost", "Currency": "currency", "Wanted on": "wanted_on",
    "Answer": "", "Confirmed quantity": "", "Confirmed date": "", "Confirmed price": "", "Your reference": "",
}  # fmt: skip
_READ: Final[Mapping[str, str]] = {
    "number": "Order", "line": "Line", "answer": "Answer", "quantity": "Confirmed quantity", "date": "Confirmed date",
    "price": "Confirmed price", "reference": "Your reference",
}  # fmt: skip
_TEXT: Final = """\
Purchase order $number of $issued_on, $lines line(s).
$note
Deliver to:
$deliver_to

Please answer with the attached file: fill in what you confirm in each line, and leave empty what you cannot say yet.
"""
_TOKEN: Final = re.compile(r"[A-Za-z0-9]{16,64}\Z")
_DOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\Z")


@frozen
class OrderFile:
    """The file that goes out. `columns`: heading -> what stands in it, from left to right."""

    columns: Mapping[str, str] = field(factory=lambda: dict(_COLUMNS))
    delimiter: str = ","
    decimal: str = "."
    date_format: str = "%Y-%m-%d"
    encoding: str = "utf-8"

    def __attrs_post_init__(self) -> None:
        """Raises ConfigurationError for a file that cannot be written or understood."""
        for heading, name in self.columns.items():
            if name and name not in ORDER_FIELDS:
                raise _wrong(f"Column {heading[:40]!r} cannot hold {name[:40]!r}.", did_you_mean(name, ORDER_FIELDS))
        missing = {"line", "quantity"} - set(self.columns.values())
        if missing:
            raise _wrong(
                f"The order needs a column for {' and '.join(sorted(missing))}.",
                "A line is answered by its number and its quantity.",
            )
        check_form(self.encoding, self.delimiter, decimal=self.decimal)


@frozen
class AnswerFile:
    """The file that comes back. `columns`: what is meant -> its heading. `words`: what suppliers write -> an answer.

    Without a column for the answer, a quantity of 0 is a rejection and anything else is accepted as it is stated.
    """

    columns: Mapping[str, str] = field(factory=lambda: dict(_READ))
    words: Mapping[str, str] = field(factory=dict)
    delimiter: str = ","
    decimal: str = "."
    thousands: str = ""
    date_format: str = "%Y-%m-%d"
    encoding: str = "utf-8"
    currency: str = ""

    def __attrs_post_init__(self) -> None:
        """Raises ConfigurationError for a file that cannot be read."""
        for name in self.columns:
            if name not in ANSWER_FIELDS:
                raise _wrong(f"No column of an answer means {name[:40]!r}.", did_you_mean(name, ANSWER_FIELDS))
        missing = [name for name in ("number", "line") if not self.columns.get(name)]
        if missing:
            raise _wrong(
                f"The answer needs a column for {' and '.join(missing)}.",
                "Without them nobody knows which line is meant.",
            )
        for word, answer in self.words.items():
            if answer not in ANSWERS:
                raise _wrong(f"{word[:40]!r} cannot mean {answer[:40]!r}.", did_you_mean(answer, ANSWERS))
        if self.currency:
            exponent_of(self.currency)
        check_form(self.encoding, self.delimiter, decimal=self.decimal, thousands=self.thousands)

    def meaning(self, word: str) -> str | None:
        """The answer that a word means, whatever its case; None for one that means none."""
        said = word.strip().casefold()
        meant = {one.casefold(): answer for one, answer in self.words.items()}.get(said)
        return meant or (said if said in ANSWERS else None)


@frozen
class Letter:
    """What the mail says. `$number`, `$issued_on`, `$lines`, `$reminder`, `$note` and `$deliver_to` are filled in."""

    subject: str = "Purchase order $number"
    reminder: str = "Reminder $reminder: purchase order $number is not answered yet"
    text: str = _TEXT

    def __attrs_post_init__(self) -> None:
        """Raises ConfigurationError for a text that names what is not filled in."""
        known = ("number", "issued_on", "lines", "reminder", "note", "deliver_to")
        for text in (self.subject, self.reminder, self.text):
            template = Template(text)
            if not template.is_valid():
                raise _wrong(
                    "A text has a $ that begins no name; write $$ for a dollar.",
                    "Known: $number, $issued_on, $lines, $reminder, $note, $deliver_to.",
                )
            for name in template.get_identifiers():
                if name not in known:
                    raise _wrong(f"Nothing fills in ${name[:40]}.", did_you_mean(name, known))


def _domains(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(one.lower() for one in given)


@frozen
class Trust:
    """Whose answers are believed: mail from these `senders` (domains), with this `token`, or `files` of the house.

    What is set must hold. The domain of a sender is easily forged: let the server that receives your mail check it
    (DMARC), or use a token, which the supplier gets in the address to answer to.
    """

    senders: tuple[str, ...] = field(default=(), converter=_domains)
    token: str = field(default="", repr=False)
    files: bool = False

    def __attrs_post_init__(self) -> None:
        """Raises ConfigurationError."""
        for domain in self.senders:
            if not _DOMAIN.match(domain):
                raise _wrong(f"{domain[:40]!r} is no domain of senders.", "Such as supplier.example.")
        if self.token and not _TOKEN.match(self.token):
            raise _wrong("A token is 16 to 64 letters and digits.", "secrets.token_hex(16) makes one.")


def table(settings: Settings, name: str) -> Mapping[str, object]:
    """A table of the settings, empty if it is not there. Raises ConfigurationError."""
    found = settings.get(name, {})
    if not isinstance(found, Mapping):
        raise _wrong(f"[{name}] is a table.", f"Write [suppliers.NAME.{name}], and its settings below.")
    return found


def words_of(given: Mapping[str, object], name: str) -> Mapping[str, str] | None:
    """A table of texts; None if it is not there. Raises ConfigurationError."""
    found = given.get(name)
    if found is None:
        return None
    if not isinstance(found, Mapping) or not all(isinstance(one, str) for pair in found.items() for one in pair):
        raise _wrong(f"{name} is a table of texts.", f'Such as {name} = {{ "A" = "b" }}.')
    return found


def check_addresses(addresses: Iterable[str]) -> None:
    """Raises ConfigurationError for one that is none."""
    for address in addresses:
        mailbox_of(address)


def _wrong(message: str, hint: str) -> ConfigurationError:
    return ConfigurationError(message, hint=hint)

"""The supplier: purchase orders out by mail, answers in by mail or as a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time
from string import Template
from typing import Any, Final

from attrs import field, frozen

from ordercore.errors import ConfigurationError, NotSupported
from ordercore.notifiers import Attachment, check_settings, compose, delivered
from ordercore.notifiers.registered import text, texts
from ordercore.ports import (
    Declined,
    Decoded,
    DocumentSent,
    Op,
    Problem,
    PurchaseDocument,
    Settings,
    SupplierCapability,
    SupplierKind,
    Transmission,
)
from ordercore_mailsupplier.answer_file import Origin, read_answer
from ordercore_mailsupplier.answer_mail import MOST_BYTES, is_mail, read_mail, verify
from ordercore_mailsupplier.order_file import written
from ordercore_mailsupplier.settings import AnswerFile, Letter, OrderFile, Trust, check_addresses, table, words_of

CAPABILITIES: Final[frozenset[SupplierCapability]] = frozenset(("send", "acknowledge"))

_OUTSIDE: Final = re.compile(r"[^A-Za-z0-9._-]+")


def _addresses(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


@frozen
class MailSupplier:
    """One supplier that takes purchase orders by mail.

    A mailbox cannot be asked what arrived: an order whose fate is unknown is not sent again but left to a person. With
    a token, answers go to `reply_to` with the token behind a plus: `purchasing+<token>@shop.example`.
    """

    instance: str
    sender: str = field(repr=False)
    recipients: tuple[str, ...] = field(repr=False, converter=_addresses)
    reply_to: str = field(default="", repr=False)
    letter: Letter = Letter()
    order: OrderFile = OrderFile()
    answer: AnswerFile = AnswerFile()
    trust: Trust = Trust()

    def __attrs_post_init__(self) -> None:
        """Raises ConfigurationError without a recipient, and for an address that is none."""
        if not self.recipients:
            raise ConfigurationError(
                "A supplier by mail needs a recipient.", hint='Such as recipients = ["orders@supplier.example"].'
            )
        check_addresses((self.sender, *self.recipients, *filter(None, [self.reply_to])))

    @property
    def capabilities(self) -> frozenset[SupplierCapability]:
        """Sending, and reading answers."""
        return CAPABILITIES

    def send(self, document: PurchaseDocument, *, key: str) -> Op[DocumentSent | Declined]:
        """Send it as a mail with a file; the same key gives the same bytes."""
        try:
            file = written(document, self.order)
        except UnicodeEncodeError:
            said = f"The order has text that {self.order.encoding} does not have."
            return Declined((Problem("wrong_encoding", "reject", "", said),))
        words = _words(document)
        subject = self.letter.reminder if document.reminder else self.letter.subject
        mail = compose(
            self.sender, self.recipients, Template(subject).substitute(words), Template(self.letter.text).substitute(words),
            key=key, at=_day(document), reply_to=self._reply_to,
            attachments=[Attachment(_file_name(document.number), "text/csv", file, self.order.encoding)],
        )  # fmt: skip
        answer = delivered((yield mail), mail.message_id)
        return answer if isinstance(answer, Declined) else DocumentSent(answer.reference)

    @property
    def _reply_to(self) -> str:
        if not self.trust.token or not self.reply_to:
            return self.reply_to
        before, _, domain = self.reply_to.rpartition("@")
        return f"{before}+{self.trust.token}@{domain}"

    def find(self, key: str) -> Op[DocumentSent | None]:
        """A mailbox cannot be asked. Raises NotSupported."""
        raise NotSupported(
            "Nobody can ask a mailbox what arrived.", capability="query", hint="Its capabilities say what it can do."
        )

    def verify(self, transmission: Transmission, *, now: datetime) -> None:
        """Raises AuthenticationFailed unless all that `trust` asks for holds."""
        verify(transmission, self.trust)

    def decode(self, transmission: Transmission) -> Decoded:
        """What the supplier says to each line, and problems. Nothing is raised."""
        if len(transmission.body) > MOST_BYTES:
            text = f"The answer has more than {MOST_BYTES} bytes."
            return Decoded((), (Problem("too_large", "reject", "", text),))
        if is_mail(transmission):
            return read_mail(transmission, self.answer)
        return read_answer(transmission.body, self.answer, Origin(transmission.instance, transmission.transport_id))


def _words(document: PurchaseDocument) -> Mapping[str, object]:
    to, place = document.deliver_to, document.location or "-"
    lines = [to.name, *to.lines, f"{to.postal_code} {to.city}".strip(), to.region, to.country] if to else [place]
    return {
        "number": document.number, "issued_on": document.issued_on.isoformat(), "lines": len(document.lines),
        "reminder": document.reminder, "note": document.note, "deliver_to": "\n".join(line for line in lines if line),
    }  # fmt: skip


def _day(document: PurchaseDocument) -> datetime:
    """Noon in UTC of the day of sending, so that the same document is the same mail whenever it is tried."""
    return datetime.combine(document.sent_on or document.issued_on, time(12), UTC)


def _file_name(number: str) -> str:
    return f"order-{_OUTSIDE.sub('-', number)[:60].strip('-.')}.csv"


def make(instance: str, settings: Settings) -> MailSupplier:
    """A supplier from its settings: `sender`, `recipients`; tables `letter`, `order`, `answer`, `trust`.

    Raises ConfigurationError, with the nearest known names.
    """
    check_settings(
        instance, settings, required=("sender", "recipients"),
        optional=("reply_to", "letter", "order", "answer", "trust"),
    )  # fmt: skip
    return MailSupplier(
        instance, text(settings, "sender"), texts(settings, "recipients"), text(settings, "reply_to", ""),
        _made(Letter, instance, table(settings, "letter")), _made(OrderFile, instance, table(settings, "order")),
        _made(AnswerFile, instance, table(settings, "answer")), _made(Trust, instance, table(settings, "trust")),
    )  # fmt: skip


def _made(cls: Any, instance: str, given: Mapping[str, object]) -> Any:
    names = [one.name for one in cls.__attrs_attrs__]
    check_settings(instance, given, required=(), optional=names)
    return cls(**{name: _value(given, name) for name in names if name in given})


def _value(given: Mapping[str, object], name: str) -> object:
    match name:
        case "columns" | "words":
            return words_of(given, name)
        case "senders":
            return texts(given, name)
        case "files":
            return given[name] is True
        case _:
            return text(given, name)


KIND: Final = SupplierKind("mail", make, CAPABILITIES)

"""A supplier in memory: it takes purchase orders as JSON, can be asked what it took, and answers as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from attrs import field, frozen

from ordercore.errors import (
    AnswerLost,
    AuthenticationFailed,
    ConfigurationError,
    InvalidCommand,
    NotSupported,
    ProtocolViolation,
    TransientFailure,
)
from ordercore.ports import (
    ConfirmedLine,
    ConfirmPurchase,
    Declined,
    Decoded,
    DocumentSent,
    ExternalKey,
    HttpRequest,
    HttpResponse,
    Inbound,
    Op,
    Problem,
    PurchaseDocument,
    Request,
    Response,
    Settings,
    SupplierCapability,
    SupplierKind,
    Transmission,
)
from ordercore.values import Price, Quantity, code_of

WORD: Final = "let me in"
"""What answers carry unless they are told otherwise: of a supplier that does not exist."""
URL: Final = "https://supplier.invalid/orders"
CAPABILITIES: Final[frozenset[SupplierCapability]] = frozenset(("send", "query", "acknowledge"))
CURRENCY: Final = "EUR"
"""Of every price that it says."""
ANSWERS: Final = ("accepted", "changed", "backordered", "rejected")


@frozen
class MemorySupplier:
    """One account, with everything that a supplier can do; it keeps all rules of `SupplierSuite`.

    What it is sent, a `SupplierDesk` takes; `answer_of` is what it answers. `word` is what its answers carry in the
    header `x-word`.
    """

    instance: str = "memory"
    word: str = field(default=WORD, repr=False)

    @property
    def capabilities(self) -> frozenset[SupplierCapability]:
        """All there are."""
        return CAPABILITIES

    def send(self, document: PurchaseDocument, *, key: str) -> Op[DocumentSent | Declined]:
        """One request; 2xx is taken, 4xx a no."""
        said = {
            "number": document.number, "reminder": document.reminder, "note": document.note,
            "lines": [[one.line, one.supplier_sku, str(one.quantity.value), one.title] for one in document.lines],
        }  # fmt: skip
        response = yield HttpRequest("POST", URL, {"idempotency-key": key}, json.dumps(said).encode())
        status = _status(response)
        if 200 <= status < 300:
            return DocumentSent(key)
        if 400 <= status < 500:
            return Declined((Problem("declined", "reject", "", f"The supplier answered {status}."),))
        raise AnswerLost(f"The supplier answered {status}.", status=status)

    def find(self, key: str) -> Op[DocumentSent | None]:
        """Ask the desk. Anything but a clear answer must not be taken for "there is none"."""
        response = yield HttpRequest("GET", URL, {"idempotency-key": key})
        match _status(response):
            case 200:
                return DocumentSent(key)
            case 404:
                return None
            case status:
                raise TransientFailure(f"The supplier answered {status}.")

    def verify(self, transmission: Transmission, *, now: datetime) -> None:
        """Raises AuthenticationFailed without the word."""
        if not compare_digest(
            transmission.headers.get("x-word", "").encode("utf-8", "surrogatepass"), self.word.encode()
        ):
            raise AuthenticationFailed("The word is wrong.")

    def decode(self, transmission: Transmission) -> Decoded:
        """What it says to each line. Raises ProtocolViolation for anything that is no object of JSON."""
        try:
            said = json.loads(transmission.body)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict) or not isinstance(said.get("lines"), list):
            raise ProtocolViolation("It is no answer.")
        number, reference = str(said.get("number", "")), str(said.get("reference", ""))
        lines, problems = [], []
        for at, one in enumerate(said["lines"]):
            read = _line(one)
            if read is None:
                problems.append(Problem("invalid_line", "reject", f"lines[{at}]", "It does not read.", None, number))
            else:
                lines.append(read)
        if not lines:
            problems.append(Problem("no_lines", "warning", "lines", "It answers no line."))
            return Decoded((), tuple(problems))
        key = f"{number}:{hash_of(transmission.body)}"
        subject = ExternalKey(self.instance, "purchase", number)
        return Decoded((Inbound(key, subject, ConfirmPurchase(number, tuple(lines), reference)),), tuple(problems))


def _line(said: Any) -> ConfirmedLine | None:
    """Line, answer, quantity, day, price; null is what it says nothing of."""
    try:
        line, answer, quantity, day, price = said
        if answer not in ANSWERS or not isinstance(line, str):
            return None
        return ConfirmedLine(
            line, answer, None if quantity is None else Quantity.of(quantity, ""),
            None if day is None else date.fromisoformat(day), None if price is None else Price.of(price, CURRENCY),
        )  # fmt: skip
    except (ValueError, TypeError, InvalidCommand):
        return None


def hash_of(body: bytes) -> str:
    """A short name for these bytes."""
    return sha256(body).hexdigest()[:16]


def answer_of(
    number: str, lines: Sequence[ConfirmedLine], *, word: str = WORD, instance: str = "memory", reference: str = ""
) -> Transmission:
    """An answer as this supplier sends it."""
    said = [
        [
            one.line, one.answer, str(one.quantity.value) if one.quantity is not None else None,
            one.confirmed_on.isoformat() if one.confirmed_on is not None else None,
            str(one.unit_price.decimal) if one.unit_price is not None else None,
        ]
        for one in lines
    ]  # fmt: skip
    body = json.dumps({"number": number, "reference": reference, "lines": said}).encode()
    return Transmission(instance, "application/json", body, {"x-word": word})


class SupplierDesk:
    """The computers of a supplier, as a transport that reaches nobody else: it takes each key once."""

    def __init__(self, refuses: Iterable[str] = ()) -> None:
        """`refuses`: numbers of orders that it does not take."""
        self.taken: dict[str, dict[str, Any]] = {}
        """What was taken, by key."""
        self.arrived = 0
        self._refuses = frozenset(refuses)

    def send(self, request: Request) -> Response:
        """Answer what arrived. Raises NotSupported for mail."""
        if not isinstance(request, HttpRequest):
            raise NotSupported(
                "A desk takes no mail.", capability="mail", hint="Give mail to another transport: Routes(mail=...)."
            )
        key = request.headers.get("idempotency-key", "")
        if request.method == "GET":
            return HttpResponse(200 if key in self.taken else 404)
        self.arrived += 1
        said = json.loads(request.body)
        if said["number"] in self._refuses:
            return HttpResponse(422)
        self.taken.setdefault(key, said)
        return HttpResponse(201)


def _status(response: Response) -> int:
    if not isinstance(response, HttpResponse):
        raise ProtocolViolation("A request by HTTP was not answered by HTTP.")
    return response.status


def make(instance: str, settings: Settings) -> MemorySupplier:
    """A supplier with its `word`. Raises ConfigurationError."""
    for name in settings:
        if name != "word":
            raise ConfigurationError(f"There is no setting {name!r}.", hint="There is one: word.")
    word = settings.get("word", WORD)
    if not isinstance(word, str):
        raise ConfigurationError("word is text.", hint='Such as word = "...".')
    try:
        return MemorySupplier(code_of(instance, what="instance"), word)
    except InvalidCommand as error:
        raise ConfigurationError(error.message, hint=error.hint) from None


KIND: Final = SupplierKind("memory", make, CAPABILITIES)

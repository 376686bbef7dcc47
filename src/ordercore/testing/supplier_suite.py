"""`SupplierSuite`: subclass it, say what the supplier reads and writes, and pytest checks `docs/how-to/supplier.md`.

The tests carry the numbers of that page: `test_u4_1_...` checks U4.1. A single one is overridden by its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Final, get_args

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercore.errors import AuthenticationFailed, NotSupported, ProtocolViolation
from ordercore.ports import (
    ConfirmedLine,
    ConfirmPurchase,
    Declined,
    Decoded,
    DocumentSent,
    PurchaseAnswer,
    PurchaseDocument,
    PurchaseLine,
    Request,
    SupplierCapability,
    Transmission,
    Transport,
)
from ordercore.testing.clock import START
from ordercore.testing.person import PERSON
from ordercore.testing.sending_rules.subject import INSTANCE, SendingSubject
from ordercore.testing.transports import RecordedTransport, run
from ordercore.values import Price, Quantity

RUN: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What text must not begin with in a file that a spreadsheet may open."""

ORDER: Final = PurchaseDocument(
    number="PO-7", supplier=INSTANCE, issued_on=date(2026, 1, 5), currency="EUR",
    lines=(
        PurchaseLine("1", "TEA", "T-100", Quantity(Decimal(12), "box"), Price.of("4.50", "EUR"), date(2026, 1, 20), "Tea"),
        PurchaseLine("2", "SUGAR", "S-1", Quantity(Decimal("1.250"), "kg")),
    ),
    deliver_to=PERSON,
)  # fmt: skip

_QUANTITIES: Final = st.decimals("0.001", "1000000", places=3)


class SupplierSuite(SendingSubject):
    """All rules of the contract of suppliers, for one kind.

    Give it `kind`, `settings` and `secrets`, override `lines_of()`, for a supplier that answers `answer()`, `spoiled()`,
    `signed()` and `forged()`, set the flags that it declares, and name the subclass `Test...`.
    """

    plugin = "supplier"
    page = "docs/how-to/supplier.md"

    send: bool = False
    """It takes purchase orders. Checked against `supplier.capabilities`."""
    query: bool = False
    """Whether an order was taken can be asked by its key. Checked against `supplier.capabilities`."""
    acknowledge: bool = False
    """It answers with documents. Checked against `supplier.capabilities`."""
    table: bool = False
    """The order is a table that a spreadsheet may open: `cells()` are its texts."""
    dates: bool = False
    """An answer says when a line comes."""
    prices: bool = False
    """An answer says what a line costs."""

    currency: ClassVar[str] = "EUR"
    """Of the prices in an answer."""
    examples: ClassVar[int] = 15
    """Documents that hypothesis tries per rule."""

    def lines_of(self, requests: Sequence[Request]) -> Mapping[str, Decimal]:
        """Override this: the lines of an order as they are sent, their numbers and quantities."""
        self.missing("lines_of()")

    def cells(self, requests: Sequence[Request]) -> Iterable[str]:
        """Override this where `table`: every cell of text of an order as it is sent."""
        self.missing("cells()")

    def answer(self, number: str, lines: Sequence[ConfirmedLine]) -> Transmission:
        """Override this where `acknowledge`: an answer to a purchase order that says these lines, as it comes in."""
        self.missing("answer()")

    def spoiled(self, number: str, good: Sequence[ConfirmedLine], bad: str) -> Transmission:
        """Override this where `acknowledge`: the same, and a line `bad` whose quantity is no number."""
        self.missing("spoiled()")

    def signed(self, transmission: Transmission) -> Transmission:
        """Override this where `acknowledge`: an answer as it comes from this supplier."""
        self.missing("signed()")

    def forged(self, transmission: Transmission) -> Iterable[Transmission]:
        """Override this where `acknowledge`: the answer as somebody else would send it. At least one."""
        self.missing("forged()")

    def outside(self) -> Transport:
        """Override this where `query`: the other side, which remembers what it took."""
        return RecordedTransport(otherwise=self.taken)

    def sending(self, document: PurchaseDocument = ORDER, key: str = "key-1") -> Any:
        """The operation of sending a document through a fresh account."""
        return self.made().send(document, key=key)

    def read(self, transmission: Transmission, what: str = "the answer") -> Decoded | None:
        """What the supplier makes of an answer, None for a ProtocolViolation; anything else that is raised fails."""
        try:
            decoded = self.made().decode(transmission)
        except ProtocolViolation:
            return None
        except Exception as error:
            raise AssertionError(f"decode raised {type(error).__name__} for {what}: that is no problem") from error
        assert isinstance(decoded, Decoded), f"decode answered a {type(decoded).__name__} for {what}"
        return decoded

    def confirmed(self, decoded: Decoded | None) -> dict[str, ConfirmPurchase]:
        """What was said to each purchase order."""
        items = decoded.items if decoded is not None else ()
        return {item.intent.number: item.intent for item in items if isinstance(item.intent, ConfirmPurchase)}

    def line(self, line: str = "1", answer: PurchaseAnswer = "accepted", quantity: str = "12") -> ConfirmedLine:
        """What is said to a line, with a date and a price where answers have them."""
        return ConfirmedLine(
            line, answer, Quantity(Decimal(quantity), ""), date(2026, 1, 20) if self.dates else None,
            Price.of("4.50", self.currency) if self.prices else None,
        )  # fmt: skip

    def test_u1_1_the_same_order_under_the_same_key_is_the_same_content(self) -> None:
        first, again = (self.content(self.sent(self.sending())[1]) for _ in range(2))
        assert first == again
        assert first != self.content(self.sent(self.sending(evolve(ORDER, number="PO-8"), "key-2"))[1])

    def test_u1_2_every_line_stands_there_with_its_exact_quantity(self) -> None:
        @settings(max_examples=self.examples, deadline=None)
        @given(st.lists(_QUANTITIES, min_size=1, max_size=5))
        def check(quantities: list[Decimal]) -> None:
            lines = tuple(
                evolve(ORDER.lines[0], line=str(n), quantity=Quantity(each, "kg"))
                for n, each in enumerate(quantities, 1)
            )
            found = self.lines_of(self.sent(self.sending(evolve(ORDER, lines=lines)))[1])
            assert dict(found) == {line.line: line.quantity.value for line in lines}

        check()

    def test_u1_3_a_reminder_is_another_document_with_the_same_lines(self) -> None:
        reminder = evolve(ORDER, reminder=1, sent_on=date(2026, 1, 9))
        first, second = self.sent(self.sending())[1], self.sent(self.sending(reminder, "key-2"))[1]
        assert self.content(first) != self.content(second)
        assert self.lines_of(first) == self.lines_of(second)

    def test_u1_4_no_text_leaves_its_place(self) -> None:
        plain = self.sent(self.sending())[1]

        @settings(max_examples=self.examples, deadline=None)
        @given(st.text(max_size=60))
        def check(text: str) -> None:
            self.check_text(text, plain)

        check()
        for evil in ("x\r\nBcc: evil@example.com", "x\n\nbody", "x\0y", 'x","y', "订单"):
            self.check_text(evil, plain)

    def check_text(self, text: str, plain: Sequence[Request]) -> None:
        """An order with this text wherever text can stand."""
        line = evolve(ORDER.lines[0], title=text, supplier_sku=text)
        order = evolve(ORDER, lines=(line, ORDER.lines[1]), note=text, number=f"PO-7{text}")
        result, requests = self.sent(self.sending(order))
        if isinstance(result, Declined):
            return
        self.check_shape(requests, plain)
        assert set(self.lines_of(requests)) == {"1", "2"}, f"the text {text!r} changed the lines"

    def test_u1_5_no_cell_is_run_by_a_spreadsheet(self) -> None:
        self.needs("table")
        for start in RUN:
            line = evolve(ORDER.lines[0], title=f"{start}1+1", supplier_sku=f"{start}1+1")
            order = evolve(ORDER, lines=(line,), note=f"{start}1+1", number=f"{start}1+1")
            result, requests = self.sent(self.sending(order))
            cells = [] if isinstance(result, Declined) else list(self.cells(requests))
            assert not [cell for cell in cells if cell.startswith(RUN)], f"text that begins with {start!r} is run"

    def test_u1_6_sending_reaches_for_no_clock_no_chance_no_file_and_no_network(self) -> None:
        self.check_pure(self.sending, "send")

    def test_u2_1_what_the_supplier_took_is_sent(self) -> None:
        result, requests = self.sent(self.sending())
        assert isinstance(result, DocumentSent), f"what was taken came to {type(result).__name__}"
        assert requests, "nothing was sent"

    def test_u2_2_a_no_for_good_is_declined_with_its_reason(self) -> None:
        self.check_no(self.sending())

    def test_u2_3_what_certainly_did_not_arrive_is_said_as_it_is(self) -> None:
        self.check_not_arrived(self.sending)

    def test_u2_4_what_may_have_arrived_is_said_as_it_is_and_nothing_is_sent_after_it(self) -> None:
        self.check_lost(self.sending)

    def test_u2_5_only_a_yes_is_taken_for_one(self) -> None:
        self.check_only_success_is_success(self.sending)

    def test_u3_1_an_order_that_was_taken_is_found_by_its_key_and_no_other_is(self) -> None:
        self.needs("query")
        outside = self.outside()
        assert run(self.made().find("key-1"), outside) is None
        run(self.sending(), outside)
        assert isinstance(run(self.made().find("key-1"), outside), DocumentSent)
        assert run(self.made().find("key-2"), outside) is None

    def test_u3_2_what_cannot_be_asked_says_so(self) -> None:
        if self.query:
            pytest.skip("the supplier declares query")
        with pytest.raises(NotSupported):
            self.sent(self.made().find("key-1"))

    def test_u4_1_an_answer_reads_as_it_was_written(self) -> None:
        self.needs("acknowledge")

        @settings(max_examples=self.examples, deadline=None)
        @given(st.lists(st.tuples(st.sampled_from(get_args(PurchaseAnswer)), _QUANTITIES), min_size=1, max_size=6))
        def check(said: list[tuple[PurchaseAnswer, Decimal]]) -> None:
            lines = [self.line(str(n), answer, str(quantity)) for n, (answer, quantity) in enumerate(said, 1)]
            decoded = self.read(self.answer("PO-7", lines))
            assert decoded is not None and not decoded.rejected, "an answer that is right was refused"  # noqa: PT018  # one rule
            found = self.confirmed(decoded)
            assert set(found) == {"PO-7"}
            assert [_said(line) for line in found["PO-7"].lines] == [_said(line) for line in lines]

        check()

    def test_u4_2_the_same_answer_is_the_same_and_another_is_another(self) -> None:
        self.needs("acknowledge")
        first, again = (self.read(self.answer("PO-7", [self.line()])) for _ in range(2))
        other = self.read(self.answer("PO-7", [self.line(quantity="11")]))
        assert first is not None and first == again  # noqa: PT018  # one rule
        assert other is not None and other.items != first.items  # noqa: PT018  # one rule

    def test_u4_3_a_line_that_does_not_read_takes_no_other_with_it(self) -> None:
        self.needs("acknowledge")
        decoded = self.read(self.spoiled("PO-7", [self.line("1"), self.line("2")], "3"))
        found = self.confirmed(decoded).get("PO-7")
        assert decoded is not None and found is not None, "one line took the others with it"  # noqa: PT018  # one rule
        assert [line.line for line in found.lines] == ["1", "2"]
        assert decoded.rejected, "a line was dropped in silence"
        assert all(problem.path and problem.subject == "PO-7" for problem in decoded.rejected)

    def test_u4_4_whatever_comes_in_is_a_problem_and_no_exception(self) -> None:
        self.needs("acknowledge")
        whole = self.answer("PO-7", [self.line("1"), self.line("2")])
        for part in range(17):
            self.check_sound(evolve(whole, body=whole.body[: len(whole.body) * part // 16]))

        @settings(max_examples=self.examples, deadline=None)
        @given(st.integers(0, len(whole.body)), st.binary(max_size=40))
        def check(at: int, junk: bytes) -> None:
            self.check_sound(evolve(whole, body=whole.body[:at] + junk + whole.body[at + len(junk) :]))

        check()

    def check_sound(self, transmission: Transmission) -> None:
        """Nothing but a value comes of it, and nothing is dropped in silence."""
        decoded = self.read(transmission, "a damaged answer")
        assert decoded is None or decoded.items or decoded.problems, "a document was dropped in silence"

    def test_u5_1_the_supplier_is_believed(self) -> None:
        self.needs("acknowledge")
        self.made().verify(self.signed(self.answer("PO-7", [self.line()])), now=START)

    def test_u5_2_nobody_else_is(self) -> None:
        self.needs("acknowledge")
        answer = self.signed(self.answer("PO-7", [self.line()]))
        forged = list(self.forged(answer))
        assert forged, "override forged()"
        for one in forged:
            with pytest.raises(AuthenticationFailed) as refused:
                self.made().verify(one, now=START)
            self.check_silent(str(refused.value), "a refusal")

    def test_u6_1_the_flags_say_what_it_declares(self) -> None:
        self.check_kind(get_args(SupplierCapability))

    def test_u6_2_names_and_settings_that_cannot_work_are_refused_without_showing_a_secret(self) -> None:
        self.check_settings()

    def test_u7_1_no_repr_shows_a_secret_or_an_address(self) -> None:
        self.check_silent(repr(self.made()), "the repr of the supplier")
        for request in self.sent(self.sending())[1]:
            self.check_silent(repr(request), "the repr of a request")
            self.check_private(repr(request), "the repr of a request")

    def test_u7_2_no_reason_shows_a_secret_or_an_address(self) -> None:
        for problem in self.check_no(self.sending()).problems:
            self.check_silent(repr(problem), f"problem {problem.code}")
            self.check_private(repr(problem), f"problem {problem.code}")

    def check_private(self, text: str, what: str) -> None:
        """Nothing of where it is to be delivered stands in it."""
        for word in (PERSON.name, *PERSON.lines, PERSON.phone):
            assert word not in text, f"{what} shows where the goods go"


def _said(line: ConfirmedLine) -> tuple[object, ...]:
    quantity = line.quantity.value if line.quantity is not None else None
    price = line.unit_price.decimal if line.unit_price is not None else None
    return line.line, line.answer, quantity, line.confirmed_on, price

"""From a crossing to goods on their way, by mail alone: an alert, an order with a file, the answer, a reminder."""

import csv
import io
from datetime import date
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from ordercore import Kernel
from ordercore.catalog import PutStockLevels
from ordercore.errors import AuthenticationFailed
from ordercore.notifiers import EmailNotifier
from ordercore.policies import Policies
from ordercore.ports import Transmission
from ordercore.supply import PutSupplier, PutSupply
from ordercore.testing import ManualClock, RecordedTransport, assert_consistent, given_stock, place
from ordercore.testing.transports import FaultyTransport
from ordercore_mailsupplier import AnswerFile, MailSupplier, Trust

TOKEN = "0123456789abcdef0123"


class House:
    """A shop that replenishes by mail."""

    def __init__(self, faults=()):
        self.mailbox = RecordedTransport()
        leaf = MailSupplier(
            "leaf", "shop@shop.example", ["orders@leaf.example"], "buying@shop.example",
            answer=AnswerFile(currency="EUR"), trust=Trust(["leaf.example"], TOKEN),
        )  # fmt: skip
        buyers = EmailNotifier(
            "buyers", "shop@shop.example", ["buyers@shop.example"], ["alert.raised", "purchase.acknowledged"]
        )
        self.clock = ManualClock()
        self.shop = Kernel(
            clock=self.clock, suppliers={"leaf": leaf}, notifiers={"buyers": buyers},
            policies=Policies(replenish="order"), transport=FaultyTransport(self.mailbox, faults),
        )  # fmt: skip
        given_stock(self.shop, {"WH1": {"TEA": 20}})
        self.shop.handle(
            PutSupplier("LEAF", "EUR", instance="leaf", lead_time_days=5, answer_within_hours=24, reminders=1,
                        approve_up_to="500.00")
        )  # fmt: skip
        self.shop.handle(PutSupply("TEA", "LEAF", "=T-100", "2.505", pack=12))
        self.shop.handle(PutStockLevels("TEA", "WH1", 10, 40, 12, "buying"))

    def sells(self, units):
        place(self.shop, {"TEA": units})
        self.work()

    def work(self, **later):
        if later:
            self.clock.advance(**later)
        self.shop.work(until_idle=True)

    def mails(self, to):
        found = [one for one in self.mailbox.sent if one.recipients == (to,)]
        return [message_from_bytes(one.message, policy=default) for one in found]

    def answers(self, *rows, sender="sales@leaf.example"):
        """Fill in the file that came, and send it back to the address to answer to."""
        order = self.mails("orders@leaf.example")[0]
        (part,) = order.iter_attachments()
        sent = csv.DictReader(io.StringIO(part.get_content(), newline=""))
        lines = [line | said for line, said in zip(sent, rows, strict=True)]
        out = io.StringIO()
        writer = csv.DictWriter(out, lines[0])
        writer.writeheader()
        writer.writerows(lines)
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Message-ID"] = sender, order["Reply-To"], "<a1@leaf.example>"
        mail.set_content("See attachment.")
        mail.add_attachment(out.getvalue().encode(), maintype="text", subtype="csv", filename="order.csv")
        return self.shop.receive("leaf", Transmission("leaf", "message/rfc822", mail.as_bytes()))


def test_a_crossing_is_told_ordered_answered_and_told_again():
    house = House()
    house.sells(12)
    (alert,) = house.mails("buyers@shop.example")
    assert "TEA at WH1 is below its" in alert["Subject"]
    (order,) = house.mails("orders@leaf.example")
    (part,) = order.iter_attachments()
    (line,) = csv.DictReader(io.StringIO(part.get_content(), newline=""))
    assert (line["Item"], line["Our item"], line["Price"]) == ("'=T-100", "TEA", "2.505")
    assert int(line["Quantity"]) % 12 == 0
    (purchase,) = house.shop.purchases(None)
    report = house.answers({"Answer": "changed", "Confirmed quantity": "24", "Confirmed date": "2026-01-20"})
    assert not report.problems
    house.work()
    known = house.shop.purchase(purchase.purchase)
    assert (known.status, known.lines["1"].answer) == ("acknowledged", "changed")
    told = house.mails("buyers@shop.example")[-1]
    assert "answered by the supplier" in told["Subject"]
    assert "24 on 2026-01-20" in told.get_body(("plain",)).get_content()
    assert_consistent(house.shop)


def test_the_same_answer_twice_is_once_and_a_stranger_is_not_heard():
    house = House()
    house.sells(12)
    with pytest.raises(AuthenticationFailed):
        house.answers({"Answer": "accepted"}, sender="sales@evil.example")
    for _ in range(2):
        house.answers({"Answer": "accepted", "Confirmed date": "2026-01-20"})
    house.work()
    assert len([one for one in house.mails("buyers@shop.example") if "answered" in one["Subject"]]) == 1


def test_a_supplier_answers_its_own_purchases_and_no_other():
    house = House()
    house.shop.handle(PutSupplier("OTHER", "EUR", instance="other"))
    house.sells(12)
    house.shop.handle(PutSupplier("LEAF", "EUR", instance="other"))  # the purchase is somebody else's now
    report = house.answers({"Answer": "rejected"})
    assert [problem.code for problem in report.problems] == ["not_found"]
    assert house.shop.purchase("LEAF-1").status == "sent"


def test_a_supplier_that_does_not_answer_is_reminded_by_a_mail_of_that_day():
    house = House()
    house.sells(12)
    house.work(hours=25)
    order, reminder = house.mails("orders@leaf.example")
    assert reminder["Subject"].startswith("Reminder 1: purchase order LEAF-")
    assert order["Message-ID"] != reminder["Message-ID"]
    assert reminder["Date"].datetime.date() - order["Date"].datetime.date() == date(2026, 1, 6) - date(2026, 1, 5)


def test_an_order_whose_fate_is_unknown_is_not_sent_twice():
    house = House(["lost_after"] * 2)
    house.sells(12)
    for _ in range(10):
        house.work(hours=2)
    assert len(house.mails("orders@leaf.example")) == 1
    assert "supplier.send" in {row.summary.kind for row in house.shop.effects("uncertain")}

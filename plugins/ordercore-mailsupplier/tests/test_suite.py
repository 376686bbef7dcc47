"""The supplier keeps the rules for all suppliers."""

import csv
import io
from decimal import Decimal
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import ClassVar

from attrs import evolve

from ordercore.ports import Transmission
from ordercore.readable import unguarded
from ordercore.testing import SupplierSuite
from ordercore_mailsupplier.supplier import KIND

TOKEN = "0123456789abcdef0123"
HEADINGS = ("Order", "Line", "Answer", "Confirmed quantity", "Confirmed date", "Confirmed price")


class TestMailSupplier(SupplierSuite):
    kind = KIND
    settings: ClassVar = {
        "sender": "shop@shop.example", "recipients": ["orders@leaf.example"], "reply_to": "buying@shop.example",
        "answer": {"currency": "EUR"}, "trust": {"senders": ["leaf.example"], "token": TOKEN},
    }  # fmt: skip
    secrets = (TOKEN, "shop@shop.example", "orders@leaf.example")
    send = acknowledge = table = dates = prices = True

    def rows(self, requests):
        mail = message_from_bytes(requests[0].message, policy=default)
        (part,) = mail.iter_attachments()
        return list(csv.DictReader(io.StringIO(part.get_payload(decode=True).decode(), newline="")))

    def lines_of(self, requests):
        return {unguarded(row["Line"]): Decimal(row["Quantity"]) for row in self.rows(requests)}

    def cells(self, requests):
        return [cell for row in self.rows(requests) for cell in row.values()]

    def answer(self, number, lines):
        return self.mail([[number, *cells(line)] for line in lines])

    def spoiled(self, number, good, bad):
        return self.mail([*([number, *cells(line)] for line in good), [number, bad, "accepted", "many", "", ""]])

    def mail(self, rows, sender="sales@leaf.example", token=TOKEN):
        out = io.StringIO()
        csv.writer(out).writerows([HEADINGS, *rows])
        mail = EmailMessage()
        mail["From"], mail["To"] = sender, f"buying+{token}@shop.example"
        mail.set_content("See attachment.")
        mail.add_attachment(out.getvalue().encode(), maintype="text", subtype="csv", filename="answer.csv")
        for number, part in enumerate(mail.walk()):
            if part.is_multipart():
                part.set_boundary(f"boundary-{number}")
        return Transmission("account", "message/rfc822", mail.as_bytes())

    def signed(self, transmission):
        return transmission

    def forged(self, transmission):
        yield self.mail([], sender="sales@evil.example")
        yield self.mail([], token="1" * 20)
        yield evolve(transmission, media_type="text/csv")
        yield evolve(transmission, body=b"")


class TestFilesByHand(TestMailSupplier):
    """Answers that come as files with the token in a header."""

    def mail(self, rows, token=TOKEN):
        out = io.StringIO()
        csv.writer(out).writerows([HEADINGS, *rows])
        return Transmission("account", "text/csv", out.getvalue().encode(), {"X-Ordercore-Token": token})

    def forged(self, transmission):
        yield self.mail([], token="1" * 20)
        yield evolve(transmission, headers={})


def cells(line):
    return [
        line.line,
        line.answer,
        str(line.quantity.value),
        line.confirmed_on.isoformat(),
        str(line.unit_price.decimal),
    ]

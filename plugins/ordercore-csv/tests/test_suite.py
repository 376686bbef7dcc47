"""The CSV channel keeps the rules of docs/channels.md."""

import csv
import io
from typing import ClassVar

from ordercore.testing.channel_suite import ChannelSuite, Document, Facts, Sample
from ordercore_csv import ordercore_register_channels

(KIND,) = ordercore_register_channels()
COLUMNS = {
    "order": "Order", "line": "Line", "sku": "Item", "quantity": "Qty", "unit_price": "Price", "currency": "Cur",
    "placed_at": "When", "updated_at": "Changed", "title": "Title", "name": "Name", "address": "Street", "city": "City",
    "postal_code": "Zip", "country": "Land", "phone": "Phone", "email": "Mail",
}  # fmt: skip
SAMPLE = """Order,Line,Item,Qty,Price,Cur,When,Changed,Title,Name,Street,City,Zip,Land,Phone,Mail
1001,1,TEA,2,10.00,EUR,2026-03-01T09:00,,Tea,Placeholder Person,1 Invented Road,Exampleton,00001,DE,+00 000 000,p@example.com
1002,1,CUP,1,7.50,EUR,2026-03-01T10:00,,Cup,,,,,,,
1001,2,POST,1,4.95,EUR,2026-03-01T09:00,,,Placeholder Person,1 Invented Road,Exampleton,00001,DE,+00 000 000,p@example.com
"""


def rows(order):
    to = order.ship_to
    address = [to.name, *to.lines, to.city, to.postal_code, to.country, to.phone, to.email] if to else [""] * 7
    for line in order.lines:
        yield [
            order.order, line.line_id, line.sku, f"{line.quantity:f}", f"{line.price:f}", order.currency,
            order.placed_at.isoformat(), order.updated_at.isoformat(), line.title, *address,
        ]  # fmt: skip


class TestCsv(ChannelSuite):
    file = rows = many = addresses = text_ids = fractions = True
    kind = KIND
    settings: ClassVar = {
        "file": {"encoding": "utf-8", "time_zone": "Europe/Berlin"},
        "columns": COLUMNS,
        "order": {"currency": "EUR"},
        "lines": {"untracked": ["POST"]},
    }

    def samples(self):
        first, second = Facts("1001", 1, 2, "EUR", "24.95", "DE"), Facts("1002", 1, 1, "EUR", "7.50")
        personal = ("Placeholder", "Invented", "p@example", "000 000")
        return [Sample("two orders", Document(SAMPLE.encode(), "text/csv"), (first, second), personal=personal)]

    def document(self, orders):
        out = io.StringIO()
        table = csv.writer(out, lineterminator="\n")
        table.writerow(COLUMNS.values())
        for order in orders:
            table.writerows(rows(order))
        return Document(out.getvalue().encode(), "text/csv")

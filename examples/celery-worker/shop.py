"""The wiring of a small shop: its kernel, and its tasks in a Celery app. The web process and the workers import it."""

import os
from collections import Counter
from pathlib import Path

from attrs import frozen
from celery import Celery

from ordercore import Kernel
from ordercore.flow import read
from ordercore.hooks import hookimpl
from ordercore.message import DocumentType
from ordercore.notifiers import EmailNotifier
from ordercore.order.events import OrderPlaced
from ordercore.store import PutDocument, ReadDocument
from ordercore.transport import FolderTransport
from ordercore_celery import Tasks

FOLDER = Path(os.environ.get("SHOP_FOLDER", "celery-worker")).absolute()
QUEUE, OUTBOX = FOLDER / "queue", FOLDER / "outbox"


@frozen
class Sold:
    """Units ordered of an item."""

    units: int


class SalesOfItems:
    """A projection: however many workers there are and whenever one is killed, each order counts once."""

    name = "sales"

    def project(self, records):
        more = Counter()
        for record in records:
            if isinstance(record.event, OrderPlaced):
                for line in record.event.lines:
                    more[line.sku] += line.quantity
        asked = {sku: ReadDocument("shop.sold", sku) for sku in more}
        snapshot = yield from read(*asked.values())
        before = {sku: found.body.units for sku, query in asked.items() if (found := snapshot.of(query))}
        return [PutDocument("shop.sold", sku, Sold(before.get(sku, 0) + units)) for sku, units in more.items()]

    @hookimpl
    def ordercore_register_events(self):
        return [DocumentType("shop.sold", Sold)]


def open_kernel(wake=None):
    """A kernel on the shop's file; a mail to the packers for every order, as files in a folder."""
    for folder in (QUEUE, OUTBOX):
        folder.mkdir(parents=True, exist_ok=True)
    sales = SalesOfItems()
    packers = EmailNotifier("packers", "shop@example.com", ["packers@example.com"], ["order.placed"])
    return Kernel.open(
        f"sqlite:///{FOLDER / 'shop.db'}", plugins=[sales], followers=[sales], notifiers={"packers": packers},
        transport=FolderTransport(OUTBOX), wake=wake,
    )  # fmt: skip


app = Celery("shop", broker="filesystem://")
app.conf.update(
    broker_transport_options={"data_folder_in": QUEUE, "data_folder_out": QUEUE, "control_folder": FOLDER / "control"},
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)

tasks = Tasks(app, lambda tenant: open_kernel(), name="shop", sweep_seconds=5)
app.conf.beat_schedule = tasks.schedule

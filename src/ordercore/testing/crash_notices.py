"""Kill -9 while people and systems are told over real connections: to a mail server and a web server on this machine."""

from __future__ import annotations

import itertools
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from ordercore.kernel import Kernel
from ordercore.notifiers import EmailNotifier, WebhookNotifier
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing.builders import given_stock, place
from ordercore.testing.clock import START, ManualClock
from ordercore.transport import HttpTransport, Reach, Routes, SmtpTransport

SECRET: Final = "whsec_bm90IGEgc2VjcmV0LCBub3QgYSBzZWNyZXQ="  # noqa: S105  # of nothing
HOST: Final = "127.0.0.1"
KINDS: Final = ("order.placed",)
SECONDS: Final = 30
"""No answer is lost because the machine has much to do: what is under way when a worker is killed is what this is about."""


def opened(folder: Path, mail_port: int, web_port: int, number: int) -> Kernel:
    """The shop in this folder as of round `number`: each begins ten minutes later, when no worker is still at it."""
    mail = EmailNotifier("ops", "shop@example.com", ["ops@example.com"], KINDS)
    web = WebhookNotifier("erp", f"http://{HOST}:{web_port}/hooks", [SECRET], KINDS, timeout_seconds=SECONDS)
    routes = Routes(
        http=HttpTransport(Reach(private=[HOST])),
        mail=SmtpTransport(
            HOST, mail_port, security="none", timeout_seconds=SECONDS, local_hostname="shop.example.com"
        ),
    )
    return Kernel(
        SQLiteStore(folder / "shop.db", synchronous="NORMAL"), clock=ManualClock(START + timedelta(minutes=10 * number)),
        notifiers={"ops": mail, "erp": web}, transport=routes,
    )  # fmt: skip


def tell_until_killed(folder: Path, mail_port: int, web_port: int, number: int, pipe: Connection) -> None:
    """Place orders, tell of them, and say each order once it is committed."""
    kernel = opened(folder, mail_port, web_port, number)
    given_stock(kernel, {"WH1": {"TEA": 1_000}})
    for turn in itertools.count():
        for part in "abcd":
            order = place(kernel, {"TEA": 1}, external_id=f"{number}-{turn}{part}")
            pipe.send_bytes(f"{order} ".encode())
        kernel.work(until_idle=True)

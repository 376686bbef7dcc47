"""Kill -9 while effects are performed against a carrier that writes down what was booked."""

from __future__ import annotations

import itertools
import random
import time
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from ordercore.kernel import Kernel
from ordercore.policies import EffectPolicy, Policies
from ordercore.ports import CarrierCapability, Request, Response
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import sample_effects
from ordercore.testing.builders import given_stock, place
from ordercore.testing.carrier import MemoryCarrier
from ordercore.testing.clock import START, ManualClock
from ordercore.testing.outside import CarrierDesk, FileLedger
from ordercore.testing.transports import Fault, FaultyTransport

QUERY: Final[tuple[CarrierCapability, ...]] = ("book", "query")
BLIND: Final[tuple[CarrierCapability, ...]] = ("book",)
PATIENT: Final = Policies(effects=EffectPolicy(attempts=1_000))
"""How far a round comes, and so how often an effect meets faults, depends on the machine: giving up is tested elsewhere."""

_FAULTS: Final[tuple[Fault, ...]] = ("none", "none", "none", "none", "unreached", "lost_before", "lost_after")


class _SlowDesk(CarrierDesk):
    """Takes its time after something has arrived: there the kill is to hit."""

    def send(self, request: Request) -> Response:
        """Answer, then wait a little."""
        response = super().send(request)
        time.sleep(0.002)
        return response


def opened(folder: Path, capabilities: tuple[CarrierCapability, ...], number: int, *, faults: bool) -> Kernel:
    """The shop in this folder and its carrier, as of round `number`: each begins an hour later."""
    chance = random.Random(number)  # noqa: S311  # the same each time
    script = chance.choices(_FAULTS, k=10_000) if faults else []
    desk = _SlowDesk(FileLedger(folder / "ledger"))
    return Kernel(
        SQLiteStore(folder / "shop.db", synchronous="NORMAL"), clock=ManualClock(START + timedelta(hours=number)),
        carriers={"memory": MemoryCarrier("memory", capabilities)}, transport=FaultyTransport(desk, script),
        policies=PATIENT,
    )  # fmt: skip


def perform_until_killed(
    folder: Path, capabilities: tuple[CarrierCapability, ...], number: int, pipe: Connection
) -> None:
    """Want bookings and perform them, two at a time; say what was wanted once that is committed."""
    sample_effects.install()
    kernel = opened(folder, capabilities, number, faults=True)
    clock = kernel.core.clock
    assert isinstance(clock, ManualClock)
    given_stock(kernel, {"WH1": {"TEA": 1}})
    order = place(kernel, {"TEA": 1}, external_id=str(number))
    for turn in itertools.count():
        for part in ("a", "b"):
            kernel.handle(sample_effects.WantBooking(order, f"{number}.{turn}{part}"))
            pipe.send_bytes(f"{number}.{turn}{part} ".encode())
        kernel.work(until_idle=True)
        clock.advance(seconds=20)

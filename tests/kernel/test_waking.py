"""After a commit to a durable store somebody is woken; that nobody can be is no failure of the command."""

import asyncio
import logging

import pytest

from ordercore import AsyncKernel, Kernel, PutItem
from ordercore.errors import Rejected
from ordercore.stock import AdjustStock
from ordercore.store.memory import MemoryStore
from ordercore.testing import ManualClock


class Durable(MemoryStore):
    capabilities = MemoryStore.capabilities | {"durable"}


def test_each_call_that_may_have_committed_wakes_once():
    woken = []
    shop = Kernel(Durable(), clock=ManualClock(), wake=lambda: woken.append(1))
    shop.handle(PutItem("TEA"))
    shop.handle_many([PutItem("CUP"), PutItem("POT")])
    assert len(woken) == 2
    with pytest.raises(Rejected):
        shop.handle(AdjustStock("WH1", "TEA", -1, "gone"))
    shop.work(until_idle=True)
    assert len(woken) == 2


def test_a_store_that_works_by_itself_wakes_nobody():
    woken = []
    Kernel(clock=ManualClock(), wake=lambda: woken.append(1)).handle(PutItem("TEA"))
    assert woken == []


def test_that_nobody_can_be_woken_is_logged_and_the_command_stands(caplog):
    def away():
        raise ConnectionError("amqp://jane:secret@mq")

    async def run():
        await AsyncKernel(Durable(), clock=ManualClock(), wake=away).handle(PutItem("TEA"))

    with caplog.at_level(logging.WARNING, "ordercore"):
        assert Kernel(Durable(), clock=ManualClock(), wake=away).handle(PutItem("TEA"))
        asyncio.run(run())
    assert [record.getMessage() for record in caplog.records] == ["nobody could be woken: ConnectionError"] * 2


def test_an_asynchronous_kernel_wakes_as_well():
    woken = []

    async def run():
        await AsyncKernel(Durable(), clock=ManualClock(), wake=lambda: woken.append(1)).handle(PutItem("TEA"))

    asyncio.run(run())
    assert woken == [1]

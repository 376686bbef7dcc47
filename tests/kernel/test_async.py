"""The asynchronous kernel has the same names and signatures, and comes to the same."""

import asyncio
import inspect

import pytest

from ordercore import AsyncKernel, Insufficient, Kernel, ReceiveStock, Ship
from ordercore.errors import Rejected
from ordercore.order import CancelLines, ConfirmDelivery, RecordPayment
from ordercore.stock import CartLine, Received, ReserveCart
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import CountedIds, ManualClock, an_order

COMMANDS = (
    ReceiveStock("WH1", [Received("TEA", 5), Received("MILK", 3, "L1")], "dock", "1"),
    an_order({"TEA": 3, "postage": 1}),
    an_order({"TEA": 3, "postage": 1}),
    an_order({"TEA": 4}),
    an_order({"TEA": 3}, external_id="2"),
    an_order({"TEA": 3}, external_id="3", shortage="backorder"),
    ReserveCart("C1", [CartLine("1", "MILK", 2)], 60),
    Ship("shop:1001"),
    Ship("shop:1001"),
    ReceiveStock("WH2", [Received("TEA", 2)], "dock", "2"),
    CancelLines("shop:3", {"1": 1}),
    RecordPayment("shop:1001", "r1", "charge", "4.00"),
    ConfirmDelivery("shop:1001"),
)


def names(cls):
    return {name for name in vars(cls) if not name.startswith("_")}


def test_both_kernels_have_the_same_names_and_parameters():
    assert names(Kernel) == names(AsyncKernel)
    for name in names(Kernel):
        if isinstance(getattr(Kernel, name), property):
            assert isinstance(getattr(AsyncKernel, name), property)
            continue
        one, other = inspect.signature(getattr(Kernel, name)), inspect.signature(getattr(AsyncKernel, name))
        extra = {"executor"} if name == "open" else set()
        assert set(other.parameters) - set(one.parameters) == extra, name
        for parameter in one.parameters.values():
            assert other.parameters[parameter.name] == parameter, (name, parameter)
        assert one.return_annotation == other.return_annotation or name == "open", name
    init = (
        inspect.signature(AsyncKernel.__init__).parameters.keys() - inspect.signature(Kernel.__init__).parameters.keys()
    )
    assert init == {"executor"}


def stores(kind, folder):
    return MemoryStore() if kind == "memory" else SQLiteStore(folder / "shop.db", synchronous="NORMAL")


def told(outcome):
    if isinstance(outcome, Rejected):
        return outcome.code, outcome.fields
    return outcome.command_id, outcome.duplicate, outcome.result, outcome.appended


def synchronously(store, commands):
    clock = ManualClock()
    kernel = Kernel(store, clock=clock, ids=CountedIds())
    seen = []
    for command in commands:
        try:
            seen.append(told(kernel.handle(command)))
        except Rejected as error:
            seen.append(told(error))
    seen += [
        told(result) for result in kernel.handle_many([an_order({"MILK": 1}, external_id=str(n)) for n in range(3)])
    ]
    clock.advance(minutes=5)
    kernel.work(until_idle=True)
    seen += [kernel.order("shop:1001"), kernel.timeline("shop:1001"), kernel.orders("confirmed"), kernel.stock("TEA")]
    seen += [kernel.available("TEA"), kernel.explain("shop:1001"), kernel.quarantine(), kernel.verify()]
    seen += [[(m.change, m.on_hand) for m in kernel.why("TEA", "WH1").movements], len(kernel.log(limit=500).records)]
    kernel.close()
    return seen


async def asynchronously(store, commands):
    clock = ManualClock()
    async with AsyncKernel(store, clock=clock, ids=CountedIds()) as kernel:
        seen = []
        for command in commands:
            try:
                seen.append(told(await kernel.handle(command)))
            except Rejected as error:
                seen.append(told(error))
        many = await kernel.handle_many([an_order({"MILK": 1}, external_id=str(n)) for n in range(3)])
        seen += [told(result) for result in many]
        clock.advance(minutes=5)
        await kernel.work(until_idle=True)
        seen += [await kernel.order("shop:1001"), await kernel.timeline("shop:1001"), await kernel.orders("confirmed")]
        seen += [await kernel.stock("TEA"), await kernel.available("TEA"), await kernel.explain("shop:1001")]
        seen += [await kernel.quarantine(), await kernel.verify()]
        why = await kernel.why("TEA", "WH1")
        seen += [[(m.change, m.on_hand) for m in why.movements], len((await kernel.log(limit=500)).records)]
        return seen


def test_both_kernels_on_both_stores_come_to_the_same(tmp_path, furniture):
    commands = (*furniture, *COMMANDS)
    runs = []
    for kind in ("memory", "sqlite"):
        for way in ("sync", "async"):
            folder = tmp_path / f"{kind}-{way}"
            folder.mkdir()
            store = stores(kind, folder)
            runs.append(
                synchronously(store, commands) if way == "sync" else asyncio.run(asynchronously(store, commands))
            )
    codes = [entry[0] for entry in runs[0] if isinstance(entry, tuple) and len(entry) == 2]
    assert {"mismatch", "insufficient", "exceeds_quantity"} <= set(codes)
    for run in runs[1:]:
        assert run == runs[0]


def test_tasks_of_one_loop_share_a_kernel(tmp_path, furniture):
    async def race():
        async with AsyncKernel.open(f"sqlite:///{tmp_path / 'shop.db'}", clock=ManualClock()) as kernel:
            for command in (*furniture, COMMANDS[0]):
                await kernel.handle(command)
            results = await asyncio.gather(
                *(kernel.handle(an_order({"TEA": 1}, external_id=str(n))) for n in range(12)), return_exceptions=True
            )
            assert sum(isinstance(result, Insufficient) for result in results) == 7
            assert await kernel.available("TEA") == 0
            assert await kernel.verify() == ()

    asyncio.run(race())


def test_a_refusal_is_raised_where_it_is_awaited():
    async def refuse():
        async with AsyncKernel() as kernel:
            with pytest.raises(Rejected):
                await kernel.handle(Ship("shop:none"))

    asyncio.run(refuse())

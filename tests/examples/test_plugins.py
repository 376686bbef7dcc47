"""The plugins in examples/plugins do what they say, handed to a kernel and found in their folder."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercore import Address, Kernel, Ship
from ordercore.cli import main
from ordercore.errors import Held, Refused
from ordercore.order import AddHold, PickLines, ReleaseHold, ReleaseOrder
from ordercore.testing import ManualClock, given_stock, place
from ordercore.wiring import discover

FOLDER = Path(__file__).parent.parent.parent / "examples" / "plugins"
FOUND = {one.name: one.module for one in discover(folders=[FOLDER])}
export, room, units = (FOUND[name] for name in ("export_control", "chat_room", "units_per_day"))


def shop(*plugins, clock=None, **options):
    kernel = Kernel(plugins=plugins, clock=clock or ManualClock(), **options)
    given_stock(kernel, {"WH1": {"TEA": 100, "CUP": 100}})
    return kernel


def test_all_three_are_found_in_their_folder_and_have_no_problems(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORDERCORE_PLUGINS", "export_control,chat_room,units_per_day")
    assert main(["plugins", "doctor", "--plugins-dir", str(FOLDER)]) == 0
    assert "3 plugins, none with problems." in capsys.readouterr().out


# Export control.

LISTED = Address("XA", city="Port Example")
STEPS = [Ship, ReleaseOrder, lambda order: PickLines(order, "F1")]


@pytest.fixture
def exporting():
    return shop(export)


def test_an_order_to_a_listed_country_waits_with_a_hold(exporting):
    order = place(exporting, {"TEA": 1}, ship_to=LISTED)
    assert [(hold.hold, hold.kind) for hold in exporting.order(order).holds] == [("export", "compliance")]
    with pytest.raises((Held, Refused)):
        exporting.handle(Ship(order))


def test_it_is_shipped_once_the_desk_has_released_it(exporting):
    order = place(exporting, {"TEA": 1}, ship_to=LISTED)
    exporting.handle(ReleaseHold(order, "export"), actor="export-desk/ada")
    exporting.handle(Ship(order))
    assert exporting.order(order).fulfillment_status == "fulfilled"
    assert exporting.verify() == ()


def test_nobody_else_releases_it(exporting):
    order = place(exporting, {"TEA": 1}, ship_to=LISTED)
    for actor in ("", "shop", "export-desks", "ada/export-desk"):
        with pytest.raises(Refused) as refused:
            exporting.handle(ReleaseHold(order, "export"), actor=actor)
        assert refused.value.reason == "not_the_export_desk"


def test_nobody_writes_the_note_by_hand(exporting):
    order = place(exporting, {"TEA": 1}, ship_to=LISTED)
    for actor in ("", "export-desk", "reaction:other"):
        with pytest.raises(Refused) as refused:
            exporting.handle(AddHold(order, "export-cleared", blocks=()), actor=actor)
        assert refused.value.reason == "not_by_hand"


@pytest.mark.parametrize("step", STEPS, ids=["ship", "release", "pick"])
def test_without_its_reaction_the_guard_refuses_all_the_same(step):
    class GuardAlone:
        ordercore_guard = staticmethod(export.ordercore_guard)

    kernel = shop(GuardAlone())
    order = place(kernel, {"TEA": 1}, ship_to=LISTED)
    with pytest.raises(Refused) as refused:
        kernel.handle(step(order))
    assert refused.value.reason == "export_hold"


def test_orders_to_other_countries_and_other_holds_are_left_alone(exporting):
    order = place(exporting, {"TEA": 1}, ship_to=Address("DE"))
    exporting.handle(AddHold(order, "fraud", blocks=("ship",)))
    exporting.handle(ReleaseHold(order, "fraud"))
    exporting.handle(Ship(order))
    assert exporting.order(order).holds == ()


def test_the_note_lasts_longer_than_the_process(tmp_path):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with Kernel.open(url, plugins=[export], clock=ManualClock()) as kernel:
        given_stock(kernel, {"WH1": {"TEA": 5}})
        order = place(kernel, {"TEA": 1}, ship_to=LISTED)
        with pytest.raises(Refused):  # before any worker has put the hold on
            kernel.handle(Ship(order))
        kernel.work(until_idle=True)
        kernel.handle(ReleaseHold(order, "export"), actor="export-desk")
        kernel.work(until_idle=True)
    with Kernel.open(url, plugins=[export], clock=ManualClock()) as kernel:
        kernel.handle(Ship(order))


# The chat room.


def test_messages_say_what_happened_and_never_to_whom():
    said = []
    kernel = shop(room.ChatRoom(said.append))
    person = Address("DE", name="Placeholder Person", city="Exampleton")
    order = place(kernel, {"TEA": 2, "CUP": 1}, external_id="1001", ship_to=person)
    kernel.handle(Ship(order))
    place(kernel, {"TEA": 500}, external_id="2", shortage="backorder")
    texts = [message.text for message in said]
    assert texts[0].startswith(":package: *shop:1001* came in: 2 lines, ")
    assert ":truck: *shop:1001* left with 3 units" in texts
    assert any("*shop:2* waits for" in text for text in texts)
    assert "Placeholder" not in repr(said)


def test_a_message_that_was_not_sent_comes_again_under_its_key():
    said, down = [], [True]

    def send(message):
        if down:
            down.clear()
            raise ConnectionError
        said.append(message)

    kernel = shop(room.ChatRoom(send))
    place(kernel, {"TEA": 1}, external_id="1001")
    kernel.work(until_idle=True)
    assert [message.key for message in said] == ["order/shop:1001/1"]


def test_as_one_file_it_prints(monkeypatch, capsys):
    kernel = shop(room)
    place(kernel, {"TEA": 1}, external_id="1001")
    assert "*shop:1001* came in: 1 line," in capsys.readouterr().err


# Units per day.


def test_units_are_counted_by_the_day_they_were_ordered(tmp_path):
    projection = units.UnitsPerDay(tmp_path / "units.db")
    clock = ManualClock()
    clock.set(datetime(2026, 3, 2, 23, 0, tzinfo=UTC))
    kernel = shop(projection, clock=clock)
    place(kernel, {"TEA": 2, "CUP": 1}, external_id="1")
    clock.advance(hours=2)
    place(kernel, {"TEA": 3}, external_id="2")
    assert projection.units() == {("2026-03-02", "CUP"): 1, ("2026-03-02", "TEA"): 2, ("2026-03-03", "TEA"): 3}


@given(st.lists(st.integers(0, 6), max_size=8))
@settings(max_examples=15)
def test_the_sums_are_right_however_often_the_log_is_read(tmp_path_factory, repeats):
    projection = units.UnitsPerDay(tmp_path_factory.mktemp("units") / "units.db")
    kernel = shop()
    for n in range(3):
        place(kernel, {"TEA": n + 1}, external_id=str(n))
    records = kernel.log().records
    for first in repeats:
        projection.apply(records[first:])
    projection.apply(records)
    assert sum(projection.units().values()) == 6

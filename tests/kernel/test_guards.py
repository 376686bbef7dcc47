import pytest

from ordercore import PlaceOrder, PutItem, ReceiveStock, Ship
from ordercore.errors import BrokenRule, ConfigurationError, NotFound, Refused
from ordercore.hooks import Refusal, hookimpl
from ordercore.order import AddHold, AllocateOrder, Order, ShortPick
from ordercore.plan import Leg
from ordercore.stock import (
    AdjustStock,
    CartLine,
    CountStock,
    MoveStock,
    Received,
    ReserveCart,
    SendTransfer,
    TransferLine,
)
from ordercore.testing import an_order, given_stock, place


class Limits:
    """At most three units an order; refuses what it is told to."""

    def __init__(self):
        self.asked = []
        self.fails = False
        self.refuses = ()

    @hookimpl
    def ordercore_guard(self, command, state, context):
        self.asked.append((type(command), state))
        if self.fails:
            raise KeyError("limits.txt")
        if type(command) in self.refuses:
            return Refusal("closed", "Not now.")
        if isinstance(command, PlaceOrder) and sum(line.quantity for line in command.lines) > 3:
            return Refusal("too_many", "At most three units, please.")
        return None


@pytest.fixture
def limits():
    return Limits()


@pytest.fixture
def guarded(make_shop, limits):
    shop = make_shop(plugins=[limits])
    given_stock(shop, {"WH1": {"TEA": 9}, "WH2": {"TEA": 9}})
    return shop


def test_a_guards_refusal_reaches_the_caller_and_nothing_is_written(guarded):
    length = guarded.length()
    with pytest.raises(Refused) as caught:
        place(guarded, {"TEA": 4})
    assert (caught.value.reason, guarded.length()) == ("too_many", length)
    assert "three units" in str(caught.value)
    place(guarded, {"TEA": 3})


def test_a_guard_that_fails_refuses(guarded, limits):
    limits.fails = True
    with pytest.raises(Refused) as caught:
        place(guarded, {"TEA": 1})
    assert (caught.value.reason, caught.value.failure) == ("guard_failed", "KeyError")
    assert "limits.txt" not in str(caught.value)


@pytest.mark.parametrize("answer", [True, "no", 0])
def test_a_guard_that_says_anything_else_refuses(make_shop, answer):
    class Wrong:
        @hookimpl
        def ordercore_guard(self):
            return answer

    with pytest.raises(Refused) as caught:
        make_shop(plugins=[Wrong()])
    assert caught.value.failure == "wrong_type"


def test_a_guard_sees_what_the_command_would_act_on_and_again_after_a_conflict(guarded, limits):
    order = place(guarded, {"TEA": 1})
    limits.asked.clear()
    rival = guarded.rival()
    guarded.store.before_commit = [lambda: rival.handle(AddHold(order, "a", blocks=("pick",))) and None]
    guarded.handle(Ship(order))
    states = [state for command, state in limits.asked if command is Ship]
    assert [isinstance(state, Order) for state in states] == [True, True]
    assert [len(state.holds) for state in states] == [0, 1]


def test_a_repeat_is_answered_though_a_guard_would_refuse_it_now(guarded, limits):
    command = an_order({"TEA": 2})
    guarded.handle(command)
    limits.refuses = (PlaceOrder,)
    assert guarded.handle(command).duplicate


@pytest.mark.parametrize(
    "command",
    [
        PutItem("NEW"),
        an_order({"TEA": 1}, external_id="9"),
        AllocateOrder("shop:1"),
        ShortPick("shop:1", "F1", "1", 1),
        AddHold("shop:1", "a"),
        ReceiveStock("WH1", [Received("TEA", 1)]),
        AdjustStock("WH1", "TEA", 1, "found"),
        CountStock("WH1", "TEA", 1),
        MoveStock("WH1", "TEA", 1, "available", "damaged", "fell"),
        SendTransfer("T1", "WH1", "WH2", [TransferLine("TEA", 1)]),
        ReserveCart("C1", [CartLine("1", "TEA", 1)]),
    ],
    ids=lambda command: type(command).__name__,
)
def test_every_kind_of_command_is_guarded(guarded, limits, command):
    place(guarded, {"TEA": 1}, external_id="1")
    limits.refuses = (type(command),)
    length = guarded.length()
    with pytest.raises(Refused):
        guarded.handle(command)
    assert guarded.length() == length


def test_a_hook_that_is_none_is_named_with_the_nearest(make_shop):
    class Slip:
        @hookimpl
        def ordercore_gaurd(self):
            return None

    with pytest.raises(ConfigurationError) as caught:
        make_shop(plugins=[Slip()])
    assert "ordercore_guard" in caught.value.hint

    class TooMany:
        @hookimpl
        def ordercore_guard(self, command, weather):
            return None

    with pytest.raises(ConfigurationError):
        make_shop(plugins=[TooMany()])


class Greedy:
    """Plans more than there is."""

    name = "greedy"
    version = 1

    def __call__(self, request):
        return [Leg(d.line, d.sku, "loc/WH1", d.quantity) for d in request.demands]


class Brings:
    def __init__(self, *strategies):
        self.strategies = strategies

    @hookimpl
    def ordercore_register_strategies(self):
        return self.strategies


def test_a_strategy_of_a_plugin_is_used_by_name_and_never_trusted(make_shop):
    shop = make_shop(plugins=[Brings(Greedy())])
    given_stock(shop, {"WH1": {"TEA": 2}})
    length = shop.length()
    with pytest.raises(BrokenRule):
        place(shop, {"TEA": 3}, strategy="greedy")
    assert shop.length() == length
    place(shop, {"TEA": 2}, strategy="greedy")
    with pytest.raises(NotFound) as caught:
        place(shop, {"TEA": 1}, strategy="greddy")
    assert "greedy" in caught.value.hint


def test_names_are_claimed_once(make_shop):
    with pytest.raises(ConfigurationError):
        make_shop(plugins=[Brings(Greedy()), Brings(Greedy())])
    with pytest.raises(ConfigurationError):
        make_shop(strategy="no such strategy")

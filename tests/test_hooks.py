from types import SimpleNamespace

import pluggy
import pytest

from ordercore.hooks import PROJECT, OrdercoreHooks, Refusal, hookimpl
from ordercore.ports import ChannelKind


@pytest.fixture
def plugins():
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(OrdercoreHooks)
    return manager


def test_every_hook_says_what_it_is_for():
    specs = {name: spec for name, spec in vars(OrdercoreHooks).items() if not name.startswith("__")}
    assert specs
    assert all(name.startswith("ordercore_") and spec.__doc__ for name, spec in specs.items())


def test_a_plugin_registers_its_kinds_of_channels(plugins):
    kind = ChannelKind("paper", make=lambda instance, settings: None, capabilities={"file"})

    @hookimpl
    def ordercore_register_channels():
        return [kind]

    plugins.register(SimpleNamespace(ordercore_register_channels=ordercore_register_channels))
    assert plugins.hook.ordercore_register_channels() == [[kind]]


def test_a_guard_may_take_only_what_it_needs(plugins):
    @hookimpl
    def ordercore_guard(command):
        return Refusal("closed", f"No {command} today.")

    plugins.register(SimpleNamespace(ordercore_guard=ordercore_guard))
    answers = plugins.hook.ordercore_guard(command="sale", state=None, context=None)
    assert answers == [Refusal("closed", "No sale today.")]


def test_a_guard_with_another_parameter_is_refused_at_registration(plugins):
    @hookimpl
    def ordercore_guard(order):
        return None

    with pytest.raises(pluggy.PluginValidationError):
        plugins.register(SimpleNamespace(ordercore_guard=ordercore_guard))


def test_an_unknown_hook_is_found_by_the_check(plugins):
    @hookimpl
    def ordercore_register_chanels():
        return []

    plugins.register(SimpleNamespace(ordercore_register_chanels=ordercore_register_chanels))
    with pytest.raises(pluggy.PluginValidationError):
        plugins.check_pending()

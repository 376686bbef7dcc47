"""Whatever is wrong with a plugin has its name, and stops nobody but those who insist on it."""

import warnings
from pathlib import Path

import pluggy
import pytest

from ordercore import Kernel, PutItem
from ordercore.errors import ConfigurationError, Refused
from ordercore.hooks import Refusal, StoreKind, hookimpl
from ordercore.message import DocumentType, EventType
from ordercore.ports import CarrierKind, ChannelKind, NotifierKind, ScannerKind, SupplierKind
from ordercore.store.memory import MemoryStore
from ordercore.wiring import Plugins, PluginWarning, discover
from ordercore.wiring.discovery import FoundPlugin


def channel(name, **options):
    return ChannelKind(name, lambda instance, settings: None, {"file"}, **options)


def registers(what, answer):
    """A plugin with one register hook."""

    @hookimpl
    def hook(self):
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return type("Brings", (), {f"ordercore_register_{what}": hook})()


def guards(*answers, name="Guards"):
    @hookimpl
    def hook(self):
        return answers[0] if answers else None

    return type(name, (), {"ordercore_guard": hook})()


def marked(function, name):
    return type("Slips", (), {name: staticmethod(hookimpl(function))})()


class Unmarked:
    def ordercore_register_channels(self):
        return []


class Wraps:
    @hookimpl(wrapper=True)
    def ordercore_register_channels(self):
        return (yield)


class FromTheFuture:
    ORDERCORE_API = 2

    @hookimpl
    def ordercore_register_channels(self):
        return []


class Event:
    pass


PROBLEMS = {
    "unknown_hook": (marked(lambda: [None], "ordercore_register_chanels"), "Did you mean 'ordercore_register_channels'"),
    "wrong_argument": (marked(lambda order: [], "ordercore_guard"), "command, state, context"),
    "not_marked": (Unmarked(), "@hookimpl"),
    "no_hooks": (object(), "@hookimpl"),
    "hook_wrapper": (Wraps(), "wrapper=True"),
    "api_version": (FromTheFuture(), "Upgrade ordercore"),
    "hook_failed": (registers("channels", KeyError("x")), ""),
    "wrong_return": (registers("channels", None), "a ChannelKind"),
    "duplicate_name": (registers("strategies", [type("S", (), {"name": "nearest", "version": 1, "__call__": print})()]), "Rename"),
}  # fmt: skip


def lenient(plugin):
    return FoundPlugin("slip", plugin, "distribution", "acme-slip", "1.2")


@pytest.mark.parametrize("code", PROBLEMS)
def test_a_plugin_that_the_host_passes_is_insisted_on(code):
    plugin, hint = PROBLEMS[code]
    with pytest.raises(ConfigurationError) as caught:
        Kernel(plugins=[plugin])
    assert (caught.value.problem, hint in caught.value.hint) == (code, True)
    assert caught.value.plugin in str(caught.value)


@pytest.mark.parametrize("code", PROBLEMS)
def test_one_that_was_found_is_left_out_with_its_problem(code):
    plugin, hint = PROBLEMS[code]
    with pytest.warns(PluginWarning, match="Plugin slip is left out"):
        kernel = Kernel(plugins=[lenient(plugin)])
    (info,) = kernel.plugins
    (problem,) = info.problems
    assert (problem.plugin, problem.distribution, problem.code) == ("slip", "acme-slip", code)
    assert hint in problem.hint
    assert (info.usable, dict(info.brings)) == (False, {})


@pytest.mark.parametrize("code", PROBLEMS)
def test_strict_turns_every_problem_into_an_error(code, tmp_path, monkeypatch):
    found = FoundPlugin("slip", PROBLEMS[code][0], strict=True)
    with pytest.raises(ConfigurationError):
        Plugins([found])


@pytest.mark.parametrize("wanted", [2, 0, "1", None, True])
def test_both_api_versions_are_said(wanted):
    plugin = registers("channels", [])
    type(plugin).ORDERCORE_API = wanted
    with pytest.raises(ConfigurationError, match=rf"wants API version {wanted!r}; ordercore offers 1 and supports 1"):
        Plugins([plugin])


def test_a_kind_may_want_another_api_version_than_its_plugin():
    with pytest.raises(ConfigurationError, match=r"channels kind 'paper'.* wants API version 3"):
        Plugins([registers("channels", [channel("paper", api_version=3)])])


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("channels", [object()]),
        ("channels", channel("paper")),
        ("channels", "paper"),
        ("channels", {"paper": channel("paper")}),
        ("carriers", [channel("paper")]),
        ("suppliers", 5),
        ("scanners", [None]),
        ("notifiers", [NotifierKind]),
        ("projections", [lambda records: None]),
        ("reports", ["folder"]),
        ("strategies", [lambda request: ()]),
        ("stores", [MemoryStore()]),
        ("events", [Event]),
    ],
)
def test_what_is_not_a_list_of_the_right_thing_is_said_with_what_is(what, answer):
    with pytest.raises(ConfigurationError) as caught:
        Plugins([registers(what, answer)])
    assert caught.value.problem == "wrong_return"
    assert "It returns a list" in caught.value.hint


def test_a_coroutine_is_no_list_and_is_closed():
    async def later():
        return []

    with pytest.raises(ConfigurationError, match="returned a coroutine"):
        Plugins([registers("channels", later())])


def test_a_generator_that_breaks_half_way_is_the_plugins_failure():
    def some():
        yield channel("paper")
        raise OSError

    with pytest.raises(ConfigurationError, match="raised OSError"):
        Plugins([registers("channels", some())])


def make(instance, settings):
    return None


class Tea:
    name = "tea"
    version = 1

    def __call__(self, request):
        return ()

    def apply(self, records):
        pass


BROUGHT = {
    "channels": [channel("paper")],
    "carriers": [CarrierKind("cart", make, {"rate"})],
    "suppliers": [SupplierKind("mill", make, {"send"})],
    "scanners": [ScannerKind("eye", make)],
    "notifiers": [NotifierKind("bell", make)],
    "projections": [Tea()],
    "reports": [Path("reports")],
    "strategies": [Tea()],
    "stores": [StoreKind("shelf", lambda url: MemoryStore())],
    "events": [EventType("acme.wrapped", 1, Event), DocumentType("acme.wrapped", Tea)],
}


@pytest.mark.parametrize("what", BROUGHT)
def test_what_a_plugin_brings_is_named_and_claimed_once(what):
    first, second = registers(what, BROUGHT[what]), registers(what, BROUGHT[what])
    with pytest.warns(PluginWarning):
        plugins = Plugins([lenient(second), first])
    used, left_out = plugins.infos
    assert len(used.brings[what]) == len(BROUGHT[what])
    assert [problem.code for problem in left_out.problems] == ["duplicate_name"]
    assert "Brings has already" in left_out.problems[0].message
    with pytest.raises(ConfigurationError):
        Plugins([first, second])


@pytest.mark.parametrize(
    ("what", "one"),
    [
        ("strategies", type("S", (), {"name": "nearest", "version": 1, "__call__": print})()),
        ("stores", StoreKind("sqlite", lambda url: MemoryStore())),
        ("projections", type("F", (), {"name": "journal", "apply": print})()),
        ("events", EventType("order.gift_wrapped", 1, Event)),
        ("events", DocumentType("item.price", Event)),
    ],
)
def test_names_of_the_core_are_taken(what, one):
    with pytest.raises(ConfigurationError, match="ordercore has already"):
        Plugins([registers(what, [one])])


def test_a_plugin_is_used_whole_or_not_at_all():
    class Half:
        @hookimpl
        def ordercore_register_channels(self):
            return [channel("paper")]

        @hookimpl
        def ordercore_register_strategies(self):
            raise OSError

    with pytest.warns(PluginWarning):
        plugins = Plugins([lenient(Half())])
    assert dict(plugins.channel_kinds()) == {}


def test_a_found_plugin_that_the_host_passes_too_is_one():
    plugin = registers("channels", [channel("paper")])
    assert [info.origin for info in Plugins([lenient(plugin), plugin]).infos] == ["passed"]


def test_an_event_that_lacks_its_upcasters_is_a_problem_of_its_plugin():
    with pytest.raises(ConfigurationError, match="needs one upcaster"):
        Plugins([registers("events", [EventType("acme.wrapped", 2, Event)])])


def test_two_functions_of_one_plugin_that_bring_the_same_name_are_a_problem_of_it():
    class Twice:
        @hookimpl
        def ordercore_register_channels(self):
            return [channel("paper")]

        @hookimpl(specname="ordercore_register_channels")
        def more(self):
            return [channel("paper")]

    with pytest.raises(ConfigurationError, match="a name that Twice has already"):
        Plugins([Twice()])


@pytest.mark.parametrize("error", [KeyError("shelf"), SystemExit(3)])
def test_what_a_hook_raises_is_a_note_of_the_error(error):
    with pytest.raises(ConfigurationError) as caught:
        Plugins([registers("channels", error)])
    (note,) = caught.value.__notes__
    assert note.splitlines()[-1].startswith(type(error).__name__)
    assert "test_plugin_problems.py" in note


def test_a_class_in_the_place_of_an_object_is_told_apart():
    with pytest.raises(ConfigurationError, match="an object of the class, not the class"):
        Plugins([type(guards())])


def test_what_pluggy_itself_does_not_take_is_a_problem_as_well(monkeypatch):
    def never(manager, hook, implementation):
        raise pluggy.PluginValidationError(implementation.plugin, "not like this")

    monkeypatch.setattr(pluggy.PluginManager, "_verify_hook", never)
    with pytest.warns(PluginWarning, match="not like this"):
        kernel = Kernel(plugins=[lenient(guards())])
    with pytest.raises(Refused):
        kernel.handle(PutItem("TEA"))


# Guards.


def test_guards_are_asked_in_the_order_of_pluggy():
    asked = []

    def guard(name, **order):
        @hookimpl(**order)
        def hook(self):
            asked.append(name)

        return type(name, (), {"ordercore_guard": hook})()

    kernel = Kernel(plugins=[guard("a"), guard("first", tryfirst=True), guard("last", trylast=True), guard("b")])
    kernel.handle(PutItem("TEA"))
    assert asked == ["first", "b", "a", "last"]


def test_a_guard_that_is_no_module_is_named_by_its_class():
    kernel = Kernel(plugins=[guards(Refusal("closed", "No."), name="Fence")])
    with pytest.raises(Refused) as caught:
        kernel.handle(PutItem("TEA"))
    assert caught.value.plugin == "Fence"


def misspelt():
    return marked(lambda command: Refusal("closed", "No."), "ordercore_gaurd")


def future():
    plugin = guards()
    type(plugin).ORDERCORE_API = 99
    return plugin


def unmarked():
    return type("Unmarked", (), {"ordercore_guard": lambda self: None})()


def half():
    plugin = guards()
    type(plugin).ordercore_register_channels = hookimpl(lambda self: 5)
    return plugin


@pytest.mark.parametrize("plugin", [misspelt, future, unmarked, half])
def test_a_guard_that_is_left_out_refuses_every_command_and_reading_goes_on(plugin):
    with pytest.warns(PluginWarning, match="every command is refused"):
        kernel = Kernel(plugins=[lenient(plugin())])
    assert kernel.plugins[0].guards
    with pytest.raises(Refused) as caught:
        kernel.handle(PutItem("TEA"))
    assert (caught.value.plugin, caught.value.reason) == ("slip", "guard_unusable")
    assert kernel.orders() == ()


def test_what_is_left_out_and_was_no_guard_refuses_nothing():
    with pytest.warns(PluginWarning):
        kernel = Kernel(plugins=[lenient(registers("channels", 5))])
    assert kernel.handle(PutItem("TEA")).result == "TEA"


# Plugins of distributions and files.


GUARD = """
    from ordercore.hooks import hookimpl
    import nothere

    @hookimpl
    def ordercore_guard(command):
        return None
"""


def test_a_guard_that_cannot_be_imported_refuses_every_command(plant):
    plant.distribution("fence", GUARD)
    (found,) = discover(["fence"])
    assert (found.distribution, found.version, found.problem.code) == ("acme-fence", "1.2", "import_failed")
    assert "fence.py, line 3, in <module>\n    import nothere\nModuleNotFoundError" in found.problem.cause
    with pytest.warns(PluginWarning):
        kernel = Kernel(plugins=[found])
    with pytest.raises(Refused, match="No module named 'nothere'"):
        kernel.handle(PutItem("TEA"))


@pytest.mark.parametrize(
    ("text", "guards"),
    [
        ("raise SystemExit(3)", False),
        ("import nothere\ndef ordercore_register_channels(): return []", False),
        ("import nothere\ndef ordercore_gaurd(): return None", True),
        ("def broken(:\n    ordercore_guard", True),
        ("def broken(:", False),
        (None, True),
    ],
)
def test_what_does_not_load_is_taken_for_a_guard_if_its_text_names_one_or_is_not_to_be_had(plant, text, guards):
    plant.distribution("broken", text)
    (found,) = discover(["broken"])
    assert (found.problem.code, found.may_guard) == ("import_failed", guards)


def test_a_package_is_looked_through_whole(plant):
    (plant.path / "acme").mkdir()
    (plant.path / "acme" / "__init__.py").write_text("import nothere")
    (plant.path / "acme" / "rules.py").write_text("def ordercore_guard(): ...")
    plant.distribution("rules", None, entry="acme.rules")
    assert discover(["rules"])[0].may_guard


def test_a_file_in_a_folder_is_a_plugin(plant):
    plant.file("fence", GUARD.replace("    import nothere\n", ""))
    plant.file("_private", "raise OSError")
    found = discover(["fence"], folders=[plant.path / "plugins"])
    (info,) = Kernel(plugins=found).plugins
    assert (info.name, info.origin, info.hooks, info.usable) == ("fence", "file", ("ordercore_guard",), True)


def test_a_name_or_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigurationError, match="Did you mean 'shopify'"):
        discover(["shopfy"])
    with pytest.raises(ConfigurationError, match="There is no folder"):
        discover(folders=[tmp_path / "nowhere"])


def test_strict_discovery_raises_for_what_does_not_load(plant):
    plant.distribution("fence", GUARD)
    with pytest.raises(ConfigurationError, match="cannot be imported"):
        discover(["fence"], strict=True)


def test_a_passed_module_is_known_by_its_distribution():
    import ordercore_csv

    (info,) = Kernel(plugins=[ordercore_csv]).plugins
    assert (info.name, info.origin, info.distribution) == ("ordercore_csv", "passed", "ordercore-csv")
    assert dict(info.brings) == {"channels": ("csv",)}


def test_without_plugins_nothing_is_looked_for():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Kernel().plugins == ()


# Accounts by kind.


def test_an_account_is_made_by_kind():
    import ordercore_csv

    settings = {"file": {"encoding": "utf-8"}, "columns": {"order": "A", "sku": "B", "quantity": "C"},
                "order": {"currency": "EUR"}}  # fmt: skip
    plugins = Plugins([ordercore_csv])
    assert plugins.channel("csv", "till", settings).instance == "till"
    with pytest.raises(ConfigurationError, match="Did you mean 'csv'"):
        plugins.channel("csb", "till", settings)


@pytest.mark.parametrize(
    ("what", "kind", "distribution"),
    [
        ("channel", "shopify", "ordercore-shopify"), ("carrier", "table", "ordercore-tablecarrier"),
        ("supplier", "mail", "ordercore-mailsupplier"),
    ],
)  # fmt: skip
def test_a_kind_of_a_known_distribution_that_is_not_installed_says_what_to_install(what, kind, distribution):
    with pytest.raises(ConfigurationError, match=f"pip install {distribution}"):
        getattr(Plugins(), what)(kind, "eu", {})


def test_of_hooks_only_the_nearest_is_meant():
    with pytest.raises(ConfigurationError, match=r"Did you mean 'ordercore_register_channels'\?"):
        Plugins([marked(lambda: [None], "ordercore_register_chanels")])


ACCOUNTS = {
    "channel": lambda make: registers("channels", [ChannelKind("x", make, {"file"})]),
    "carrier": lambda make: registers("carriers", [CarrierKind("x", make, {"rate"})]),
    "supplier": lambda make: registers("suppliers", [SupplierKind("x", make, {"send"})]),
    "scanner": lambda make: registers("scanners", [ScannerKind("x", make)]),
    "notifier": lambda make: registers("notifiers", [NotifierKind("x", make)]),
}


@pytest.mark.parametrize("what", ACCOUNTS)
def test_a_kind_that_makes_nothing_usable_is_named_and_no_setting_is_shown(what):
    def explodes(instance, settings):
        raise RuntimeError(settings["secret"])

    for make, said in ((explodes, "raised RuntimeError"), (lambda i, s: object(), f"made a {what} without")):
        plugins = Plugins([ACCOUNTS[what](make)])
        with pytest.raises(ConfigurationError, match=said) as caught:
            getattr(plugins, what)("x", "mine", {"secret": "hunter2"})
        assert "Brings" in str(caught.value)
        assert "hunter2" not in str(caught.value)
        with pytest.raises(ConfigurationError, match=f"no kind of {what}"):
            getattr(plugins, what)("y", "mine", {})


# Tracing.


def test_every_call_of_a_hook_is_told_with_its_plugin_time_and_result():
    calls = []
    brings = registers("channels", [channel("paper")])
    kernel = Kernel(plugins=Plugins([brings, guards()], trace=calls.append))
    kernel.handle(PutItem("TEA"))
    assert [(call.plugin, call.hook, call.result) for call in calls] == [
        ("Brings", "ordercore_register_channels", "1 in a list"), ("Guards", "ordercore_guard", "None"),
    ]  # fmt: skip
    assert all(call.seconds >= 0 for call in calls)


def test_a_call_that_raises_is_told_too():
    calls = []
    with pytest.raises(ConfigurationError):
        Plugins([registers("channels", OSError())], trace=calls.append)
    assert [call.result for call in calls] == ["raised OSError"]
    with pytest.raises(Refused):
        Kernel(plugins=Plugins([guards(Refusal("no", "No."))], trace=calls.append)).handle(PutItem("TEA"))
    assert calls[-1].result == "Refusal('no')"

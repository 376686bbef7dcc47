"""What plugins register is found by its name, checked by its type, and claimed by one plugin only."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from ordercore.errors import ConfigurationError
from ordercore.hooks import StoreKind, hookimpl
from ordercore.ports import CarrierKind, ChannelKind, NotifierKind, ScannerKind, SupplierKind
from ordercore.wiring.plugins import Plugins


def make(instance, settings):
    raise NotImplementedError


KINDS = {
    "ordercore_register_channels": (ChannelKind("acme", make, {"file"}), Plugins.channel_kinds),
    "ordercore_register_carriers": (CarrierKind("acme", make, {"rate"}), Plugins.carrier_kinds),
    "ordercore_register_suppliers": (SupplierKind("acme", make, {"send"}), Plugins.supplier_kinds),
    "ordercore_register_scanners": (ScannerKind("acme", make), Plugins.scanner_kinds),
    "ordercore_register_notifiers": (NotifierKind("acme", make), Plugins.notifier_kinds),
    "ordercore_register_stores": (StoreKind("acme", make), Plugins.store_kinds),
}

kinds = pytest.mark.parametrize(("hook", "kind", "found"), [(hook, *rest) for hook, rest in KINDS.items()], ids=KINDS)


def registering(hook, *things):
    def register():
        return list(things)

    register.__name__ = hook
    return type("Plugin", (), {hook: staticmethod(hookimpl(register))})()


@kinds
def test_a_kind_is_found_by_its_name(hook, kind, found):
    without = found(Plugins())
    assert found(Plugins([registering(hook, kind)])) == {**without, "acme": kind}


@kinds
def test_a_kind_that_two_plugins_claim_is_refused(hook, kind, found):
    with pytest.raises(ConfigurationError, match="acme"):
        found(Plugins([registering(hook, kind), registering(hook, kind)]))


@kinds
def test_something_of_another_type_is_refused(hook, kind, found):
    with pytest.raises(ConfigurationError):
        found(Plugins([registering(hook, "acme")]))


def test_projections_and_report_folders_of_all_plugins_are_found():
    follower = SimpleNamespace(name="acme", apply=lambda records: None)
    plugins = Plugins(
        [
            registering("ordercore_register_projections", follower),
            registering("ordercore_register_reports", Path("finance")),
            registering("ordercore_register_reports", Path("legal")),
        ]
    )
    assert list(plugins.projections()) == [follower]
    assert set(plugins.report_folders()) == {Path("finance"), Path("legal")}

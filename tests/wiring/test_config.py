"""A kernel from a file: what is wrong is said with file and key, and no secret is ever shown or written down."""

import asyncio
import textwrap
from base64 import b64encode

import pytest

from ordercore import AsyncKernel, Kernel
from ordercore.errors import ConfigurationError
from ordercore.hooks import hookimpl
from ordercore.policies import Policies
from ordercore.ports import CarrierKind
from ordercore.wiring import Plugins
from ordercore.wiring.config import read_configuration

SHOP = """
    store = "sqlite:///shop.db"
    tenant = "acme"
    strategy = "fewest_parcels"
    plugins = ["csv", "shopify"]

    [policies]
    shortage = "backorder"

    [channels.shop-eu]
    kind = "shopify"
    settings.secrets = [{ env = "OLD" }, { secret = { env = "NEW" } }]

    [channels.till]
    kind = "csv"
    settings_file = "till.toml"
    settings.order.currency = "CHF"

    [mapping.till.sku]
    "TEE-100" = "TEA"
    [mapping."*".gtin]
    "4006381333931" = "PEN"
"""

TILL = """
    [file]
    encoding = "utf-8"
    [columns]
    order = "Order"
    sku = "Item"
    quantity = "Qty"
    [order]
    currency = "EUR"
"""


@pytest.fixture
def write(tmp_path):
    def written(text, till=TILL):
        (tmp_path / "till.toml").write_text(textwrap.dedent(till))
        path = tmp_path / "shop.toml"
        path.write_text(textwrap.dedent(text))
        return path

    return written


@pytest.fixture
def environ():
    return {"OLD": "hunter1", "NEW": "hunter2"}


def test_a_kernel_is_what_its_file_says(write, environ, tmp_path):
    with Kernel.from_config(write(SHOP), environ=environ) as kernel:
        assert (tmp_path / "shop.db").exists()
        assert kernel.core.tenant == "acme"
        assert kernel.core.shop.policies == Policies(shortage="backorder")
        assert [info.name for info in kernel.plugins] == ["csv", "shopify"]
        assert kernel.verify() == ()


def test_its_accounts_are_made_by_kind_with_their_settings(write, environ):
    config = read_configuration(write(SHOP), environ)
    shop, till = config.channels["shop-eu"], config.channels["till"]
    assert [secret.value for secret in shop.settings.secrets] == [b"hunter1", b"hunter2"]
    assert (till.columns.currency, till.columns.encoding) == ("CHF", "utf-8")
    assert config.mapping.names == {("till", "sku", "TEE-100"): "TEA", ("", "gtin", "4006381333931"): "PEN"}
    assert "hunter" not in repr(config)


def test_an_empty_file_is_a_kernel_in_memory(write):
    with Kernel.from_config(write("")) as kernel:
        assert "durable" not in kernel.store.capabilities


def test_arguments_go_before_the_file(write, environ):
    with Kernel.from_config(write(SHOP), environ=environ, tenant="other") as kernel:
        assert kernel.core.tenant == "other"


def test_an_asynchronous_kernel_reads_the_same_file(write, environ):
    async def tenant():
        async with AsyncKernel.from_config(write(SHOP), environ=environ) as kernel:
            return kernel.core.tenant

    assert asyncio.run(tenant()) == "acme"


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ('stor = "x"', "stor", "Did you mean 'store'"),
        ('[channels.till]\nknd = "csv"', "channels.till.knd", "Did you mean 'kind'"),
        ('[channels.till]\nkind = "csv"\nsetings.a = 1', "channels.till.setings", "Did you mean"),
        ('[channels.till]\nkind = "csb"', "channels.till", "Did you mean 'csv'"),
        ('[channels.till]\nkind = "csv"\nsettings.fil.encoding = "utf-8"', "channels.till", "Did you mean"),
        ('[policies]\nshortage = "never"', "policies.shortage", "'refuse', 'backorder', 'partial'"),
        ("[policies]\nreplans = -1", "policies", "replans"),
        ("[policies]\nreplans = true", "policies.replans", "integer"),
        ("[mapping.till.sku]\nTEE = 5", "mapping.till.sku.TEE", "text"),
        ('[channels.shop]\nkind = "shopify"\nsettings.secrets = { env = "GONE" }',
         "channels.shop.settings.secrets", "GONE"),
        ('[channels.shop]\nkind = "shopify"\nsettings.secrets = ["hunter3"]',
         "channels.shop.settings.secrets[0]", '{ env = "NAME" }'),
        ('[carriers.post]\nkind = "unheard-of"', "carriers.post", "no kind of carrier"),
        ('[suppliers.mill]\nkind = "unheard-of"', "suppliers.mill", "no kind of supplier"),
        ('[notifiers.ops]\nkind = "unheard-of"', "notifiers.ops", "no kind of notifier"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_file_key_and_what_is_right(write, text, path, said):
    with pytest.raises(ConfigurationError) as caught:
        Kernel.from_config(write(text), environ={})
    assert str(caught.value).startswith(str(caught.value.file))
    assert path in " ".join(caught.value.paths)
    assert said in str(caught.value)
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('plugins = ["shopfy"]', "Did you mean 'shopify'"),
        ('plugins_dirs = ["nowhere"]', "There is no folder"),
        ('strategy = "neerest"', "Did you mean 'nearest'"),
        ('store = "sqlit:///x.db"', "Did you mean 'sqlite'"),
        ("store =", "is not TOML"),
        ('[channels.till]\nkind = "csv"\nsettings_file = "none.toml"', "cannot be read"),
    ],
)
def test_what_the_file_names_must_be_there(write, text, said):
    with pytest.raises(ConfigurationError, match=said):
        Kernel.from_config(write(text))


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Kernel.from_config(tmp_path / "none.toml")


def test_a_secret_in_a_file_of_settings_is_refused_too(write):
    with pytest.raises(ConfigurationError) as caught:
        Kernel.from_config(write(SHOP, TILL + 'token = "hunter3"\n'), environ={"OLD": "a", "NEW": "b"})
    assert "till.toml: order.token" in str(caught.value)
    assert "hunter" not in str(caught.value)


def test_plugins_in_folders_beside_the_file_are_used(write, plant):
    plant.file("fence", "from ordercore.hooks import hookimpl\n@hookimpl\ndef ordercore_guard(): return None\n")
    with Kernel.from_config(write('plugins = ["fence"]\nplugins_dirs = ["plugins"]')) as kernel:
        assert [(info.name, info.origin) for info in kernel.plugins] == [("fence", "file")]


class Cart:
    """A carrier that does nothing, for what the file says about it."""

    def __init__(self, instance, settings):
        self.instance, self.settings = instance, settings
        self.capabilities = frozenset()

    def rate(self, query): ...
    def book(self, request, *, key): ...
    def void(self, reference, *, key): ...


class Carts:
    @hookimpl
    def ordercore_register_carriers(self):
        return [CarrierKind("cart", Cart, ())]


def test_carriers_suppliers_and_notifiers_are_accounts_as_channels_are(write):
    path = write('[carriers.local]\nkind = "cart"\nsettings.speed = 5')
    config = read_configuration(path, {}, find=lambda only, folders: Plugins([Carts()]))
    assert config.carriers["local"].settings == {"speed": 5}
    assert config.arguments()["carriers"] == config.carriers
    assert "suppliers" not in config.arguments()


def test_a_kernel_has_the_accounts_of_its_file(write, plant):
    text = """
        from ordercore.hooks import hookimpl
        from ordercore.ports import CarrierKind, SupplierKind


        class Anything:
            capabilities = frozenset()

            def __init__(self, instance, settings):
                self.instance = instance

            def rate(self, query): ...
            def book(self, request, *, key): ...
            def void(self, reference, *, key): ...
            def send(self, document, *, key): ...


        @hookimpl
        def ordercore_register_carriers():
            return [CarrierKind("cart", Anything, ())]


        @hookimpl
        def ordercore_register_suppliers():
            return [SupplierKind("mill", Anything, ())]
    """
    plant.file("anything", text)
    path = write(
        'plugins = ["anything"]\nplugins_dirs = ["plugins"]\n[carriers.local]\nkind = "cart"\n'
        '[suppliers.north]\nkind = "mill"\n[notifiers.ops]\nkind = "webhook"\n'
        'settings.url = "https://ops.invalid/hook"\nsettings.kinds = ["alert.*"]\nsettings.secrets = { env = "OPS" }\n'
    )
    with Kernel.from_config(path, environ={"OPS": "whsec_" + b64encode(b"hunter2" * 5).decode()}) as kernel:
        adapters = kernel.core.shop.adapters
        assert {what: list(named) for what, named in adapters.items()} == {
            "carrier": ["local"], "supplier": ["north"], "notifier": ["ops"],
        }  # fmt: skip
        assert "whsec_" not in repr(adapters)

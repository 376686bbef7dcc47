"""`ordercore plugins` and the options that say which plugins a command works with."""

import json
import textwrap

import pytest

from ordercore.cli import main

GUARD = """
    from ordercore.hooks import Refusal, hookimpl
    from ordercore.order import Ship

    @hookimpl
    def ordercore_guard(command):
        if isinstance(command, Ship):
            return Refusal("closed", "The gate is closed.")
"""

BROKEN = """
    import nothere
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("ORDERCORE_PLUGINS", "ORDERCORE_TRACE_HOOKS", "ORDERCORE_STORE", "ORDERCORE_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def test_list_shows_what_each_brings_and_where_it_is_from(run, plant):
    folder = plant.file("gate", GUARD)
    plant.file("broken", BROKEN)
    status, out, _ = run("plugins", "list", "--plugins-dir", folder)
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert status == 0
    assert "ordercore-csv" in rows["csv"]
    assert "channels csv" in rows["csv"]
    assert "a guard" in rows["gate"]
    assert "left out: import_failed" in rows["broken"]


def test_without_plugins_list_says_how_to_get_some(run, monkeypatch):
    monkeypatch.setenv("ORDERCORE_PLUGINS", "")
    assert "--plugins-dir" in run("plugins", "list")[1]


def test_doctor_is_content_where_nothing_is_wrong(run, monkeypatch):
    monkeypatch.setenv("ORDERCORE_PLUGINS", "csv, shopify")
    status, out, _ = run("plugins", "doctor")
    assert status == 0
    assert "2 plugins, none with problems." in out


def test_doctor_fails_where_anything_is_wrong_and_shows_the_cause(run, plant):
    status, out, _ = run("plugins", "doctor", "--plugins-dir", plant.file("broken", BROKEN))
    assert status == 1
    assert "ModuleNotFoundError: No module named 'nothere'" in out
    assert "plugins/broken.py, line 2" in out
    assert "Traceback" not in out


def test_doctor_speaks_json(run, plant):
    status, out, _ = run("plugins", "doctor", "--json", "--plugins-dir", plant.file("broken", BROKEN))
    told = json.loads(out)
    (broken,) = [plugin for plugin in told["plugins"] if plugin["name"] == "broken"]
    assert (status, told["api"]) == (1, {"offered": 1, "supported": [1]})
    assert broken["problems"][0]["code"] == "import_failed"
    assert {"hooks", "brings", "load_seconds", "distribution", "version", "origin"} <= set(broken)


def test_trace_tells_each_call_in_the_order_of_what_was_done(run, plant):
    status, out, _ = run("--plugins-dir", plant.file("gate", GUARD), "plugins", "trace")
    assert status == 0
    doing = [line.split()[0] for line in out.splitlines() if "ordercore_guard" in line and not line.startswith(" ")]
    assert doing == ["PutLocation", "PutItem", "ReceiveStock", "PlaceOrder", "Ship"]
    assert "Refusal('closed')" in out
    assert "refused: The gate is closed." in " ".join(out.split())


def test_trace_handles_commands_of_a_file(run, plant, tmp_path):
    file = tmp_path / "commands.json"
    file.write_text('[{"PutLocation": {"code": "WH1"}}, {"PutItem": {"sku": "TEA"}}]')
    _, out, _ = run("plugins", "trace", file, "--plugins-dir", plant.file("gate", GUARD))
    assert "Ship" not in out
    assert "PutLocation" in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "is not JSON"),
        ("{}", "not an array"),
        ('[{"PutItm": {}}]', "Did you mean 'PutItem'"),
        ('[{"PutItem": {"sk": "TEA"}}]', "[0].PutItem"),
        ("[5]", "one key"),
    ],
)
def test_a_file_of_commands_that_is_none_says_why(run, tmp_path, text, said):
    (tmp_path / "commands.json").write_text(text)
    status, _, err = run("plugins", "trace", "commands.json")
    assert (status, said in err) == (2, True)


# Which plugins a command works with.


def test_a_folder_of_plugins_may_be_named_by_every_command_that_opens_a_store(run, url, plant):
    folder = plant.file("gate", GUARD)
    plant.file("broken", BROKEN)
    for arguments in (("orders",), ("stock", "TEA"), ("order", "web:1"), ("why", "TEA", "WH1"), ("verify",), ("quarantine",),
                      ("quarantine", "list")):  # fmt: skip
        status, _, err = run(*arguments, "--store", url, "--plugins-dir", folder)
        assert (arguments, status) == (arguments, 0)
        assert "plugin left out [import_failed] Plugin broken" in err
        assert err.count("left out") == 1


def test_the_environment_limits_the_plugins_and_says_what_it_does_not_know(run, url, plant, monkeypatch):
    folder = plant.file("broken", BROKEN)
    monkeypatch.setenv("ORDERCORE_PLUGINS", "csv")
    assert run("orders", "--store", url, "--plugins-dir", folder)[2] == ""
    monkeypatch.setenv("ORDERCORE_PLUGINS", "cvs")
    status, _, err = run("orders", "--store", url)
    assert (status, "Did you mean 'csv'" in err) == (2, True)


def test_every_hook_call_of_any_command_is_shown_on_request(run, url, monkeypatch):
    monkeypatch.setenv("ORDERCORE_TRACE_HOOKS", "1")
    assert "hook csv ordercore_register_channels" in run("orders", "--store", url)[2]
    monkeypatch.setenv("ORDERCORE_TRACE_HOOKS", "0")
    assert run("orders", "--store", url)[2] == ""


def test_a_guard_that_does_not_load_lets_nothing_be_imported(run, plant, tmp_path):
    folder = plant.file("gate", GUARD + "\n    import nothere\n")
    status, _, err = run(
        "import", "--generate", "3", "--store", f"sqlite:///{tmp_path}/new.db", "--plugins-dir", folder
    )
    assert status == 1
    assert "every command is refused" in err


# A configuration.

CONFIG = """
    store = "sqlite:///shop.db"
    [policies]
    shortage = "backorder"
    [channels.till]
    kind = "csv"
    settings_file = "till.toml"
"""
TILL = """
    [file]
    encoding = "utf-8"
    [columns]
    order = "Order"
    sku = "Item"
    quantity = "Qty"
    unit_price = "Price"
    [order]
    currency = "EUR"
"""


@pytest.fixture
def config(tmp_path, url):
    (tmp_path / "shop.toml").write_text(textwrap.dedent(CONFIG))
    (tmp_path / "till.toml").write_text(textwrap.dedent(TILL))
    return tmp_path / "shop.toml"


def test_a_configuration_names_the_store_of_every_command(run, config):
    assert run("orders", "--config", config)[0] == 0
    assert "web:1" in run("--config", config, "orders")[1]
    assert run("quarantine", "--config", config)[0] == 0
    assert run("--config", config, "quarantine", "list")[0] == 0


def test_a_configuration_says_which_plugins_are_looked_at_though_its_secrets_are_not_there(run, config):
    config.write_text('plugins = ["shopify"]\n[channels.shop]\nkind = "shopify"\nsettings.secrets = { env = "GONE" }\n')
    status, out, _ = run("plugins", "doctor", "--config", config)
    assert (status, "1 plugin, none with problems." in out) == (0, True)


def test_a_configuration_may_come_from_the_environment(run, config, monkeypatch):
    monkeypatch.setenv("ORDERCORE_CONFIG", str(config))
    assert "web:1" in run("orders")[1]


def test_without_store_and_configuration_a_command_says_what_is_missing(run):
    for command in ("orders", "quarantine"):
        status, _, err = run(command)
        assert (status, "--store" in err) == (2, True)


def test_a_configuration_without_a_store_does_not_look_into_an_empty_one(run, tmp_path):
    (tmp_path / "empty.toml").write_text("")
    status, _, err = run("orders", "--config", tmp_path / "empty.toml")
    assert (status, "names no store" in err) == (2, True)


def test_documents_come_in_over_the_channel_of_the_configuration_and_are_replayed_by_it(run, config, tmp_path):
    (tmp_path / "till.csv").write_text("Order,Item,Qty,Price\n7,TEA,1,2.50\n8,GONE,1,2.50\n")
    status, out, _ = run("import", "--config", config, "till.csv")
    assert status == 0
    assert "orders accepted: 1" in out
    waiting = run("quarantine", "--config", config)[1]
    document = waiting.splitlines()[-1].split()[0]
    (tmp_path / "shop.toml").write_text(textwrap.dedent(CONFIG) + '\n[mapping.till.sku]\nGONE = "TEA"\n')
    status, out, err = run("quarantine", "replay", document, "--config", config)
    assert (status, err) == (0, "")
    assert "till:8" in run("orders", "--config", config)[1]


def test_which_channel_reads_a_file_must_be_clear(run, config, tmp_path):
    config.write_text(config.read_text() + '\n[channels.shop]\nkind = "shopify"\nsettings.secrets = { env = "HOME" }\n')
    (tmp_path / "till.csv").write_text("Order,Item,Qty,Price\n")
    status, _, err = run("import", "--config", config, "till.csv")
    assert (status, "--instance" in err) == (2, True)
    assert run("import", "--config", config, "--instance", "till", "till.csv")[0] == 0


def test_a_typed_shortage_goes_before_that_of_the_file(run, config, tmp_path):
    (tmp_path / "till.csv").write_text("Order,Item,Qty,Price\n9,TEA,500,2.50\n")
    run("import", "--config", config, "--shortage", "refuse", "till.csv")
    assert "till:9" not in run("orders", "--config", config)[1]
    (tmp_path / "again.csv").write_text("Order,Item,Qty,Price\n10,TEA,500,2.50\n")
    run("import", "--config", config, "again.csv")
    assert "till:10" in run("orders", "--config", config)[1]


def test_main_still_ends_with_two_for_an_unknown_subcommand(capsys):
    assert main(["plugins", "doctr"]) == 2

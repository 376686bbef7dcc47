"""Documents through their channel, what waits in quarantine, and its replay after the fix."""

import gzip
import json

import pytest

from ordercore import Kernel, PutItem, ReceiveStock
from ordercore.cli import main, shop
from ordercore.errors import ConfigurationError
from ordercore.stock import Received

MAP = """
[file]
encoding = "utf-8"
[columns]
order = "order"
sku = "sku"
quantity = "qty"
unit_price = "price"
[order]
currency = "EUR"
"""
FILE = "order,sku,qty,price\n11,HERB,2,1.00\n12,HERP,1,1.00\n13,HERB,1.5,1.00\n"
ORDER = {
    "id": 450789469, "name": "#1001", "currency": "EUR", "total_price": "2.00", "updated_at": "2026-03-02T09:00:00+00:00",
    "line_items": [{"id": 1, "sku": "HERB", "quantity": 1, "price": "2.00"}],
}  # fmt: skip


@pytest.fixture
def files(tmp_path):
    (tmp_path / "map.toml").write_text(MAP)
    (tmp_path / "orders.csv").write_text(FILE)
    (tmp_path / "orders.csv.gz").write_bytes(gzip.compress(FILE.encode()))
    (tmp_path / "order.json").write_text(json.dumps(ORDER))
    return tmp_path


def take_in(run, url, files, name="orders.csv", *more):
    return run("import", "--channel", "csv", "--map", files / "map.toml", "--store", url, *more, files / name)


def test_documents_become_orders_and_the_rest_waits_with_path_and_reason(run, url, files):
    status, out, _ = take_in(run, url, files)
    assert status == 0
    assert "orders.csv: 1 accepted, in quarantine as " in out
    assert "reject unmapped_item at row 3, column sku: order 12" in out
    assert "orders accepted: 1\n" in out
    assert "documents in quarantine: 1\n" in out
    assert not {"─", "│"} & set(out)
    assert "csv:11" in run("orders", "--store", url)[1]


def test_the_same_documents_again_change_nothing(run, url, files):
    take_in(run, url, files)
    with Kernel.open(url) as kernel:
        before = kernel.log().cursor
    status, out, _ = take_in(run, url, files, "orders.csv.gz")
    assert status == 0
    assert "orders accepted: 0\norders unchanged: 1\n" in out
    with Kernel.open(url) as kernel:
        assert kernel.log(before).records == ()


def test_files_of_a_channel_that_signs_need_no_signature(run, url, files):
    status, out, _ = run("import", "--channel", "shopify", "--instance", "shop", "--store", url, files / "order.json")
    assert status == 0
    assert "order.json: 1 accepted" in out
    assert "shop:450789469" in run("orders", "--store", url)[1]


def test_orders_beyond_the_stock_wait_if_that_is_asked_for(run, url, files):
    (files / "many.csv").write_text("order,sku,qty,price\n21,HERB,9,1.00\n")
    assert "retry insufficient" in take_in(run, url, files, "many.csv")[1]
    assert "1 accepted" in take_in(run, url, files, "many.csv", "--shortage", "backorder")[1]
    assert "5 waiting for supply" in run("order", "csv:21", "--store", url)[1]


def test_a_document_is_listed_shown_and_taken_in_after_the_fix(run, url, files):
    (files / "one.csv").write_text("order,sku,qty,price\n31,SAGE,1,1.00\n")
    take_in(run, url, files, "one.csv")
    _, listing, _ = run("quarantine", "--store", url)
    assert "row 2, column sku" in listing
    assert "unmapped_item: No item is known by sku 'SAGE'." in listing
    name = listing.splitlines()[2].split()[0]
    _, shown, _ = run("quarantine", "show", name[:6], "--store", url)
    assert f"sha256:{name}" in shown
    assert "from csv, text/csv" in shown
    assert "open" in shown
    assert run("quarantine", "--store", url, "show", "--raw", name)[1] == (files / "one.csv").read_text()

    replay = ("quarantine", "replay", name, "--map", files / "map.toml", "--store", url)
    assert "in quarantine" in run(*replay)[1]
    with Kernel.open(url) as kernel:
        kernel.handle(PutItem("SAGE"))
        kernel.handle(ReceiveStock("WH2", (Received("SAGE", 1),)))
    status, out, _ = run(*replay)
    assert (status, out) == (0, f"document {name}: 1 accepted\n")
    assert run("quarantine", "list", "--store", url)[1] == "Nothing is in quarantine.\n"
    assert "(taken in)" in run("quarantine", "list", "--all", "--store", url)[1]
    assert "1 unchanged" in run(*replay)[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--channel", "cvs", "orders.csv"), "Did you mean 'csv'?"),
        (("orders.csv",), "--channel"),
        (("--channel", "csv"), "FILE"),
        (("--channel", "csv", "orders.csv"), "A file must say its encoding."),
        (("--channel", "csv", "--set", "file", "orders.csv"), "key=value"),
        (("--channel", "csv", "--set", "file.encodign=utf-8", "orders.csv"), "Did you mean 'encoding'?"),
        (("--channel", "csv", "--map", "orders.csv", "orders.csv"), "is not TOML"),
        (("--channel", "csv", "none.csv"), "none.csv"),
        (("--generate", "5", "orders.csv"), "leave the FILEs out"),
        (("--generate", "0"), "--generate"),
    ],
)
def test_what_cannot_be_imported_says_why(run, url, files, monkeypatch, arguments, told):
    monkeypatch.chdir(files)
    status, out, err = run("import", "--store", url, *arguments)
    assert (status, out) == (2, "")
    assert told in err


def test_a_channel_that_is_not_installed_says_what_to_install(run, url, files, monkeypatch):
    monkeypatch.setenv("ORDERCORE_PLUGINS", "")
    status, _, err = run("import", "--channel", "shopify", "--store", url, files / "order.json")
    assert status == 2
    assert "pip install ordercore-shopify" in err


def test_settings_given_by_hand_go_over_those_of_the_file(files):
    settings = shop.settings_of(files / "map.toml", ("file.encoding=cp1252", "file.multiline=true", "lines.unit=kg"))
    assert settings["file"] == {"encoding": "cp1252", "multiline": True}
    assert settings["lines"] == {"unit": "kg"}
    with pytest.raises(ConfigurationError):
        shop.settings_of(None, ("a=1", "a.b=2"))


def test_an_interrupted_import_says_that_what_was_acknowledged_is_kept(url, files, monkeypatch, capsys):
    def interrupted(*_arguments, **_named):
        raise KeyboardInterrupt

    monkeypatch.setattr(Kernel, "receive", interrupted)
    arguments = [
        "import",
        "--channel",
        "csv",
        "--map",
        str(files / "map.toml"),
        "--store",
        url,
        str(files / "orders.csv"),
    ]
    assert main(arguments) == 130
    assert "Interrupted" in capsys.readouterr().err

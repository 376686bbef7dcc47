"""The demonstration: the same every time, twice over without a new event, and nothing outside of build/."""

import base64
import hashlib
import hmac
import io
import shutil
from contextlib import redirect_stdout
from email import message_from_bytes
from importlib.resources import files
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from ordercore import Kernel
from ordercore.cli import main
from ordercore.cli.demo.clock import DemoClock
from ordercore.cli.demo.documents import DELIVERIES, SECRET, document, transmission
from ordercore.cli.demo.replenishing import ANSWER, PURCHASE

ROOT = Path(__file__).parents[2]


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The folder in which the demonstration ran, and what it told; once for all tests that look at it."""
    folder, out = tmp_path_factory.mktemp("demo"), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out):
        patch.chdir(folder)
        patch.delenv("COLUMNS", raising=False)
        assert main(["demo"]) == 0
    return folder, out.getvalue()


@pytest.fixture
def told(played, empty):
    """What the demonstration told, with a copy of what it left in the folder of this test."""
    folder, out = played
    shutil.copytree(folder / "build", empty / "build")
    return out


def test_it_starts_from_an_empty_file_and_tells_the_same_story_each_time(run, empty):
    status, first, err = run("demo")
    assert (status, err) == (0, "")
    assert run("demo") == (0, first, "")
    assert {path.relative_to(empty).parts[0] for path in empty.rglob("*")} == {"build"}


def test_it_shows_what_it_promises_in_at_most_a_hundred_and_seventy_lines(told):
    lines = told.splitlines()
    assert "second run: 0 new events" in lines
    assert "verify: clean" in lines
    assert len(lines) <= 170
    assert max(map(len, lines[:-3])) <= 100  # the last three name the interpreter, wherever it lies
    for shown in ("turned away, 401", "line_items[0].sku", "unclosed_quote", "total_mismatch", "more_parcels",
                  "not on the shelf", "S-2511", "restocked", "cart", "4 wait", "hold review released"):  # fmt: skip
        assert shown in told, shown


def test_the_next_commands_work_as_printed(run, told):
    commands = [line.partition(" -m ordercore ")[2].split() for line in told.splitlines()[-3:]]
    assert len(commands) == 3
    for arguments in commands:
        status, out, err = run(*arguments)
        assert (status, err) == (0, "")
        assert out


def test_its_last_act_is_the_report(told, empty):
    assert "build/report.html, build/report.png" in told.splitlines()
    page = (empty / "build" / "report.html").read_text("utf-8")
    assert "A week in a tea shop" in page
    assert "Sencha, 100 g" in page
    assert (empty / "build" / "report.png").read_bytes().startswith(b"\x89PNG")


def test_its_parcels_are_booked_and_their_labels_lie_beside_the_store(told, empty):
    labels = {path.name: path.read_bytes() for path in (empty / "build" / "labels").iterdir()}
    assert len(labels) == 6
    assert all(body.startswith(b"%PDF" if name.endswith(".pdf") else b"^XA") for name, body in labels.items())
    with Kernel.open("sqlite:///build/demo.db") as kernel:
        (parcel,) = kernel.tracking("app:A-77")
        assert parcel.status == "delivered"
        assert parcel.eta.earliest.date() < parcel.promised_by.date()
        assert not parcel.late
        assert parcel.tracking.encode() in labels["app-A-77-P1.zpl"]
        assert parcel.tracking in told
        assert kernel.effects() == ()


@pytest.mark.usefixtures("told")
def test_what_runs_low_is_ordered_by_mail_and_answered_by_mail(empty):
    (sent,) = (empty / "build" / "outbox").iterdir()
    order = message_from_bytes(sent.read_bytes())
    answer = message_from_bytes(document(ANSWER))
    assert order["Reply-To"] == answer["To"]
    assert order["To"] in answer["From"]
    assert "London" in order.get_payload(0).get_payload(decode=True).decode()
    with Kernel.open("sqlite:///build/demo.db") as kernel:
        assert kernel.purchase(PURCHASE).status == "received"
        (said,) = (entry for entry in kernel.timeline(f"purchase/{PURCHASE}") if "answers" in entry.text)
    assert said.actor == "supplier:pottery"
    assert "P-204" in said.text


@pytest.mark.usefixtures("told")
def test_its_story_is_in_the_store():
    with Kernel.open("sqlite:///build/demo.db") as kernel:
        statuses = {row.id: (row.summary.status, row.summary.fulfillment) for row in kernel.orders()}
        assert statuses["web:450781002"] == ("completed", "delivered")
        assert statuses["web:450781007"] == ("cancelled", "cancelled")
        assert len(statuses) == 11
        assert {kept.status for kept in kernel.quarantine(status=None)} == {"open", "replayed"}
        assert kernel.verify() == ()


def test_at_least_eight_documents_come_with_the_package_and_the_signatures_are_over_their_bytes():
    assert len(DELIVERIES) >= 8
    assert {delivery.file.rpartition(".")[2] for delivery in DELIVERIES} == {"http", "csv"}
    forged = []
    for delivery in DELIVERIES:
        if delivery.file.endswith(".http"):
            came = transmission(delivery, DemoClock())
            right = base64.b64encode(hmac.new(SECRET.encode(), came.body, hashlib.sha256).digest()).decode()
            if came.headers["x-shopify-hmac-sha256"] != right:
                forged.append(delivery.file)
    assert forged == ["web-1003.http"]


def test_the_wheel_has_every_document():
    data = files("ordercore.cli.demo") / "data"
    packed = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    documents = {path.name for path in data.iterdir()}
    assert {delivery.file for delivery in DELIVERIES} < documents
    assert {f"ordercore/cli/demo/data/{name}" for name in documents} <= packed


def test_a_file_of_somebody_else_is_never_replaced(run, empty):
    (empty / "mine.db").write_text("mine")
    status, _, err = run("demo", "--store", "sqlite:///mine.db")
    assert status == 2
    assert "is there already" in err
    assert (empty / "mine.db").read_text() == "mine"


def test_another_new_file_will_do(run, empty):
    status, told, _ = run("demo", "--store", "sqlite:///tea/shop.db")
    assert status == 0
    assert told.endswith("--store sqlite:///tea/shop.db\n")
    assert not (empty / "build").exists()


def test_without_its_plugins_it_says_what_to_install(run, empty, monkeypatch):
    monkeypatch.setenv("ORDERCORE_PLUGINS", "")
    status, out, err = run("demo")
    assert (status, out) == (2, "")
    names = "ordercore-csv ordercore-shopify ordercore-tablecarrier ordercore-mailsupplier"
    assert f"pip install {names} (in a checkout: make demo)" in err
    assert list(empty.iterdir()) == []

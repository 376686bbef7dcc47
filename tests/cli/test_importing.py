"""A shop's past, replayed: the rules one by one, and that an import may be killed anywhere and goes on."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercore import Kernel
from ordercore.cli import replay as replaying
from ordercore.cli.account import account_of
from ordercore.cli.history_source import File
from ordercore.cli.importing import run_import
from ordercore.cli.replay import Replay
from ordercore.cli.sample import SAMPLE_RULES, Sample
from ordercore.errors import ConfigurationError, NotFound
from ordercore.intake.history import HistoryRules, read_history
from ordercore.intake.history_plan import supplies
from ordercore.order.events import OrderAllocated
from ordercore.ports import BadRow, OrderRow
from ordercore.store.memory import MemoryStore
from ordercore.values import Price, Sku

MAP = """
[file]
encoding = "utf-8"
time_zone = "Europe/London"
[columns]
order = "no"
sku = "code"
quantity = "qty"
placed_at = "at"
unit_price = "price"
customer = "customer"
country = "country"
[order]
currency = "GBP"
[lines]
untracked = ["POST", "D"]
[countries]
"United Kingdom" = "GB"
[history]
supplied_percent = {percent}
reversals = ["C*"]
bookkeeping = ["A*"]
"""
HEADER = "no,code,qty,at,price,customer,country"


def ignore(what, done, total):
    pass


class Shop:
    """A file of rows and the store that it is imported into."""

    def __init__(self, folder, rows, percent=100):
        self.map, self.file = folder / "map.toml", folder / "rows.csv"
        self.url = f"sqlite:///{folder / 'shop.db'}"
        self.map.write_text(MAP.format(percent=percent))
        self.file.write_text("\n".join([HEADER, *rows]) + "\n")

    def run(self, url=None):
        return run_import(
            url=url or self.url, channel="csv", map_path=self.map, source=self.file, generate=None, seed=0,
            progress=ignore,
        )  # fmt: skip

    def kernel(self):
        return Kernel.open(self.url)


@pytest.fixture
def shop(tmp_path):
    return lambda *rows, percent=100: Shop(tmp_path, rows, percent)


def row(no, code, qty, at, price="2.50", customer="7", country="United Kingdom"):
    return f"{no},{code},{qty},{at},{price},{customer},{country}"


def lines(account):
    return dict(account.lines)


def totals(account):
    return dict(account.totals)


# The rules


def test_a_sale_is_an_order_at_its_own_time_and_ships_seven_days_later(shop):
    made = shop(row("1", "TEA", 3, "2011-06-01T09:30"), row("1", "POST", 1, "2011-06-01T09:30", "18.00"))
    account = made.run()
    assert lines(account) == {"line of an order": 1, "untracked line of an order (postage, fees)": 1}
    assert totals(account)["value of orders (minor units)"] == 3 * 250 + 1800
    with made.kernel() as kernel:
        story = kernel.timeline("csv:1")
        placed, shipped = story[0], story[-1]
        assert placed.effective_at == datetime(2011, 6, 1, 8, 30, tzinfo=UTC)  # London is an hour ahead in summer
        assert shipped.effective_at == placed.effective_at + timedelta(days=7)
        order = kernel.order("csv:1")
        assert order.fulfillment_status == "fulfilled"
        assert order.head.destination.country == "GB"
        assert order.head.customer == "7"
        assert not kernel.verify()


def test_a_price_of_zero_is_a_line(shop):
    assert lines(shop(row("1", "TEA", 3, "2011-06-01T09:30", "0.00")).run()) == {"line of an order": 1}


def test_rows_of_an_invoice_need_not_stand_together(shop):
    rows = [row("1", "TEA", 3, "2011-06-01T09:30"), row("2", "TEA", 4, "2011-06-01T09:31"),
            row("1", "CUP", 5, "2011-06-01T09:32")]  # fmt: skip
    made = shop(*rows)
    account = made.run()
    assert totals(account)["orders"] == 2
    with made.kernel() as kernel:
        assert [line.facts.quantity for line in kernel.order("csv:1").lines.values()] == [3, 5]
        assert kernel.timeline("csv:1")[0].effective_at == datetime(2011, 6, 1, 8, 30, tzinfo=UTC)


def test_goods_come_in_before_the_month_and_what_is_short_waits_for_the_next_receipt(shop):
    made = shop(row("1", "TEA", 90, "2011-06-01T09:00"), row("2", "TEA", 10, "2011-06-02T09:00"),
                row("3", "TEA", 100, "2011-07-05T09:00"), percent=95)  # fmt: skip
    account = made.run()
    assert totals(account)["units received"] == 190
    assert totals(account)["units backordered"] == 5 + 10
    assert totals(account)["of these filled by later supply"] == 5
    assert totals(account)["of these still waiting"] == 10
    with made.kernel() as kernel:
        story = [(entry.effective_at, type(entry.event).__name__) for entry in kernel.timeline("csv:2")]
        receipt = datetime(2011, 6, 30, 22, 59, tzinfo=UTC)
        shipped = datetime(2011, 6, 9, 8, tzinfo=UTC)
        assert [at for at, name in story if name == "ParcelShipped"] == [shipped, receipt + timedelta(days=7)]
        assert story[-2] == (receipt, "OrderAllocated")
        assert kernel.timeline("csv:2")[-2].event.waiting == "backordered"
        assert not kernel.verify()


@given(st.lists(st.integers(1, 40), min_size=1, max_size=24), st.integers(0, 100))
def test_by_the_end_of_each_month_a_sku_has_got_its_percentage_rounded_half_up(sales, percent):
    rules = HistoryRules(supplied_percent=percent)
    rows = [
        OrderRow(n + 2, str(n), Sku("TEA"), units, Price(1, 2, "GBP"), "GBP",
                 datetime(2010 + n // 12, n % 12 + 1, 15, tzinfo=UTC), "", "", "", False, {})
        for n, units in enumerate(sales)
    ]  # fmt: skip
    history = read_history(rows, rules)
    received = [(one.moment, sum(units for _, units in one.lines)) for one in supplies(history)]
    for n in range(len(sales)):
        month_end = datetime(2010 + (n + 1) // 12, (n + 1) % 12 + 1, 1, tzinfo=UTC) - timedelta(minutes=2)
        sold = sum(sales[: n + 1])
        assert sum(units for at, units in received if at < month_end) == (sold * percent * 2 + 100) // 200


def test_a_credit_note_cancels_what_has_not_shipped(shop):
    made = shop(row("1", "TEA", 5, "2011-06-01T09:00"), row("C2", "TEA", -2, "2011-06-03T09:00"))
    assert lines(made.run()) == {"line of an order": 1, "cancelled": 1}
    with made.kernel() as kernel:
        line = kernel.order("csv:1").line("1")
        assert (line.cancelled, line.shipped, line.returned) == (2, 3, 0)


def test_a_credit_note_brings_back_what_has_shipped(shop):
    made = shop(row("1", "TEA", 5, "2011-06-01T09:00"), row("C2", "TEA", -2, "2011-06-20T09:00"))
    assert lines(made.run()) == {"line of an order": 1, "returned": 1}
    with made.kernel() as kernel:
        assert kernel.order("csv:1").line("1").returned == 2
        assert kernel.available("TEA") == 2


def test_a_credit_note_takes_the_newest_orders_first_and_adjusts_what_no_order_explains(shop):
    made = shop(
        row("1", "TEA", 5, "2011-06-01T09:00"), row("2", "TEA", 4, "2011-06-10T09:00"),
        row("3", "TEA", 9, "2011-06-10T09:00", customer="8"), row("C4", "TEA", -12, "2011-06-12T09:00"),
        row("C5", "TEA", -1, "2011-06-12T09:01"),
    )  # fmt: skip
    account = made.run()
    assert lines(account) == {
        "line of an order": 3, "cancelled and returned and adjusted": 1, "adjusted": 1,
    }  # fmt: skip
    assert [totals(account)[f"units {what}"] for what in ("cancelled", "returned", "adjusted upwards")] == [4, 5, 4]
    with made.kernel() as kernel:
        assert kernel.order("csv:2").line("1").cancelled == 4
        assert kernel.order("csv:1").line("1").returned == 5
        assert kernel.order("csv:3").line("1").shipped == 9
        assert not kernel.verify()


def test_rows_of_one_credit_note_do_not_take_the_same_units_twice(shop):
    made = shop(row("1", "TEA", 5, "2011-06-01T09:00"), row("C2", "TEA", -3, "2011-06-20T09:00"),
                row("C2", "TEA", -3, "2011-06-20T09:00"))  # fmt: skip
    assert lines(made.run()) == {"line of an order": 1, "returned": 1, "returned and adjusted": 1}


def test_later_orders_are_not_taken_back_by_an_earlier_credit_note(shop):
    made = shop(row("C1", "TEA", -5, "2011-06-01T09:00"), row("2", "TEA", 5, "2011-06-02T09:00"))
    assert lines(made.run()) == {"line of an order": 1, "adjusted": 1}


def test_goods_that_come_back_are_given_to_those_who_wait_and_ship_seven_days_later(shop):
    made = shop(
        row("1", "TEA", 10, "2011-06-01T09:00"), row("2", "TEA", 4, "2011-06-02T09:00", customer="8"),
        row("C3", "TEA", -3, "2011-06-20T09:00"), percent=70,
    )  # fmt: skip
    account = made.run()
    assert totals(account)["of these filled by later supply"] == 3
    with made.kernel() as kernel:
        last = kernel.timeline("csv:2")[-1]
        assert type(last.event).__name__ == "ParcelShipped"
        assert last.effective_at == datetime(2011, 6, 27, 8, tzinfo=UTC)


def test_a_write_off_lowers_the_stock_if_so_much_is_free(shop):
    made = shop(row("C1", "TEA", -5, "2011-06-01T09:00"), row("2", "TEA", -3, "2011-06-02T09:00", "0", customer=""),
                row("3", "TEA", -3, "2011-06-02T09:00", "0", customer=""))  # fmt: skip
    account = made.run()
    assert lines(account) == {"adjusted": 2, "quarantine, insufficient": 1}
    assert totals(account)["units adjusted downwards"] == 3
    with made.kernel() as kernel:
        assert kernel.available("TEA") == 2


def test_a_credit_note_without_a_customer_is_adjusted(shop):
    assert lines(shop(row("C1", "TEA", -5, "2011-06-01T09:00", customer="")).run()) == {"adjusted": 1}


def test_a_charge_is_credited_if_it_was_made_and_waits_for_a_person_if_not(shop):
    made = shop(
        row("1", "TEA", 1, "2011-06-01T09:00"), row("1", "POST", 1, "2011-06-01T09:00", "18.00"),
        row("C2", "POST", -1, "2011-06-20T09:00", "18.00"), row("C2", "D", -1, "2011-06-20T09:00", "5.00"),
    )  # fmt: skip
    assert lines(made.run()) == {
        "line of an order": 1, "untracked line of an order (postage, fees)": 1, "returned": 1,
        "quarantine, unmatched_charge": 1,
    }  # fmt: skip


def test_what_is_no_trade_waits_for_a_person_with_its_rows_and_reasons(shop):
    made = shop(
        row("A1", "D", 1, "2011-06-01T09:00", "-11062.06", customer=""), row("2", "TEA", 1, "2011-06-01T09:00", "-1.00"),
        row("3", "TEA", 0, "2011-06-01T09:00"), row("C4", "TEA", 2, "2011-06-01T09:00"),
    )  # fmt: skip
    account = made.run()
    codes = ("bookkeeping", "negative_price", "positive_reversal", "zero_quantity")
    assert lines(account) == {f"quarantine, {code}": 1 for code in codes}
    with made.kernel() as kernel:
        kept = {one.subject: one for one in kernel.quarantine()}
        assert {one.problems[0].path for one in kept.values()} == {"row 2", "row 3", "row 4", "row 5"}
        raw = kernel.core.receiver.stored(kept["2"].document)
        body = kernel._drive(kernel.core.look(raw)).body.decode()
        assert body == f"{HEADER}\n{row('2', 'TEA', 1, '2011-06-01T09:00', '-1.00')}\n"


def test_a_row_that_cannot_be_read_takes_its_order_with_it_and_no_other(shop):
    made = shop(
        row("1", "TEA", 1, "2011-06-01T09:00"), row("1", "TEA", "1.5.2", "2011-06-01T09:00"), "1,TEA",
        row("2", "TEA", 1, "2011-06-01T09:00"), row("", "TEA", 1, "2011-06-01T09:00"),
        row("3", "TEA", 1, "2011-06-01T09:00", country="Atlantis"),
    )  # fmt: skip
    assert lines(made.run()) == {
        "line of an order": 1, "quarantine, invalid_number": 1, "quarantine, missing_order": 1,
        "quarantine, order_not_complete": 1, "quarantine, ragged_row": 1, "quarantine, unknown_country": 1,
    }  # fmt: skip


def test_an_invoice_of_two_customers_waits_for_a_person(shop):
    made = shop(row("1", "TEA", 1, "2011-06-01T09:00"), row("1", "CUP", 1, "2011-06-01T09:00", customer="9"))
    assert lines(made.run()) == {"quarantine, inconsistent_order": 1, "quarantine, order_not_complete": 1}


def test_an_order_that_the_kernel_refuses_waits_for_a_person(shop):
    made = shop(
        row("1", "TEA", 1_000_000_000, "2011-06-01T09:00", "99999999999999.00"), row("2", "CUP", 1, "2011-06-01T09:05")
    )
    assert lines(made.run()) == {"line of an order": 1, "quarantine, invalid_command": 1}


def test_a_fraction_of_a_unit_waits_for_a_person(shop):
    assert lines(shop(row("1", "TEA", "1.5", "2011-06-01T09:00")).run()) == {"quarantine, fractional_quantity": 1}


# Again, and again


def test_a_second_run_changes_nothing_and_says_the_same(shop):
    made = shop(row("1", "TEA", 5, "2011-06-01T09:00"), row("C2", "TEA", -2, "2011-06-20T09:00"))
    first = made.run()
    with made.kernel() as kernel:
        log = kernel.log()
    assert made.run() == first
    with made.kernel() as kernel:
        assert kernel.log() == log


def test_another_file_does_not_go_into_the_same_store(shop, tmp_path):
    shop(row("1", "TEA", 5, "2011-06-01T09:00")).run()
    with pytest.raises(ConfigurationError, match="another history"):
        shop(row("1", "TEA", 6, "2011-06-01T09:00")).run()


def test_a_file_that_is_not_there_is_said_so(shop):
    made = shop()
    made.file.unlink()
    with pytest.raises(NotFound):
        made.run()


@pytest.mark.parametrize(
    ("table", "name"),
    [({"supplied": 95}, "supplied"), ({"supplied_percent": 101}, "supplied_percent"), ({"reversals": "C*"}, "reversals"),
     ({"disposition": "burn"}, "disposition"), ({"shipped_after_days": 0}, "shipped_after_days"),
     ({"time_zone": "UTC"}, "time_zone")],
)  # fmt: skip
def test_rules_that_cannot_work_are_named(table, name):
    with pytest.raises(ConfigurationError, match=name):
        HistoryRules.from_settings({"history": table})


DOCUMENTS, SEED = 120, 3


def replayed(kernel, source=None, rules=SAMPLE_RULES):
    source = source or Sample(DOCUMENTS, SEED)
    history = read_history(source.rows(), rules)
    replay = Replay(kernel, "csv", history, source, ignore)
    replay.run()
    return account_of(kernel, "csv", history, replay.counts.by_name, ignore)


@pytest.fixture(scope="module")
def straight():
    kernel = Kernel()
    account = replayed(kernel)
    assert not kernel.verify()
    return account


def test_a_sample_has_a_bit_of_everything(straight):
    assert account_has(straight, "line of an order", "untracked line of an order (postage, fees)", "cancelled",
                       "returned", "adjusted", "quarantine, insufficient")  # fmt: skip
    assert totals(straight)["of these filled by later supply"] > 0


def account_has(account, *names):
    return all(lines(account).get(name) for name in names)


def test_the_same_seed_makes_the_same_rows_and_another_one_others():
    assert list(Sample(50, 1).rows()) == list(Sample(50, 1).rows()) != list(Sample(50, 2).rows())
    assert not any(isinstance(one, BadRow) for one in Sample(50, 1).rows())


@pytest.mark.parametrize("percent", [60, 95])
@pytest.mark.parametrize("seed", [4, 5])
def test_how_many_commands_go_into_a_commit_makes_no_difference(seed, percent, monkeypatch):
    rules = evolve(SAMPLE_RULES, supplied_percent=percent)
    logs = []
    for group in (1, 7, 100_000):
        monkeypatch.setattr(replaying, "GROUP", group)
        kernel = Kernel()
        replayed(kernel, Sample(100, seed), rules)
        logs.append({row.id: kernel.timeline(row.id) for row in kernel.orders(limit=1_000)})
    stories = [
        {id: [(entry.effective_at, entry.event) for entry in story] for id, story in log.items()} for log in logs
    ]
    assert stories[0] == stories[1] == stories[2]


def test_the_log_follows_the_time_of_the_world():
    kernel = Kernel()
    replayed(kernel)
    times = [record.effective_at for record in kernel.log(limit=100_000).records]
    assert times == sorted(times)


def test_sqlite_comes_to_the_same_as_memory(straight, tmp_path):
    with Kernel.open(f"sqlite:///{tmp_path / 'shop.db'}") as kernel:
        assert replayed(kernel) == straight
        assert not kernel.verify()


class Killed(BaseException):
    pass


class Mortal(MemoryStore):
    """Dies at a commit, before or after it; what it holds outlives the process."""

    left = 1 << 30
    after = False

    def _die(self):
        self.left -= 1
        return self.left == 0

    def commit_many(self, batches):
        dies = self._die()
        if dies and not self.after:
            raise Killed
        done = super().commit_many(batches)
        if dies:
            raise Killed
        return done

    def commit(self, batch):
        dies = self._die()
        if dies and not self.after:
            raise Killed
        done = super().commit(batch)
        if dies:
            raise Killed
        return done


@settings(max_examples=12)
@given(st.lists(st.tuples(st.integers(1, 120), st.booleans()), min_size=1, max_size=4))
def test_interrupted_at_any_commit_and_started_again_it_comes_to_the_same(straight, deaths):
    store = Mortal()
    for left, after in deaths:
        store.left, store.after = left, after
        try:
            replayed(Kernel(store))
        except Killed:
            continue
    store.left = 1 << 30
    kernel = Kernel(store)
    assert replayed(kernel) == straight
    assert not kernel.verify()


PROGRAM = """
import sys
from ordercore.cli.importing import run_import
print(run_import(url=sys.argv[1], channel="csv", map_path=None, source=None, generate=int(sys.argv[2]),
                 seed=int(sys.argv[3]), progress=lambda *_: None))
"""


def test_killed_at_random_moments_and_started_again_it_comes_to_the_same(straight, tmp_path):
    chance = random.Random(os.environ.get("ORDERCORE_KILL_SEED", "11"))
    command = [sys.executable, "-c", PROGRAM, f"sqlite:///{tmp_path / 'shop.db'}", str(DOCUMENTS), str(SEED)]
    kills = 0
    for _ in range(5):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        size = tmp_path / "shop.db-wal"
        deadline = time.monotonic() + 60
        while not size.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.5))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate()
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert done.stdout.strip() == str(straight)
    assert kills
    with Kernel.open(command[3]) as kernel:
        assert not kernel.verify()


# The real file


@pytest.mark.slow
@pytest.mark.skipif(
    "ORDERCORE_DATA" not in os.environ, reason="ORDERCORE_DATA names no folder with the real order lines"
)
def test_every_line_of_the_real_file_is_accounted_for(tmp_path):
    source = Path(os.environ["ORDERCORE_DATA"]) / "online_retail_lines.csv.gz"
    columns = Path(__file__).parents[2] / "examples" / "online_retail.toml"
    url = f"sqlite:///{tmp_path / 'retail.db'}"
    account = run_import(
        url=url, channel="csv", map_path=columns, source=source, generate=None, seed=0, progress=ignore
    )
    assert account.balanced
    assert account.sum == 541_909
    assert totals(account)["documents in the file"] == 25_900
    with Kernel.open(url) as kernel:
        assert not kernel.verify()


def test_the_lines_of_a_file_are_kept_raw_even_over_several_lines(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b'no,code\r\n1,"a\nb"\r\n2,c\r\n3,d')

    class Lines:
        def rows(self, file):
            return iter(())

    class Columns:
        line = (2, 4, 5)

        def __len__(self):
            return 3

    kept = File(path, Lines())
    assert kept.body(Columns(), [0]) == b'no,code\r\n1,"a\nb"\r\n'
    assert kept.body(Columns(), [1, 2]) == b"no,code\r\n2,c\r\n3,d\n"


def test_what_a_receipt_filled_is_said_by_its_event(shop):
    made = shop(row("1", "TEA", 10, "2011-06-01T09:00"), row("2", "TEA", 10, "2011-07-01T09:00"), percent=90)
    made.run()
    with made.kernel() as kernel:
        waited = [e.event for e in kernel.timeline("csv:1") if isinstance(e.event, OrderAllocated)]
        assert [event.waiting for event in waited] == ["unallocated", "backordered"]

"""A failing test shows how it came to that, in a run of pytest of its own: alone, in parallel, in any order."""

import re
import subprocess
import sys

import pytest

from ordercore import Kernel, Ship
from ordercore.testing import ManualClock, given_stock, place
from ordercore.testing.history import WIDTH, line_of, sections, tail

FAILING = """
from ordercore import Ship
from ordercore.testing import given_stock, place

def test_that_fails(ordercore_kernel):
    given_stock(ordercore_kernel, {"WH1": {"TEA": 5}})
    order = place(ordercore_kernel, {"TEA": 2})
    ordercore_kernel.handle(Ship(order))
    assert ordercore_kernel.available("TEA") == 5

def test_that_passes(ordercore_kernel):
    given_stock(ordercore_kernel, {"WH1": {"TEA": 5}})

def test_that_fails_without_events(ordercore_kernel):
    assert not ordercore_kernel
"""


def run(folder, *options, text=FAILING):
    (folder / "test_host.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", folder, *options],
        capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_a_failing_test_shows_the_events_of_its_kernel(tmp_path):
    said = run(tmp_path)
    assert "1 passed" in said
    ((count, events),) = re.findall(r"-+ events of ordercore_kernel \(all (\d+)\) -+\n((?:20.+\n)+)", said)
    assert len(events.splitlines()) == int(count) >= 5
    last = next(line for line in events.splitlines() if "ParcelShipped" in line)
    assert re.match(r"2026-01-05 09:00:00  order/shop:\S+ v\d+  ParcelShipped .*\[TEA x2\]", last), last


@pytest.mark.parametrize(("options", "shown"), [(["--ordercore-history=0"], 0), (["--ordercore-history=2"], 2)])
def test_how_many_is_an_option(tmp_path, options, shown):
    said = run(tmp_path, *options)
    assert len(re.findall(r"^2026-01-05 09:00:00  ", said, re.MULTILINE)) == shown
    assert ("the last 2 of " in said) == bool(shown)


def test_it_is_an_ini_option_too(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\nordercore_history = 0\n")
    assert "events of" not in run(tmp_path, "-c", "pytest.ini")


PARALLEL = """
import pytest
from ordercore.testing import assert_consistent, given_stock, place

@pytest.mark.parametrize("n", range(24))
def test_kernels_do_not_know_each_other(ordercore_kernel, ordercore_make_kernel, ordercore_clock, n):
    other = ordercore_make_kernel()
    given_stock(ordercore_kernel, {"WH1": {"TEA": n + 1}})
    given_stock(other, {"WH1": {"TEA": 100}})
    assert place(ordercore_kernel, {"TEA": n + 1}, external_id="1") == place(other, {"TEA": 1}, external_id="1")
    ordercore_clock.advance("1d")
    assert (ordercore_kernel.available("TEA"), other.available("TEA")) == (0, 99)
    assert_consistent(ordercore_kernel)

def test_that_fails(ordercore_kernel):
    given_stock(ordercore_kernel, {"WH1": {"TEA": 5}})
    assert False
"""


def test_tests_may_run_in_parallel_and_in_any_order(tmp_path):
    said = run(tmp_path, "-n", "2", "-p", "randomly", text=PARALLEL)
    assert "24 passed" in said, said
    assert "events of ordercore_kernel (all 3)" in said


def test_a_line_is_short_and_says_what_happened():
    kernel = Kernel(clock=ManualClock())
    given_stock(kernel, {"WH1": {f"SKU-{n}": 9 for n in range(40)}})
    order = place(kernel, {f"SKU-{n}": 2 for n in range(40)})
    kernel.handle(Ship(order))
    records = kernel.log().records
    assert max(len(line_of(record)) for record in records) <= WIDTH
    length, last = tail(kernel, 3)
    assert length == len(records) > 3
    assert [line.split()[4] for line in last] == [type(record.event).__name__ for record in records[-3:]]


def test_a_kernel_whose_log_does_not_read_hides_no_failure():
    class Closed(Kernel):
        def log(self, *_, **__):
            raise OSError("closed")

    ((title, text),) = sections({"shop": Closed(), "other": 7}, 3)
    assert (title, text) == ("events of shop", "The log cannot be read: OSError.")
    assert list(sections({"shop": Kernel()}, 3)) == []

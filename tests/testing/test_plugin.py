import json
import subprocess
import sys

import pytest

import ordercore.testing
from ordercore.store.memory import MemoryStore
from ordercore.testing import ManualClock, plugin

PROBE = """
import json, sys
def test_what_is_loaded(pytestconfig):
    assert pytestconfig.pluginmanager.has_plugin("ordercore.testing.kernel_fixtures")
    with open("loaded.json", "w") as file:
        json.dump(sorted(sys.modules), file)
"""


def test_the_plugin_costs_nothing_in_a_run_that_does_not_use_it(tmp_path):
    (tmp_path / "test_host.py").write_text(PROBE)
    options = [
        "-p",
        "no:hypothesispytest",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        "--rootdir",
        str(tmp_path),
        "-q",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "test_host.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    loaded = set(json.loads((tmp_path / "loaded.json").read_text()))
    assert not loaded & {"hypothesis", "sqlite3", "cattrs", "attrs", "msgspec", "sortedcontainers"}
    ours = {name for name in loaded if name.partition(".")[0] == "ordercore"}
    assert ours == {"ordercore", "ordercore.testing", "ordercore.testing.plugin", "ordercore.testing.kernel_fixtures"}


def test_the_fixtures_are_there_without_an_import(ordercore_store, ordercore_clock):
    assert isinstance(ordercore_store, MemoryStore)
    assert isinstance(ordercore_clock, ManualClock)


def test_the_kernel_of_a_test_uses_the_store_and_the_clock_of_the_test(
    ordercore_kernel, ordercore_store, ordercore_clock
):
    from ordercore import PutLocation

    receipt = ordercore_kernel.handle(PutLocation("WH1"))
    (record,) = [each for each in ordercore_store.read_all(None).records if each.command_id == receipt.command_id]
    assert record.recorded_at == ordercore_clock.now()


def test_the_names_of_the_package_load_on_demand():
    assert ordercore.testing.__all__ == sorted(ordercore.testing.__all__)
    for name in ordercore.testing.__all__:
        assert getattr(ordercore.testing, name).__name__.rpartition(".")[2] == name
    assert set(ordercore.testing.__all__) <= set(dir(ordercore.testing))
    with pytest.raises(AttributeError, match="NoSuchName"):
        ordercore.testing.NoSuchName  # noqa: B018
    assert plugin.pytest_plugins

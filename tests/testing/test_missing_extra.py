"""What of the kit needs its extra says so; what does not, works without."""

import subprocess
import sys

import pytest


def python(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("package", "name"), [("pytest", "CarrierSuite"), ("hypothesis", "ChannelSuite"), ("hypothesis", "strategies")]
)
def test_without_its_extra_the_kit_says_what_to_install(package, name):
    done = python(f"import sys\nsys.modules[{package!r}] = None\nfrom ordercore.testing import {name}")
    assert f"MissingExtra: {name} (it uses {package})" in done.stderr
    assert 'pip install "ordercore[testing]"' in done.stderr


def test_builders_and_clocks_need_no_extra():
    hidden = "import sys\nsys.modules['pytest'] = sys.modules['hypothesis'] = None\n"
    names = "CountedIds, FaultyTransport, ManualClock, RecordedTransport, an_order, given_stock, place"
    assert python(f"{hidden}from ordercore.testing import {names}").stderr == ""

import tomllib
from pathlib import Path

import pytest

from ordercore_tablecarrier import Table, TableCarrier


@pytest.fixture
def settings():
    return tomllib.loads(Path(__file__).with_name("table.toml").read_text())


@pytest.fixture
def carrier(settings):
    return TableCarrier("post", Table.of(settings))

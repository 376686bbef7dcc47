"""What tests of examples share: the databases that each must work on, its modules, and its program as a process."""

import importlib.util
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from ordercore_postgres import PostgresStore

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    """Where an example keeps its shop: a new file, or a database with the tables of ordercore."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shop.db'}"
    address = request.getfixturevalue("ordercore_postgres_address")
    PostgresStore.open(address, migrate=True).close()
    return address


@pytest.fixture(scope="session")
def load():
    """A module of an example by its path, under a name that belongs to this example alone."""

    def load(path):
        path = EXAMPLES / path
        name = f"example_{path.parent.name}_{path.stem}".replace("-", "_")
        if name not in sys.modules:
            spec = importlib.util.spec_from_file_location(name, path)
            sys.modules[name] = importlib.util.module_from_spec(spec)  # annotations are looked up there
            spec.loader.exec_module(sys.modules[name])
        return sys.modules[name]

    return load


# Whoever runs the tests in the background of a shell has Ctrl-C ignored, and a child would inherit that.
RUN = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_path(sys.argv[1], run_name="__main__")
"""


@pytest.fixture
def started(tmp_path):
    """An example as its one command runs it, in a folder of its own; killed afterwards."""

    @contextmanager
    def started(name, **environ):
        with subprocess.Popen(
            [sys.executable, "-c", RUN, EXAMPLES / name], cwd=tmp_path, env=os.environ | environ, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.kill()

    return started

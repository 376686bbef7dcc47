"""The kind of store behind `postgresql://`, where what it needs is not there."""

import os
import subprocess
import sys

PROGRAM = """
from ordercore import Kernel
from ordercore.errors import ConfigurationError
try:
    Kernel.open("postgresql:///shop")
except ConfigurationError as error:
    print(error.code, error.hint)
"""


def test_without_libpq_it_is_said_what_brings_it():
    without = os.environ | {"PSYCOPG_IMPL": "nothing that there is"}
    run = subprocess.run([sys.executable, "-c", PROGRAM], env=without, text=True, capture_output=True, check=True)
    assert run.stdout.startswith('configuration_error pip install "psycopg[binary]"')

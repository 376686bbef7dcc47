"""The Django shop: its one command as the README says, and its checkout under refusals, repeats and failures, on both databases."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ordercore import Kernel

FOLDER = Path(__file__).parent.parent.parent / "examples" / "django-shop"


def test_its_one_command_prints_what_the_readme_shows(started, tmp_path):
    shown = re.search(r"^```text\n(.*?)^```", (FOLDER / "README.md").read_text(), re.DOTALL | re.MULTILINE)[1]
    with started("django-shop", PORT="0") as server:
        printed = []
        for line in server.stdout:
            printed.append(line)
            if line.startswith("Serving"):
                break
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0, server.stdout.read()
    said = re.sub(r":\d+/", ":8002/", "".join(printed))
    assert re.sub(r"\(admin, [\w-]+\)", "(admin, <a password>)", said) == shown
    with Kernel.open(f"sqlite:///{tmp_path / 'django-shop.db'}") as kernel:
        assert (len(kernel.orders()), kernel.verify()) == (1, ())


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def manage(request, tmp_path):
    """`manage.py` of the shop, on a database of this test."""
    url = f"sqlite:///{tmp_path / 'django-shop.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("ordercore_postgres_address")

    def manage(*arguments):
        return subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=FOLDER, env=os.environ | {"SHOP_DATABASE": url},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return manage


def test_the_shop_has_nothing_to_migrate_and_its_own_tests_pass(manage):
    changed = manage("makemigrations", "--check", "--dry-run")
    assert changed.returncode == 0, changed.stdout + changed.stderr
    done = manage("test", "--noinput")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Ran [1-9]\d* tests", done.stderr)

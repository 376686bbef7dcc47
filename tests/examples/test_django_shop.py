"""The Django shop, as its one command runs it, on both databases; and once as a server of its own."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

SHOP = Path(__file__).parent.parent.parent / "examples" / "django-shop"
TOLD = re.search(r"^```text\n(.*?)\n\n", (SHOP / "README.md").read_text(), re.DOTALL | re.MULTILINE)[1]


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_it_tells_what_its_readme_says(request, tmp_path, database):
    environ = dict(os.environ)
    if database == "postgresql":
        environ["SHOP_DATABASE"] = request.getfixturevalue("ordercore_postgres_address")
    for _ in range(2 if database == "sqlite" else 1):
        done = subprocess.run(
            [sys.executable, SHOP, "--once"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert (done.stdout.strip(), done.stderr) == (TOLD, "")


def test_it_serves_its_pages_and_the_admin(started):
    with started("django-shop", PORT="0", PYTHONUNBUFFERED="1") as process:
        for line in process.stdout:
            if (found := re.match(r"Serving on (http://[\d.:]+)/ .* as boss, (\S+)", line)) is not None:
                break
        else:
            pytest.fail("it serves nothing")
        page = urllib.request.urlopen(f"{found[1]}/").read().decode()
        assert re.search(r"Sencha, 50 g.*?7\.50 EUR.*?>1<", page)
        assert "Log in" in urllib.request.urlopen(f"{found[1]}/admin/").read().decode()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0

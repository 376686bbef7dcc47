"""Django's own runner over a project with a shop, on both databases: its test cases need a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent / "project"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def django(request, tmp_path):
    """`django-admin` in the project; gives what it printed."""
    environ = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PROJECT_FOLDER": str(tmp_path)}
    environ["PYTHONPATH"] = str(PROJECT)
    if request.param == "postgresql":
        environ["PROJECT_POSTGRES"] = request.getfixturevalue("ordercore_postgres_address")

    def django(*arguments):
        return subprocess.run(
            [sys.executable, "-W", "error::ResourceWarning", "-m", "django", *arguments],
            cwd=PROJECT, env=environ, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return django


def test_the_test_cases_of_a_project_pass(django):
    done = django("test", "shop", "--pattern", "of_*.py", "--noinput")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "\nOK" in done.stderr

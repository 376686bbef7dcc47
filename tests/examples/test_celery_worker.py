"""The Celery example runs by the one command of its README, and says what the README says that it says."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "examples" / "celery-worker" / "README.md"


def block(language):
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return found


def test_the_one_command_places_orders_and_workers_do_the_rest(tmp_path):
    program, *arguments = shlex.split(block("sh"))
    assert program == "python"
    environment = {**os.environ, "SHOP_FOLDER": str(tmp_path / "shop")}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, block("text")), done.stderr[-4_000:]

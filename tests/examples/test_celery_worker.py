"""The Celery example runs by its one command, and says what its README says that it says."""

import re
import signal
from pathlib import Path

README = Path(__file__).parent.parent.parent / "examples" / "celery-worker" / "README.md"


def test_orders_are_placed_and_workers_do_the_rest(started, tmp_path):
    (said,) = re.findall(r"^```text\n(.*?)^```", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    with started("celery-worker", SHOP_FOLDER=str(tmp_path / "shop")) as process:
        try:
            out, _ = process.communicate(timeout=170)
        except BaseException:
            process.send_signal(signal.SIGINT)  # it ends its worker
            process.wait(20)
            raise
    assert (process.returncode, out) == (0, said)

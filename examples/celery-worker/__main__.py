"""Start a worker, place orders as a web process would, and wait until what follows is done: `python examples/celery-worker`."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import shop

from ordercore import PutItem, PutLocation, ReceiveStock
from ordercore.order import Line, PlaceOrder
from ordercore.stock import Received
from ordercore.store import ReadDocument

ORDERS = 20
PATIENCE_SECONDS = 120


def start_worker():
    """Two processes that take tasks, and the beat that sweeps; as `celery -A shop worker --beat` in a terminal."""
    command = [sys.executable, "-m", "celery", "-A", "shop", "worker", "--beat", "--concurrency", "2",
               "--schedule", shop.FOLDER / "beat", "--loglevel", "WARNING"]  # fmt: skip
    environment = {**os.environ, "SHOP_FOLDER": str(shop.FOLDER)}
    with (shop.FOLDER / "worker.log").open("w") as log:
        return subprocess.Popen(command, cwd=Path(__file__).parent, env=environment, stdout=log, stderr=log)


def sold(kernel):
    query = ReadDocument("shop.sold", "TEA")
    found = kernel.store.read([query]).of(query)
    return found.body.units if found else 0


def mails():
    return len(list(shop.OUTBOX.glob("*.eml")))


def main():
    shutil.rmtree(shop.FOLDER, ignore_errors=True)
    with shop.open_kernel(wake=shop.tasks.wake) as kernel:
        worker = start_worker()
        try:
            kernel.handle(PutItem("TEA", "Tea"))
            kernel.handle(PutLocation("WH1"))
            kernel.handle(ReceiveStock("WH1", [Received("TEA", 100)]))
            for number in range(ORDERS):
                kernel.handle(PlaceOrder("web", str(number), "EUR", [Line("TEA", 2, "3.50")]))
            print(f"{ORDERS} orders are placed; this process did nothing else")
            end = time.monotonic() + PATIENCE_SECONDS
            while sold(kernel) < 2 * ORDERS or any(row.lag for row in kernel.followers()) or mails() < ORDERS:
                if time.monotonic() > end or worker.poll() is not None:
                    print((shop.FOLDER / "worker.log").read_text(), file=sys.stderr)
                    return 1
                time.sleep(0.1)
            print(f"workers counted {sold(kernel)} units of TEA and wrote {mails()} mails")
            for row in kernel.followers():
                print(f"  {row.name}: {row.status}, {row.lag} behind")
            return 0
        finally:
            worker.terminate()
            worker.wait()


if __name__ == "__main__":
    sys.exit(main())

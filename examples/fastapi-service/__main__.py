"""Two things to sell, and the service on port 8000: `python examples/fastapi-service`."""

import os

import uvicorn

from ordercore import Kernel, PutItem, PutLocation, ReceiveStock
from ordercore.stock import Received
from ordercore.wiring import discover


def stock(url: str) -> None:
    """A warehouse with tea and cups. Every one of these is recognized: start it as often as you like."""
    with Kernel.open(url, plugins=discover()) as kernel:
        kernel.handle(PutLocation("WH1", "Warehouse"))
        kernel.handle(PutItem("TEA", "Earl Grey, 100 g"))
        kernel.handle(PutItem("CUP", "Cup, blue"))
        kernel.handle(ReceiveStock("WH1", [Received("TEA", 100), Received("CUP", 5)], "supplier", "D-1"))


if __name__ == "__main__":
    stock(os.environ.setdefault("ORDERCORE_STORE", "sqlite:///shop.db"))
    uvicorn.run("service:app", port=int(os.environ.get("PORT", "8000")))

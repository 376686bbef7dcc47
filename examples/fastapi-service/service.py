"""Orders over HTTP: place, read, ship, cancel. One kernel for the process, a worker beside it, problems as RFC 9457.

uvicorn service:app                                        # SQLite, shop.db
ORDERCORE_STORE=postgresql://... uvicorn service:app       # PostgreSQL, the same code
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated

from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from ordercore import Address, AsyncKernel, Line, PlaceOrder, Ship
from ordercore.errors import InvalidInput, OrdercoreError
from ordercore.message import Receipt
from ordercore.order import CancelLines, Order
from ordercore.policies import Policies
from ordercore.wiring import discover

log = logging.getLogger("service")


# The dependency recipe. Everything that a request needs of ordercore is one parameter: `shop: Shop`.


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    url = os.environ.get("ORDERCORE_STORE", "sqlite:///shop.db")
    async with AsyncKernel.open(url, plugins=discover(), policies=Policies(shortage="backorder")) as kernel:
        app.state.kernel = kernel
        worker = asyncio.create_task(work(kernel))
        yield
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


def kernel_of(request: Request) -> AsyncKernel:
    return request.app.state.kernel


Shop = Annotated[AsyncKernel, Depends(kernel_of)]
IdempotencyKey = Annotated[str, Header(min_length=1, max_length=200, description="The same for every try of one wish.")]


async def work(kernel: AsyncKernel, every_seconds: float = 1.0) -> None:
    """Timers, followers, deliveries: whatever is due. Any number of processes may do this at once."""
    while True:
        try:
            await kernel.work(until_idle=True)
        except OrdercoreError as error:  # the database is away: it will be back
            log.warning("work: %s", error)
        await asyncio.sleep(every_seconds)


app = FastAPI(title="Orders", lifespan=lifespan)


# What comes in, what goes out. Prices are text, since JSON numbers are floats.


class LineIn(BaseModel):
    sku: str
    quantity: int = Field(gt=0)
    price: str = Field(examples=["12.50"])


class OrderIn(BaseModel):
    number: str = Field(description="Your own number of this order: sent twice, it is placed once.")
    currency: str = "EUR"
    country: str = Field(default="", description="Where it goes, ISO 3166.")
    lines: list[LineIn] = Field(min_length=1)


class LineOut(BaseModel):
    sku: str
    quantity: int
    shipped: int
    cancelled: int
    backordered: int


class OrderOut(BaseModel):
    id: str
    status: str
    fulfillment: str
    lines: list[LineOut]

    @classmethod
    def of(cls, order: Order) -> "OrderOut":
        lines = [
            LineOut(sku=line.facts.sku, quantity=line.facts.quantity, shipped=line.shipped, cancelled=line.cancelled,
                    backordered=line.backordered)
            for line in order.lines.values()
        ]  # fmt: skip
        return cls(id=order.id, status=order.status, fulfillment=order.fulfillment_status, lines=lines)


@app.post("/orders", status_code=201)
async def place(order: OrderIn, shop: Shop, response: Response) -> OrderOut:
    """Place an order. Its number is its key: no other is needed."""
    lines = [Line(line.sku, line.quantity, line.price) for line in order.lines]
    ship_to = Address(order.country) if order.country else None
    return await answer(
        shop, await shop.handle(PlaceOrder("app", order.number, order.currency, lines, ship_to=ship_to)), response
    )


@app.get("/orders/{order_id}")
async def read(order_id: str, shop: Shop) -> OrderOut:
    return OrderOut.of(await shop.order(order_id))


@app.get("/orders/{order_id}/timeline")
async def timeline(order_id: str, shop: Shop) -> list[str]:
    return [entry.text for entry in await shop.timeline(order_id)]


@app.post("/orders/{order_id}/shipments")
async def ship(order_id: str, shop: Shop, idempotency_key: IdempotencyKey, response: Response) -> OrderOut:
    """Ship whatever is ready."""
    return await answer(shop, await shop.handle(Ship(order_id), key=idempotency_key), response)


@app.post("/orders/{order_id}/cancellation")
async def cancel(order_id: str, shop: Shop, idempotency_key: IdempotencyKey, response: Response) -> OrderOut:
    """Cancel what has not been shipped; its stock is free at once."""
    return await answer(shop, await shop.handle(CancelLines(order_id), key=idempotency_key), response)


async def answer(shop: AsyncKernel, receipt: Receipt, response: Response) -> OrderOut:
    """The order as it is now; a header says if the request had been done before."""
    if receipt.duplicate:
        response.status_code = 200
        response.headers["Idempotent-Replayed"] = "true"
    return OrderOut.of(await shop.order(receipt.result))


# Every error has a status, a stable code, its facts and a hint.


@app.exception_handler(OrdercoreError)
async def problem(request: Request, error: OrdercoreError) -> JSONResponse:
    return JSONResponse(error.as_problem(), error.http_status, media_type="application/problem+json")


@app.exception_handler(RequestValidationError)
async def not_readable(request: Request, error: RequestValidationError) -> JSONResponse:
    """What is no order at all is told in the same form."""
    found = [(one["type"], ".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()]
    return await problem(request, InvalidInput(found))

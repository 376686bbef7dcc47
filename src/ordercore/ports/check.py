"""What can be said of an order request without knowing any item: the checks that every channel shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from ordercore.ports.request import LineRequest, OrderRequest
from ordercore.ports.transmission import Problem, Severity
from ordercore.values import MAX_MINOR, MAX_QUANTITY, Money

MAX_LINES: Final = 10_000


def check(request: OrderRequest) -> tuple[Problem, ...]:
    """Everything about the request that cannot be right, as problems; empty where there is nothing to say.

    Adapters call it at the end of `decode` and hand on no item that has a `reject` among them; intake calls it again.
    An adapter that tolerates a wrong total says so in a warning of its own and leaves `stated_total` out.
    """
    return tuple(_problems(request))


def _problems(request: OrderRequest) -> Iterator[Problem]:
    if not request.lines:
        yield _problem(request, "no_lines", "", "The order has no lines.")
    if len(request.lines) > MAX_LINES:
        yield _problem(
            request, "too_many_lines", "", f"The order has {len(request.lines)} lines, more than {MAX_LINES}."
        )
        return
    for key, times in Counter(line.line_key for line in request.lines).items():
        if times > 1:
            yield _problem(request, "duplicate_line", "", f"Line {key[:64]!r} stands {times} times on the order.")
    for line in request.lines:
        yield from _of_line(request, line)
    for name, amount in (("discount", request.discount), ("tax", request.tax), ("total", request.stated_total)):
        yield from _of_amount(request, amount, name)
    yield from _of_total(request)


def _of_line(request: OrderRequest, line: LineRequest) -> Iterator[Problem]:
    value = line.quantity.value
    if value <= 0 or value > MAX_QUANTITY:
        code = "negative_quantity" if value < 0 else "zero_quantity" if value == 0 else "quantity_out_of_range"
        yield _problem(request, code, line.at("quantity"), f"A quantity is above 0 and at most {MAX_QUANTITY}.")
        return
    if not 0 <= line.removed <= value or not 0 <= line.fulfilled <= value:
        yield _problem(request, "count_mismatch", line.path, "More units removed or fulfilled than there are.")
    price = line.unit_price
    if price is None:
        yield _problem(request, "missing_price", line.at("unit_price"), "No price is stated; 0 is taken.", "warning")
    elif price.currency != request.currency:
        text = f"A price in {price.currency} on an order in {request.currency}."
        yield _problem(request, "mixed_currency", line.at("unit_price"), text)
    elif price.amount < 0:
        yield _problem(request, "negative_amount", line.at("unit_price"), "A price below zero.")
    elif line.discount is not None and line.discount.amount > line.gross:
        text = f"The discount of {line.discount} is more than the line."
        yield _problem(request, "discount_exceeds_line", line.at("discount"), text)
    yield from _of_amount(request, line.discount, line.at("discount"))
    yield from _of_amount(request, line.tax, line.at("tax"))


def _of_amount(request: OrderRequest, amount: Money | None, where: str) -> Iterator[Problem]:
    if amount is None:
        return
    if amount.currency != request.currency:
        yield _problem(request, "mixed_currency", where, f"{amount.currency} on an order in {request.currency}.")
    if amount.amount < 0:
        yield _problem(request, "negative_amount", where, f"{amount} is below zero.")


def _of_total(request: OrderRequest) -> Iterator[Problem]:
    total, stated = request.total, request.stated_total
    if total > MAX_MINOR:
        yield _problem(request, "amount_out_of_range", "total", "The order comes to more than 2**62 minor units.")
    elif stated is not None and stated.amount != total:
        text = f"The lines come to {Money(total, request.currency)}, but the order says {stated}."
        yield _problem(request, "total_mismatch", "total", text)


def _problem(request: OrderRequest, code: str, path: str, message: str, severity: Severity = "reject") -> Problem:
    return Problem(code, severity, path, message, subject=request.external_id)

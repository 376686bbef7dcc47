"""The checkout: a row of the shop's own and an order of ordercore, together or not at all."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from ordercore import Insufficient, Line, PlaceOrder
from ordercore_django import kernel
from shop.models import Product, Purchase, Wish


def buy(key: UUID, email: str, greeting: str, basket: Mapping[str, int]) -> Purchase:
    """Place the order and keep who bought, in one transaction. Raises Insufficient, and nothing is there then.

    The form carries `key`: sent twice, it is bought once. Prices are the shop's, whatever the form says.
    """
    lines = [
        Line(product.sku, basket[product.sku], product.price) for product in Product.objects.filter(sku__in=basket)
    ]
    with transaction.atomic():
        receipt = kernel().handle(PlaceOrder("shop", str(key), "EUR", lines))
        purchase, _ = Purchase.objects.get_or_create(
            key=key, defaults={"email": email, "greeting": greeting, "order_id": receipt.order_id}
        )
    return purchase


def buy_or_wish(key: UUID, email: str, greeting: str, basket: Mapping[str, int]) -> Purchase | None:
    """As `buy`; but what was missing is kept, so that somebody may order more of it. None if nothing was bought."""
    with transaction.atomic():
        try:
            return buy(key, email, greeting, basket)
        except Insufficient as short:
            # The order undid itself alone: this transaction goes on.
            for _, sku, missing in short.shortages:
                Wish.objects.create(email=email, sku=sku, missing=missing)
            return None

"""The checkout: the shop's row and the order, in one transaction."""

from django.db import transaction

from ordercore import Line, PlaceOrder
from ordercore_django import kernel
from shop.models import Product, Purchase


def checkout(email, basket):
    """Buy what `basket` says (SKU -> quantity). Raises Insufficient, and then there is no purchase either."""
    with transaction.atomic():
        purchase = Purchase.objects.create(email=email)
        products = Product.objects.in_bulk(list(basket), field_name="sku")
        lines = [Line(sku, quantity, str(products[sku].price)) for sku, quantity in basket.items()]
        purchase.order = kernel().handle(PlaceOrder("shop", str(purchase.pk), "EUR", lines)).order_id
        purchase.save(update_fields=["order"])
    return purchase

"""Three pages: what there is, the checkout, and what became of a purchase."""

import uuid

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from ordercore.errors import Mismatch, RetryTransaction
from ordercore_django import kernel
from shop.checkout import buy_or_wish
from shop.models import Product, Purchase


class Checkout(forms.Form):
    """What a customer sends, beside the quantities."""

    key = forms.UUIDField()
    email = forms.EmailField()
    greeting = forms.CharField(required=False, max_length=200)


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What there is, with how many are free."""
    return _index(request)


@require_POST
def checkout(request: HttpRequest) -> HttpResponse:
    """Buy."""
    form = Checkout(request.POST)
    basket = {name.removeprefix("buy-"): value for name, value in request.POST.items() if name.startswith("buy-")}
    wanted = {sku: int(value) for sku, value in basket.items() if value.isascii() and value.isdigit() and int(value)}
    sold = set(Product.objects.filter(sku__in=wanted).values_list("sku", flat=True))
    if not form.is_valid() or not wanted or max(wanted.values()) > 99 or sold != wanted.keys():
        return _index(request, "Choose something, and say where we may write to.", 400)
    for attempt in (1, 2, 3):
        try:
            bought = buy_or_wish(**form.cleaned_data, basket=wanted)
            break
        except Mismatch:
            return _index(request, "This form has been sent before, with other quantities. Here is a new one.", 409)
        except RetryTransaction:
            # Others were in the way of this transaction. It is the host's, so it is the host that runs it again.
            if attempt == 3 or transaction.get_connection().in_atomic_block:
                raise
    if bought is None:
        return _index(request, "There is less of it than you wanted. We were told so.", 409)
    return redirect("purchase", key=bought.key)


@require_GET
def purchase(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """What became of it: from the order itself, and everything that happened to it."""
    bought = get_object_or_404(Purchase, key=key)
    order = kernel().order(bought.order_id)
    timeline = kernel().timeline(bought.order_id)
    return render(request, "shop/purchase.html", {"purchase": bought, "order": order, "timeline": timeline})


def _index(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    shelf = [(product, kernel().available(product.sku)) for product in Product.objects.all()]
    return render(request, "shop/index.html", {"shelf": shelf, "key": uuid.uuid4(), "problem": problem}, status=status)

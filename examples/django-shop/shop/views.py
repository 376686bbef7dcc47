"""The shop's pages: what there is, the checkout, and what became of an order."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from ordercore.errors import Insufficient
from ordercore_django import kernel
from shop.checkout import checkout
from shop.models import Product, Purchase


def shelf(request):
    products = Product.objects.order_by("name")
    goods = [(product, kernel().available(product.sku)) for product in products]
    return render(request, "shelf.html", {"goods": goods})


@require_POST
def buy(request):
    basket = {sku: int(request.POST.get(sku) or 0) for sku in Product.objects.values_list("sku", flat=True)}
    basket = {sku: quantity for sku, quantity in basket.items() if quantity > 0}
    if not basket:
        return redirect("shelf")
    try:
        purchase = checkout(request.POST["email"], basket)
    except Insufficient as refused:
        for _, sku, missing in refused.shortages:
            messages.error(request, f"Sorry: {missing} too few of {sku}. Nothing was ordered.")
        return redirect("shelf")
    return redirect("purchase", purchase.pk)


def purchase(request, pk):
    bought = get_object_or_404(Purchase, pk=pk)
    order = kernel().order(bought.order)
    return render(
        request, "purchase.html", {"purchase": bought, "order": order, "timeline": kernel().timeline(order.id)}
    )

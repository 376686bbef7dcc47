"""The shop's own tables in the admin; orders and stock come with `ordercore_django`."""

from django.contrib import admin

from shop.models import Product, Purchase, Wish


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ("title", "sku", "price")


@admin.register(Purchase)
class PurchaseAdmin(admin.ModelAdmin):
    list_display = ("order_id", "made_at", "greeting")


@admin.register(Wish)
class WishAdmin(admin.ModelAdmin):
    list_display = ("sku", "missing")

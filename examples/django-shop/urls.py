"""Pages of the shop, and the admin with its orders and stock."""

from django.contrib import admin
from django.urls import path
from shop import views

urlpatterns = [
    path("", views.index, name="index"),
    path("checkout/", views.checkout, name="checkout"),
    path("purchases/<uuid:key>/", views.purchase, name="purchase"),
    path("admin/", admin.site.urls),
]

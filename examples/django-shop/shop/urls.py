"""Where the pages are."""

from django.contrib import admin
from django.urls import path

from shop import views

urlpatterns = [
    path("", views.shelf, name="shelf"),
    path("buy", views.buy, name="buy"),
    path("purchases/<int:pk>", views.purchase, name="purchase"),
    path("admin/", admin.site.urls),
]

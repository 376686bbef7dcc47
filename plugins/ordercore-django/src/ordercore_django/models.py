"""Names for the admin and its permissions (`ordercore.view_order`, `ordercore.view_stock`); nothing is stored in them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Order(models.Model):
    """An order, as the admin calls it. Ask `kernel().order(id)` for what it is."""

    id: models.CharField[str, str] = models.CharField(max_length=500, primary_key=True)

    class Meta:
        managed = False
        default_permissions: ClassVar[tuple[str, ...]] = ("view",)
        verbose_name_plural = "orders"

    def __str__(self) -> str:
        return self.id


class Stock(models.Model):
    """The stock of an item, as the admin calls it. Ask `kernel().stock(sku)`."""

    sku: models.CharField[str, str] = models.CharField(max_length=64, primary_key=True)

    class Meta:
        managed = False
        default_permissions: ClassVar[tuple[str, ...]] = ("view",)
        verbose_name_plural = "stock"

    def __str__(self) -> str:
        return self.sku

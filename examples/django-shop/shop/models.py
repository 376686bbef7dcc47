"""What is the shop's own: what it sells and for how much, and who bought. What became of an order is ordercore's."""

import uuid

from django.db import models


class Product(models.Model):
    """Something to buy. How many there are is asked of the kernel, never kept here."""

    sku = models.CharField(primary_key=True, max_length=64)
    title = models.CharField(max_length=120)
    price = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title


class Purchase(models.Model):
    """Who bought, and what they wrote; the order that was placed in the same transaction."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField()
    greeting = models.CharField(max_length=200, blank=True)
    order_id = models.CharField(max_length=120, unique=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-made_at",)

    def __str__(self) -> str:
        return self.order_id


class Wish(models.Model):
    """Somebody wanted more than there was."""

    email = models.EmailField()
    sku = models.CharField(max_length=64)
    missing = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "wishes"

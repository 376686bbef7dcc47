"""What the shop itself keeps: prices, and of each purchase who bought and which order it became."""

from django.db import models


class Product(models.Model):
    """Something on sale; what there is of it, ordercore knows."""

    sku = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    price = models.DecimalField(max_digits=8, decimal_places=2)

    def __str__(self):
        return self.name


class Purchase(models.Model):
    """A checkout: the shop's own row, which stands or falls with its order."""

    email = models.EmailField()
    order = models.CharField(max_length=100, unique=True, null=True)  # unknown for a moment
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.order or "new"

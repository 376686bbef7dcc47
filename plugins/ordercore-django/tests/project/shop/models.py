from django.db import models


class Purchase(models.Model):
    """What the shop itself keeps of a checkout."""

    number = models.CharField(max_length=20, unique=True)
    order = models.CharField(max_length=100, default="")

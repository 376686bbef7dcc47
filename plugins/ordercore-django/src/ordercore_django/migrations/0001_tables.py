"""The tables, and the permissions to look at orders and stock."""

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation

from ordercore_django.schema import RunFiles


class Migration(migrations.Migration):
    """Version 1 on SQLite, 2 on PostgreSQL."""

    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = []
    operations: ClassVar[list[Operation]] = [
        RunFiles({"sqlite": (0, 1), "postgresql": (0, 2)}),
        migrations.CreateModel(
            name="Order",
            fields=[("id", models.CharField(max_length=500, primary_key=True, serialize=False))],
            options={"managed": False, "default_permissions": ("view",), "verbose_name_plural": "orders"},
        ),
        migrations.CreateModel(
            name="Stock",
            fields=[("sku", models.CharField(max_length=64, primary_key=True, serialize=False))],
            options={"managed": False, "default_permissions": ("view",), "verbose_name_plural": "stock"},
        ),
    ]

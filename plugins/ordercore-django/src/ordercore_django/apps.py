"""The application: its checks, and what must be forgotten when a database is emptied."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class OrdercoreConfig(AppConfig):
    """`INSTALLED_APPS = [..., "ordercore_django"]`; its migrations and permissions are those of `ordercore`."""

    name = "ordercore_django"
    label = "ordercore"
    verbose_name = "Orders and stock"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks, and follow `flush`."""
        import_module("ordercore_django.checks")
        flushed = import_module("ordercore_django.flushing").flushed
        post_migrate.connect(flushed, sender=self, dispatch_uid="ordercore.flushed")

"""`manage.py ordercore_verify`: whether every balance follows from the log."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ordercore.errors import StoreError
from ordercore_django.kernels import kernel


class Command(BaseCommand):
    """Compare every balance, claim and version with the log."""

    help = "Compare every balance, claim and version with the log; 1 if something does not follow from it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--database`, `--tenant`."""
        parser.add_argument("--database", help="An alias of DATABASES instead of ORDERCORE['DATABASE'].")
        parser.add_argument("--tenant", help="Whose orders, instead of ORDERCORE['TENANT'].")

    def handle(self, *, database: str | None, tenant: str | None, **given: Any) -> None:
        """List every breach."""
        try:
            breaches = kernel(using=database, tenant=tenant).verify()
        except StoreError as error:
            raise CommandError(str(error)) from error
        for breach in breaches:
            self.stdout.write(f"{breach.identity} {breach.where}: {breach.expected} expected, {breach.actual} found")
        if breaches:
            raise CommandError(f"{len(breaches)} breaches.")
        self.stdout.write("Everything follows from the log.")

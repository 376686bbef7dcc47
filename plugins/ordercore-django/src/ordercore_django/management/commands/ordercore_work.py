"""`manage.py ordercore_work`: a worker; any number may run."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections

from ordercore_django.kernels import kernel


class Command(BaseCommand):
    """Make everything due happen: timers, followers, what is sent outside."""

    help = "Make everything due happen: timers, followers, what is sent outside. Any number of workers may run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--once`, `--seconds`, `--database`, `--tenant`."""
        parser.add_argument("--once", action="store_true", help="Until nothing is due, and end; 1 if something failed.")
        parser.add_argument("--seconds", type=float, default=1.0, help="How long to wait when nothing is due.")
        parser.add_argument("--database", help="An alias of DATABASES instead of ORDERCORE['DATABASE'].")
        parser.add_argument("--tenant", help="Whose orders, instead of ORDERCORE['TENANT'].")

    def handle(self, *, once: bool, seconds: float, database: str | None, tenant: str | None, **given: Any) -> None:
        """Until Ctrl-C."""
        worker = kernel(using=database, tenant=tenant)
        try:
            while True:
                report = worker.work(until_idle=True)
                if not report.idle or once:
                    self.stdout.write(str(report))
                for failure in report.failures:
                    self.stderr.write(f"will be tried again: {failure}")
                if once:
                    if report.failures:
                        raise CommandError(f"{len(report.failures)} failed.")
                    return
                close_old_connections()
                time.sleep(seconds)
        except KeyboardInterrupt:
            return

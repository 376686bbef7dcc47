"""`manage.py ordercore_work`: a worker; any number may run."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from attrs import frozen
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections

from ordercore.worker import Bell, Worker, parts_of
from ordercore_django.kernels import kernel


@frozen
class _Waits:
    """While there is nothing to do, connections that broke or are too old are given up, as between two requests."""

    bell: Bell

    @property
    def rung(self) -> bool:
        return self.bell.rung

    def wait(self, seconds: float) -> None:
        close_old_connections()
        self.bell.wait(seconds)


class Command(BaseCommand):
    """Make everything due happen: timers, followers, what is sent outside."""

    help = "Make everything due happen: timers, followers, what is sent outside. Any number of workers may run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--once`, `--seconds`, `--database`, `--tenant`."""
        parser.add_argument("--once", action="store_true", help="Until nothing is due, and end; 1 if something failed.")
        parser.add_argument("--seconds", type=float, default=1.0, help="The longest wait while nothing is due.")
        parser.add_argument("--database", help="An alias of DATABASES instead of ORDERCORE['DATABASE'].")
        parser.add_argument("--tenant", help="Whose orders, instead of ORDERCORE['TENANT'].")

    def handle(self, *, once: bool, seconds: float, database: str | None, tenant: str | None, **given: Any) -> None:
        """Once, or until SIGTERM or Ctrl-C; what is under way then is finished."""
        works = kernel(using=database, tenant=tenant)
        if not once:
            with Bell() as bell:
                Worker(works, _Waits(bell), poll_most=seconds).run()
            return
        report = works.work(until_idle=True, only=parts_of(works))
        self.stdout.write(str(report))
        for failure in report.failures:
            self.stderr.write(f"will be tried again: {failure}")
        if report.failures:
            raise CommandError(f"{len(report.failures)} failed.")

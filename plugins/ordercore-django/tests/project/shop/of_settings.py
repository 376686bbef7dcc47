"""Settings, checks, commands."""

import signal
from io import StringIO
from unittest import mock

from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import SimpleTestCase, TransactionTestCase, override_settings

from ordercore import Kernel, PutItem
from ordercore_django import kernel
from ordercore_django.conf import configuration
from ordercore_django.kernels import forget
from ordercore_django.schema import files_of


def mine(store):
    """A kernel by a function of the project."""
    return Kernel(store, strategy="priority")


class Task:
    """As Celery has them."""

    def delay(self):
        """Would send it."""
        return "sent"


TASK = Task()


class Checks(SimpleTestCase):
    def ids(self, **given):
        with override_settings(ORDERCORE=given):
            return {
                found.id: found.msg + (found.hint or "")
                for found in run_checks()
                if (found.id or "").startswith("ordercore")
            }

    def test_a_misspelt_key_is_told(self):
        self.assertIn("ON_COMMIT", self.ids(ON_COMIT=None)["ordercore.E001"])
        self.assertIn("shortage", self.ids(POLICIES={"shortages": "refuse"})["ordercore.E001"])
        self.assertIn("cannot be imported", self.ids(KERNEL="shop.nowhere")["ordercore.E001"])

    def test_a_method_of_a_task_can_be_named(self):
        with override_settings(ORDERCORE={"ON_COMMIT": "shop.of_settings.TASK.delay"}):
            self.assertEqual(configuration().on_commit(), "sent")
        self.assertIn("cannot be imported", self.ids(ON_COMMIT="shop.of_settings.TASK.later")["ordercore.E001"])

    def test_a_database_that_is_not_there_is_told(self):
        self.assertIn("'default'", self.ids(DATABASE="defualt")["ordercore.E002"])

    def test_with_good_settings_nothing_is_an_error(self):
        self.assertFalse([id for id in self.ids() if id.startswith("ordercore.E")])


class Commands(TransactionTestCase):
    def setUp(self):
        self.addCleanup(forget)

    def said(self, *arguments):
        out = StringIO()
        call_command(*arguments, stdout=out, stderr=out)
        return out.getvalue()

    def test_the_worker_works_until_it_is_told_to_end(self):
        with (
            mock.patch("ordercore_django.management.commands.ordercore_work.close_old_connections") as idle,
            self.assertLogs("ordercore.work", "INFO") as told,
        ):
            idle.side_effect = lambda: idle.call_count > 1 and signal.raise_signal(signal.SIGTERM)
            self.said("ordercore_work", "--seconds", "0.01")
        self.assertEqual(idle.call_count, 2)
        self.assertIn("ended in good order", told.output[-1])

    def test_the_worker_works_and_the_books_are_verified(self):
        kernel().handle(PutItem("TEA"))
        self.said("ordercore_work", "--once")
        self.assertIn("follows from the log", self.said("ordercore_verify"))
        with connection.cursor() as cursor:
            cursor.execute("update ordercore_log set crc = crc + 1 where stream = 'item/TEA'")
        with self.assertRaises(CommandError):
            self.said("ordercore_verify")

    def test_flush_empties_the_tables(self):
        kernel().handle(PutItem("TEA"))
        call_command("flush", interactive=False, verbosity=0)
        self.assertEqual(kernel().log().records, ())

    def test_a_function_of_the_project_makes_the_kernel(self):
        with override_settings(ORDERCORE={"KERNEL": "shop.of_settings.mine"}):
            forget()
            self.assertIn("strategy priority", repr(kernel()))

    def test_settings_are_read_strictly(self):
        with override_settings(ORDERCORE={"DATABSE": "default"}), self.assertRaises(ImproperlyConfigured):
            kernel()

    def test_migrations_go_back_and_forth(self):
        kernel().handle(PutItem("TEA"))
        call_command("migrate", "ordercore", "zero", verbosity=0)
        with connection.cursor() as cursor:
            there = [name for name in connection.introspection.table_names(cursor) if name.startswith("ordercore_")]
        self.assertEqual(there, [])
        warned = [found.id for found in run_checks(databases=["default"]) if (found.id or "").startswith("ordercore.W")]
        self.assertEqual(warned, ["ordercore.W003"])
        call_command("migrate", verbosity=0)
        self.assertEqual(kernel().log().records, ())
        kernel().handle(PutItem("TEA"))

    def test_the_newest_migration_reaches_the_newest_file(self):
        with connection.cursor() as cursor:
            cursor.execute("select version from ordercore_schema")
            self.assertEqual(cursor.fetchone()[0], files_of(connection.vendor)[-1].number)

    def test_the_sql_of_a_migration_can_be_read(self):
        self.assertIn("create table ordercore_log", self.said("sqlmigrate", "ordercore", "0001"))

    def test_models_need_no_more_migrations(self):
        self.said("makemigrations", "ordercore", "--check", "--dry-run")

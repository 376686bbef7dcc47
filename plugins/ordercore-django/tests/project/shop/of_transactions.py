"""Run by Django's own runner, on SQLite and on PostgreSQL."""

import asyncio
from unittest import mock

from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.test import TestCase, TransactionTestCase, override_settings

from ordercore import Insufficient, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock
from ordercore.errors import InsideTransaction, NotFound
from ordercore.stock import Received
from ordercore_django import kernel
from shop.models import Purchase


def furnish(units=5):
    shop = kernel()
    shop.handle(PutItem("TEA", "Tea"))
    shop.handle(PutLocation("WH1"))
    shop.handle(ReceiveStock("WH1", [Received("TEA", units)], source="supplier", external_id="D1"))


def place(number="1", quantity=2):
    return kernel().handle(PlaceOrder("web", number, "EUR", [Line("TEA", quantity, "2.50")]))


class InTheHostsTransaction(TransactionTestCase):
    def setUp(self):
        furnish()

    def test_an_order_and_the_hosts_row_stand_or_fall_together(self):
        with transaction.atomic():
            purchase = Purchase.objects.create(number="1")
            purchase.order = place("1").order_id
            purchase.save()
        self.assertEqual(kernel().order("web:1").status, "confirmed")
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            Purchase.objects.create(number="2")
            place("2")
            raise ZeroDivisionError
        self.assertEqual(Purchase.objects.count(), 1)
        with self.assertRaises(NotFound):
            kernel().order("web:2")
        self.assertEqual(kernel().available("TEA"), 3)
        self.assertEqual(kernel().verify(), ())

    def test_a_refusal_leaves_the_transaction_usable(self):
        with transaction.atomic():
            Purchase.objects.create(number="1")
            with self.assertRaises(Insufficient):
                place("1", 99)
            Purchase.objects.create(number="2", order=place("2").order_id)
        self.assertEqual(list(Purchase.objects.values_list("order", flat=True).order_by("id")), ["", "web:2"])

    def test_a_nested_block_that_is_rolled_back_takes_its_order_along(self):
        with transaction.atomic():
            place("1", 1)
            with self.assertRaises(ZeroDivisionError), transaction.atomic():
                place("2", 1)
                raise ZeroDivisionError
            place("3", 1)
        self.assertEqual([row.id for row in kernel().orders()], ["web:1", "web:3"])
        self.assertEqual(kernel().available("TEA"), 3)

    def test_outside_of_a_transaction_each_command_has_its_own(self):
        receipt = place("1")
        self.assertIsNotNone(receipt.position)
        self.assertFalse(connection.in_atomic_block)
        with transaction.atomic():
            self.assertIsNone(place("2", 1).position)
            self.assertTrue(place("2", 1).duplicate)

    def test_work_waits_for_the_commit(self):
        with transaction.atomic(), self.assertRaises(InsideTransaction):
            kernel().work()

    def test_what_is_due_is_started_once_after_the_commit_and_not_after_a_rollback(self):
        with (
            mock.patch("shop.of_transactions.woken") as called,
            override_settings(ORDERCORE={"ON_COMMIT": "shop.of_transactions.woken"}),
        ):
            with transaction.atomic():
                place("1", 1)
                with transaction.atomic():
                    place("2", 1)
                self.assertEqual(called.call_count, 0)
            self.assertEqual(called.call_count, 1)
            with self.assertRaises(ZeroDivisionError), transaction.atomic():
                place("3", 1)
                raise ZeroDivisionError
            self.assertEqual(called.call_count, 1)
            with transaction.atomic():
                with self.assertRaises(ZeroDivisionError), transaction.atomic():
                    place("4", 1)
                    raise ZeroDivisionError
                place("5", 1)
            self.assertEqual(called.call_count, 2)
            place("6", 1)
            self.assertEqual(called.call_count, 3)

    def test_what_fails_after_the_commit_leaves_the_order(self):
        failing = mock.patch("shop.of_transactions.woken", side_effect=ZeroDivisionError)
        named = override_settings(ORDERCORE={"ON_COMMIT": "shop.of_transactions.woken"})
        with failing, named, self.assertLogs("django.db.backends.base", "ERROR"), transaction.atomic():
            place("1", 1)
        self.assertEqual(kernel().order("web:1").status, "confirmed")

    def test_an_async_view_goes_through_a_thread(self):
        async def view():
            @sync_to_async
            def checkout():
                try:
                    with transaction.atomic():
                        return place("1").order_id
                finally:
                    connection.close()  # of this thread; a request of Django closes it in the end

            return await checkout()

        self.assertEqual(asyncio.run(view()), "web:1")


class EachTestBeginsEmpty(TransactionTestCase):
    def test_one(self):
        self.only_one(2)

    def test_other(self):
        self.only_one(1)

    def only_one(self, quantity):
        self.assertEqual(kernel().orders(), ())
        furnish()
        place("1", quantity)
        self.assertEqual(kernel().order("web:1").lines["1"].facts.quantity, quantity)
        self.assertEqual(kernel().available("TEA"), 5 - quantity)


class InATestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        furnish()

    def test_one_forgets(self):
        self.same_name(1)

    def test_another_forgets_too(self):
        self.same_name(2)

    def same_name(self, quantity):
        self.assertIsNotNone(place("1", quantity).position)
        self.assertEqual(kernel().order("web:1").lines["1"].facts.quantity, quantity)
        self.assertEqual(kernel().available("TEA"), 5 - quantity)
        self.assertEqual(kernel().work(until_idle=True).failures, ())
        self.assertEqual(kernel().verify(), ())
        self.assertEqual(kernel().log(limit=100).records[-1].stream, "order/web:1")

    def test_work_in_an_atomic_block_is_still_refused(self):
        with transaction.atomic(), self.assertRaises(InsideTransaction):
            kernel().work()

    def test_callbacks_are_captured(self):
        with self.captureOnCommitCallbacks() as callbacks, transaction.atomic():
            place("1", 1)
            place("2", 1)
        self.assertEqual(len(callbacks), 1)
        callbacks[0]()


def woken():
    """Is mocked."""

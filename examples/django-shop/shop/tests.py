"""What the checkout promises: `python manage.py test`, as in any project."""

import uuid
from unittest.mock import patch

from django.db import transaction
from django.test import TestCase, TransactionTestCase

from ordercore import Insufficient, PutItem, PutLocation, ReceiveStock
from ordercore.stock import Received
from ordercore_django import kernel
from shop.checkout import buy, buy_or_wish
from shop.models import Product, Purchase, Wish


def fill() -> None:
    kernel().handle(PutLocation("WH1", "Warehouse"))
    kernel().handle(PutItem("TEA", "Earl Grey"))
    kernel().handle(ReceiveStock("WH1", [Received("TEA", 3)], "supplier", "D-1"))
    Product.objects.create(sku="TEA", title="Earl Grey", price="4.90")


class Checkout(TestCase):
    """Rolled back after each test, as Django does it."""

    def setUp(self) -> None:
        fill()

    def form(self, **changes: object) -> dict[str, object]:
        return {"key": uuid.uuid4(), "email": "customer@example.com", "greeting": "", "buy-TEA": 2} | changes

    def test_a_purchase_and_its_order_are_both_there(self) -> None:
        answer = self.client.post("/checkout/", self.form(), follow=True)
        self.assertContains(answer, "Thank you")
        self.assertEqual([order.id for order in kernel().orders()], [Purchase.objects.get().order_id])
        self.assertEqual(kernel().available("TEA"), 1)

    def test_a_form_sent_twice_is_bought_once(self) -> None:
        form = self.form()
        self.assertEqual({self.client.post("/checkout/", form).status_code for _ in range(3)}, {302})
        self.assertEqual((Purchase.objects.count(), kernel().available("TEA")), (1, 1))

    def test_a_form_sent_again_with_other_quantities_buys_nothing_more(self) -> None:
        form = self.form()
        self.client.post("/checkout/", form)
        self.assertEqual(self.client.post("/checkout/", form | {"buy-TEA": 1}).status_code, 409)
        self.assertEqual((Purchase.objects.count(), kernel().available("TEA")), (1, 1))

    def test_what_is_missing_is_kept_and_nothing_else(self) -> None:
        self.assertEqual(self.client.post("/checkout/", self.form(**{"buy-TEA": 5})).status_code, 409)
        self.assertEqual((Purchase.objects.count(), len(kernel().orders())), (0, 0))
        self.assertEqual([(wish.sku, wish.missing) for wish in Wish.objects.all()], [("TEA", 2)])

    def test_nonsense_buys_nothing(self) -> None:
        for changes in (
            {"key": "x"},
            {"email": "x"},
            {"buy-TEA": "-1"},
            {"buy-TEA": "²"},
            {"buy-TEA": "100"},
            {"buy-TEA": 0},
        ):
            self.assertEqual(self.client.post("/checkout/", self.form(**changes)).status_code, 400)
        self.assertEqual(Purchase.objects.count(), 0)

    def test_an_unknown_item_is_not_sold(self) -> None:
        self.assertEqual(self.client.post("/checkout/", self.form(**{"buy-CUP": 1})).status_code, 400)


class Together(TransactionTestCase):
    """With real commits and rollbacks."""

    def setUp(self) -> None:
        fill()

    def test_an_order_goes_with_the_row_that_could_not_be_written(self) -> None:
        with patch.object(Purchase.objects, "get_or_create", side_effect=RuntimeError), self.assertRaises(RuntimeError):
            buy(uuid.uuid4(), "customer@example.com", "", {"TEA": 2})
        self.assertEqual((len(kernel().orders()), kernel().available("TEA")), (0, 3))

    def test_a_row_goes_with_the_order_that_was_refused(self) -> None:
        with self.assertRaises(Insufficient):
            buy(uuid.uuid4(), "customer@example.com", "", {"TEA": 5})
        self.assertEqual((Purchase.objects.count(), kernel().available("TEA")), (0, 3))

    def test_who_calls_the_checkout_decides_in_the_end(self) -> None:
        with self.assertRaises(RuntimeError), transaction.atomic():
            buy_or_wish(uuid.uuid4(), "customer@example.com", "", {"TEA": 2})
            raise RuntimeError
        self.assertEqual((Purchase.objects.count(), kernel().available("TEA")), (0, 3))
        buy(uuid.uuid4(), "customer@example.com", "", {"TEA": 3})
        self.assertEqual((kernel().available("TEA"), kernel().verify()), (0, ()))

"""The pages of the admin: who may look, what they show, and with how many queries."""

from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from ordercore import Line, PlaceOrder, PutItem, PutLocation, ReceiveStock, Ship
from ordercore.order import CancelLines
from ordercore.stock import Received
from ordercore_django import kernel


class LookingAtTheAdmin(TestCase):
    @classmethod
    def setUpTestData(cls):
        shop = kernel()
        shop.handle(PutLocation("WH1", "Warehouse"))
        for n in range(60):
            shop.handle(PutItem(f"SKU{n:02}", f"Item <b>{n}</b>"))
        shop.handle(ReceiveStock("WH1", [Received(f"SKU{n:02}", 10) for n in range(60)], source="s", external_id="1"))
        shop.handle_many(
            [PlaceOrder("web", f"{n:03}", "EUR", [Line("SKU01", 1, "2.50")], shortage="backorder") for n in range(60)]
        )
        shop.handle(Ship("web:003"), actor="anna")
        shop.handle(CancelLines("web:004"))
        cls.boss = User.objects.create_superuser("boss", password="of a test")
        cls.clerk = User.objects.create_user("clerk", password="of a test", is_staff=True)

    def setUp(self):
        self.client.force_login(self.boss)

    def page(self, path):
        answer = self.client.get(f"/admin/ordercore/{path}")
        self.assertEqual(answer.status_code, 200, path)
        return answer.content.decode()

    def test_orders_come_page_by_page(self):
        first = self.client.get("/admin/ordercore/order/")
        text = first.content.decode()
        self.assertEqual(text.count("/change/"), 50)
        following = first.context_data["following"]
        second = self.page(f"order/?{following}")
        self.assertEqual(second.count("/change/"), 10)
        self.assertIn("2.50 EUR", text)

    def test_a_status_and_an_id_find_orders(self):
        self.assertEqual(self.page("order/?status=cancelled").count("/change/"), 1)
        self.assertIn("/admin/ordercore/order/web_3A003/change/", self.page("order/?q=web:003"))
        self.assertIn("There is no order", self.page("order/?q=web:999"))
        self.assertEqual(self.client.get("/admin/ordercore/order/?status=flying").status_code, 404)

    def test_an_order_shows_its_lines_and_its_story(self):
        text = self.page("order/web_3A003/change/")
        for shown in ("SKU01", "anna", "What happened"):
            self.assertIn(shown, text)
        self.assertEqual(self.client.get("/admin/ordercore/order/web_3A999/change/").status_code, 404)

    def test_stock_comes_page_by_page_and_what_people_wrote_is_escaped(self):
        first = self.client.get("/admin/ordercore/stock/")
        self.assertEqual(first.content.decode().count("/change/"), 50)
        self.assertIn("Item &lt;b&gt;0&lt;/b&gt;", first.content.decode())
        self.assertEqual(self.page(f"stock/?{first.context_data['following']}").count("/change/"), 10)
        self.assertEqual(self.page("stock/?q=SKU58").count("/change/"), 2)
        self.assertIn("Item &lt;b&gt;7&lt;/b&gt;", self.page("stock/SKU07/change/"))
        self.assertEqual(self.client.get("/admin/ordercore/stock/NONE/change/").status_code, 404)

    def test_a_page_takes_as_many_queries_however_long_it_is(self):
        def queries(path):
            with CaptureQueriesContext(
                connection,
            ) as captured:
                self.page(path)
            return len(captured)

        # Those of ordercore are not Django's to count; of Django's own there are those of session and user.
        self.assertEqual(queries("order/"), queries("order/?status=cancelled"))
        self.assertEqual(queries("stock/"), queries("stock/?q=SKU59"))

    def test_nobody_changes_anything_here(self):
        for path in ("order/add/", "stock/add/", "order/web_3A003/delete/"):
            self.assertEqual(self.client.post(f"/admin/ordercore/{path}").status_code, 403, path)
        self.assertEqual(self.client.get("/admin/ordercore/order/web_3A003/history/").status_code, 302)
        self.assertEqual(len(kernel().orders()), 60)

    def test_who_may_not_look_does_not(self):
        self.client.force_login(self.clerk)
        for path in ("order/", "order/web_3A003/change/", "stock/", "stock/SKU07/change/"):
            self.assertEqual(self.client.get(f"/admin/ordercore/{path}").status_code, 403, path)
        self.clerk.user_permissions.add(Permission.objects.get(codename="view_order"))
        self.client.force_login(self.clerk)
        self.page("order/")
        self.assertEqual(self.client.get("/admin/ordercore/stock/").status_code, 403)

"""Sets the shop up, lets two people buy, and serves it: `python examples/django-shop`."""

import os
import re
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.test import Client

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")


class Quiet(WSGIRequestHandler):
    """No line for each request."""

    def log_message(self, *given):
        pass


def furnish():
    from shop.models import Product

    from ordercore import PutItem, PutLocation, ReceiveStock
    from ordercore.stock import Received
    from ordercore_django import kernel

    shop = kernel()
    shop.handle(PutLocation("WH1", "Warehouse"))
    for sku, name, price in (("EARLGREY", "Earl Grey, 100 g", "4.90"), ("SENCHA", "Sencha, 50 g", "7.50")):
        shop.handle(PutItem(sku, name))
        Product.objects.update_or_create(sku=sku, defaults={"name": name, "price": price})
    lines = [Received("EARLGREY", 12), Received("SENCHA", 3)]
    shop.handle(ReceiveStock("WH1", lines, source="supplier", external_id="D-1"))


def show(who, **basket):
    from shop.models import Purchase

    from ordercore_django import kernel

    before = Purchase.objects.count()
    answer = Client().post("/buy", {"email": f"{who}@example.com", **basket}, follow=True).content.decode()
    said = re.search(r'class="error">(.*?)</p>|<strong>(.*?)</strong>', answer)
    print(f"{who}: {said[1] or said[2]}")
    print(f"    purchases {Purchase.objects.count() - before:+}, Sencha left {kernel().available('SENCHA')}")


def accounts():
    """A password for the admin, made for this run."""
    from django.contrib.auth.models import User

    password = secrets.token_urlsafe(6)
    boss, _ = User.objects.get_or_create(username="boss", is_staff=True, is_superuser=True)
    boss.set_password(password)
    boss.save()
    return password


def main(port=8002):
    django.setup()
    call_command("migrate", verbosity=0)
    if "SHOP_DATABASE" not in os.environ:  # the same day once more
        call_command("flush", interactive=False, verbosity=0)
    furnish()
    show("anna", SENCHA=2, EARLGREY=1)
    show("ben", SENCHA=2)
    call_command("ordercore_verify")
    if "--once" in sys.argv:
        return
    from django.contrib.staticfiles.handlers import StaticFilesHandler

    with make_server("127.0.0.1", port, StaticFilesHandler(get_wsgi_application()), handler_class=Quiet) as server:
        print(
            f"\nServing on http://127.0.0.1:{server.server_port}/ until Ctrl-C; /admin/ as boss, {accounts()}",
            flush=True,
        )
        with suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main(int(os.environ.get("PORT", "8002")))

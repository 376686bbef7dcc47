"""The settings of the shop: what a project needs beside its own for ordercore are the two lines marked."""

import os
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

SECRET_KEY = os.environ.get("SECRET_KEY", "only for this example")
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "shop.urls"
STATIC_URL = "static/"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "ordercore_django",  # its tables, checks, commands, pages of the admin
    "shop",
]
ORDERCORE = {"POLICIES": {"shortage": "refuse"}}  # what is not there is refused, not waited for
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def database(address: str) -> dict[str, object]:
    """Of `postgresql://...`, or a file."""
    if address.startswith("postgresql://"):
        parts = conninfo_to_dict(address)
        names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
        found = {key: str(parts.get(name) or "") for key, name in names.items()}
        return {"ENGINE": "django.db.backends.postgresql", **found}
    # Transactions that will write begin as such: then they wait for each other instead of having to run again.
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": address, "OPTIONS": {"transaction_mode": "IMMEDIATE"}}


DATABASES = {"default": database(os.environ.get("SHOP_DATABASE", str(Path.cwd() / "django-shop.db")))}

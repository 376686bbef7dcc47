"""ordercore in Django: its tables among your migrations, its writes in your transaction, orders and stock in your admin.

Names load when they are used: Django imports this package before its applications are ready.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ordercore_django.delivery import deliver
    from ordercore_django.kernels import default_kernel, kernel
    from ordercore_django.stores import django_store

__all__ = ["ORDERCORE_API", "default_kernel", "deliver", "django_store", "kernel"]

ORDERCORE_API: Final = 1
"""The version of ordercore's hooks and ports that this plugin was written for."""

_WHERE: Final = {"default_kernel": "kernels", "deliver": "delivery", "django_store": "stores", "kernel": "kernels"}


def __getattr__(name: str) -> object:
    """A public name, from the module that has it."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return __all__

"""ordercore in Django: its tables among your migrations, its writes in your transaction, orders and stock in your admin."""

from typing import Final

__all__ = ["ORDERCORE_API"]

ORDERCORE_API: Final = 1
"""The version of ordercore's hooks and ports that this plugin was written for."""

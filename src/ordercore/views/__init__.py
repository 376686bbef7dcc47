"""Views: what a person or a program asks of orders and stock, as flows that only read."""

from ordercore.views.effects import EffectRow
from ordercore.views.expected import Expected
from ordercore.views.followers import FollowerRow
from ordercore.views.orders import OrderRow
from ordercore.views.stock import LotRow, StockRow, StockView
from ordercore.views.timeline import Timeline, TimelineEntry
from ordercore.views.tracking import ParcelTracking
from ordercore.views.why import Movement, Why

__all__ = [
    "EffectRow",
    "Expected",
    "FollowerRow",
    "LotRow",
    "Movement",
    "OrderRow",
    "ParcelTracking",
    "StockRow",
    "StockView",
    "Timeline",
    "TimelineEntry",
    "Why",
]

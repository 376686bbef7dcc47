"""Planning: pure functions that say how much to order, and by when."""

from ordercore.planning.min_max import needed, rounded_up, suggest

__all__ = ["needed", "rounded_up", "suggest"]

"""ordercore in Celery: timers, followers and effects as tasks, started after your commit."""

from typing import Final

__all__ = ["ORDERCORE_API"]

ORDERCORE_API: Final = 1
"""The version of ordercore's hooks and ports that this plugin was written for."""

"""ordercore in Celery: timers, followers and effects as tasks, started after your commit."""

from typing import Final

from ordercore_celery.tasks import Tasks

__all__ = ["ORDERCORE_API", "Tasks"]

ORDERCORE_API: Final = 1
"""The version of ordercore's hooks and ports that this plugin was written for."""

"""ordercore in SQLAlchemy: inside your Session or AsyncSession, beside your tables, among your Alembic revisions."""

from typing import Final

__all__ = ["ORDERCORE_API"]

ORDERCORE_API: Final = 1
"""The version of ordercore's hooks and ports that this plugin was written for."""

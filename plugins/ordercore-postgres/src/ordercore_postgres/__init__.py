"""The PostgreSQL store of ordercore: one round trip a commit, several workers, inside the host's own transaction."""

from typing import Final

__all__ = ["ORDERCORE_API"]

ORDERCORE_API: Final = 1
"""The version of ordercore's hooks and ports that this plugin was written for."""

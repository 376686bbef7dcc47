"""The memory store: `MemoryStore`."""

from ordercore.store.memory.store import MemoryStore

__all__ = ["MemoryStore"]

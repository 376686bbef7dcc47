"""Documents of one kind, or of one kind and tag, in order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from ordercore.store.query import Document, ReadDocuments


class Shelf:
    """Documents of a kind, or of a kind and tag; put in order when somebody reads them, not at every write."""

    __slots__ = ("documents", "order")

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        self.order: list[tuple[str, str]] | None = None

    def put(self, document: Document) -> None:
        before = self.documents.get(document.key)
        if before is None or before.sort != document.sort:
            self.order = None
        self.documents[document.key] = document

    def remove(self, key: str) -> None:
        del self.documents[key]
        self.order = None

    def listing(self, query: ReadDocuments) -> tuple[Document, ...]:
        order = self.order
        if order is None:
            order = self.order = sorted((document.sort, key) for key, document in self.documents.items())
        if query.newest_first:
            end = len(order) if query.after is None else bisect_left(order, query.after)
            chosen = order[max(end - query.limit, 0) : end][::-1]
        else:
            start = 0 if query.after is None else bisect_right(order, query.after)
            chosen = order[start : start + query.limit]
        return tuple(self.documents[key] for _, key in chosen)

"""Documents of one kind, by key and by tag; put in order when somebody reads them, not at every write."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from ordercore.store.query import Document, ReadDocuments


class Shelf:
    """Documents of one kind."""

    __slots__ = ("documents", "orders", "tags")

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        self.tags: dict[str, dict[str, Document]] = {}
        self.orders: dict[str | None, list[tuple[str, str]]] = {}
        """(sort, key) in order, by tag and for all (None), where somebody has asked since the last change."""

    def put(self, document: Document) -> None:
        key, tag = document[1], document[4]
        before = self.documents.get(key)
        if before is None or before.sort != document.sort:
            self._forget(None, tag)
        elif before.tag != tag:
            self._forget(tag)
        if before is not None and before.tag != tag:
            del self.tags[before.tag][key]
            self._forget(before.tag)
        self.documents[key] = document
        tagged = self.tags.get(tag)
        if tagged is None:
            tagged = self.tags[tag] = {}
        tagged[key] = document

    def remove(self, key: str) -> None:
        document = self.documents.pop(key, None)
        if document is not None:
            del self.tags[document.tag][key]
            self._forget(None, document.tag)

    def _forget(self, *tags: str | None) -> None:
        if self.orders:
            for tag in tags:
                self.orders.pop(tag, None)

    def listing(self, query: ReadDocuments) -> tuple[Document, ...]:
        order = self.orders.get(query.tag)
        if order is None:
            documents = self.documents if query.tag is None else self.tags.get(query.tag, {})
            order = self.orders[query.tag] = sorted((document.sort, key) for key, document in documents.items())
        if query.newest_first:
            end = len(order) if query.after is None else bisect_left(order, query.after)
            chosen = order[max(end - query.limit, 0) : end][::-1]
        else:
            start = 0 if query.after is None else bisect_right(order, query.after)
            chosen = order[start : start + query.limit]
        return tuple(self.documents[key] for _, key in chosen)

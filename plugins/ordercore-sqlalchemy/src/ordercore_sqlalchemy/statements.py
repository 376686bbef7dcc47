"""Statements of the numbered files, on their way through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import TextClause, text


def run(execute: Callable[[TextClause], object], statements: Iterable[str]) -> None:
    """Each as it is: a colon in it is a colon, and not the beginning of a parameter."""
    for statement in statements:
        execute(text(statement.replace(":", r"\:")))

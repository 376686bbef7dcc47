"""What the methods of a described value are: `__str__ = as_text`, `__rich__ = as_rich`, `_repr_html_ = as_html`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordercore.readable.described import Described

if TYPE_CHECKING:
    from rich.console import Group


def as_text(self: Described) -> str:
    """As plain text, columns aligned."""
    from ordercore.readable.plain import text_of

    return text_of(self.tables())


def as_html(self: Described) -> str:
    """As HTML for a notebook: escaped, without scripts, styles that light and dark pages share."""
    from ordercore.readable.html import html_of

    return html_of(self.tables())


def as_rich(self: Described) -> Group:
    """For `rich.print`, which calls this; rich is not needed before."""
    from ordercore.readable.terminal import group_of

    return group_of(self.tables())

"""A lifecycle as a picture: SVG without a script, a font or a request, readable on light and on dark.

A card for each state, one below the other in the order of the table. A row of a card says which commands lead where;
its line runs to the right, and there along the lane of the state it leads to. So no label can lie on a line.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from html import escape
from typing import Final, NamedTuple

from ordercore.lifecycle import Lifecycle

CARD: Final = 400
LANE: Final = 18
LINE: Final = 20
HEAD: Final = 30
GAP: Final = 26
MARGIN: Final = 16
LETTERS: Final = 46  # that fit into a line of a card
COLORS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b")  # told apart by the color-blind
STYLE: Final = """
svg { font: 14.5px system-ui, sans-serif; }
.paper { fill: #ffffff; } .card { fill: #f4f6f8; stroke: #8a949e; } .end { stroke-dasharray: 5 4; }
text { fill: #1c2329; } .name { font-weight: 600; font-size: 16px; } .quiet { fill: #55606b; }
.lane { fill: none; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  .paper { fill: #14181c; } .card { fill: #20262c; stroke: #7b8691; } text { fill: #e8ecef; } .quiet { fill: #aab4bd; }
  .lane { filter: brightness(1.35); }
}
""".strip()


class Row(NamedTuple):
    """Commands that lead from a state to `target`, broken into lines; `y` is the middle of its first line."""

    target: str
    lines: tuple[str, ...]
    y: int


class Card(NamedTuple):
    """A state with its rows; `y` is its upper edge."""

    state: str
    y: int
    height: int
    rows: tuple[Row, ...]


def arrows(machine: Lifecycle, state: str) -> dict[str, list[str]]:
    """Target -> commands, the state itself first."""
    found: dict[str, list[str]] = {}
    for row in machine.transitions:
        if row.state == state:
            for target in row.targets:
                found.setdefault(target, []).append(row.command)
    return dict(sorted(found.items(), key=lambda arrow: (arrow[0] != state, machine.states.index(arrow[0]))))


def cards(machine: Lifecycle) -> Iterator[Card]:
    """Every state, laid out."""
    top = MARGIN + LINE
    for state in machine.states:
        rows, y = [], top + HEAD + LINE // 2
        for target, commands in arrows(machine, state).items():
            words = f"{'stays' if target == state else '→ ' + target}: {', '.join(commands)}"
            lines = tuple(textwrap.wrap(words, LETTERS, subsequent_indent="    ", break_on_hyphens=False))
            rows.append(Row(target, lines, y))
            y += LINE * len(lines) + 4
        height = (y - top - LINE // 2 + 6) if rows else HEAD + 6
        yield Card(state, top, height, tuple(rows))
        top += height + GAP


def lane(x: int, color: str, target: Card, sources: list[Row]) -> Iterator[str]:
    """The lane of a state: a line from each row, joined, to the head of its card."""
    head = target.y + HEAD // 2
    reach = [row.y for row in sources] + [head]
    yield f'<path class="lane" stroke="{color}" d="M{x} {min(reach)}V{max(reach)}"/>'
    for row in sources:
        yield f'<path class="lane" stroke="{color}" d="M{MARGIN + CARD} {row.y}H{x}"/>'
        yield f'<circle cx="{MARGIN + CARD}" cy="{row.y}" r="4" fill="{color}"/>'
    tip = MARGIN + CARD + 2
    yield f'<path class="lane" stroke="{color}" d="M{x} {head}H{tip + 8}"/>'
    yield f'<path fill="{color}" d="M{tip} {head}l11 -6v12z"/>'


def drawn(card: Card, *, start: bool) -> Iterator[str]:
    """A card with its text."""
    end = "" if card.rows else " end"
    yield f'<rect class="card{end}" x="{MARGIN}" y="{card.y}" width="{CARD}" height="{card.height}" rx="8"/>'
    note = "begins here" if start else "" if card.rows else "final"
    yield f'<text class="name" x="{MARGIN + 14}" y="{card.y + 23}">{escape(card.state)}</text>'
    if note:
        yield (f'<text class="quiet" x="{MARGIN + CARD - 24}" y="{card.y + 22}" text-anchor="end">{note}</text>')
    for row in card.rows:
        quiet = ' class="quiet"' if row.target == card.state else ""
        for n, line in enumerate(row.lines):
            indent = 14 if line.startswith("    ") else 0
            yield f'<text{quiet} x="{MARGIN + 14 + indent}" y="{row.y + 5 + LINE * n}">{escape(line.strip())}</text>'


def svg(machine: Lifecycle) -> str:
    """The picture of a lifecycle."""
    laid = {card.state: card for card in cards(machine)}
    into = {
        state: [row for card in laid.values() if card.state != state for row in card.rows if row.target == state]
        for state in machine.states
    }
    reached = [state for state in machine.states if into[state]]
    width = 2 * MARGIN + CARD + 18 + LANE * len(reached)
    height = laid[machine.states[-1]].y + laid[machine.states[-1]].height + MARGIN
    title = f"{machine.name.capitalize()}: states and commands"
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" aria-label="{escape(title)}">'
        ),
        f"<title>{escape(title)}</title>",
        f"<style>\n{STYLE}\n</style>",
        f'<rect class="paper" width="{width}" height="{height}" rx="10"/>',
        f'<text class="name" x="{MARGIN}" y="{MARGIN + 8}">{escape(title)}</text>',
    ]
    for state in machine.states:
        parts += drawn(laid[state], start=state == machine.start)
    for n, state in enumerate(reached):
        parts += lane(MARGIN + CARD + 24 + LANE * n, COLORS[n % len(COLORS)], laid[state], into[state])
    return "\n".join([*parts, "</svg>"])

"""The pages of the documentation: which there are, in which order, and their text with what they include.

A page may include a file from elsewhere in the repository, such as the README. Links of that file are made to lead
where they led from its own folder: to the page that includes their target, if there is one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten
from typing import Final

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = ROOT / "docs"
INCLUDE: Final = re.compile(r"^```\{include\} (?P<path>\S+)\n```\n", re.MULTILINE)
TOCTREE: Final = re.compile(r"^```\{toctree\}\n(?P<body>.*?)^```\n", re.MULTILINE | re.DOTALL)
CAPTION: Final = re.compile(r"^:caption: (.*)$", re.MULTILINE)
LINK: Final = re.compile(r"(\]\()(?!\w+:|#)([^)#\s]+)")
FENCE: Final = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SUMMARY_MOST: Final = 200


def included() -> dict[Path, Path]:
    """File -> the page that includes it."""
    return {
        (page.parent / found["path"]).resolve(): page
        for page in sorted(DOCS.rglob("*.md"))
        for found in INCLUDE.finditer(page.read_text())
    }


def relinked(text: str, source: Path, page: Path, homes: dict[Path, Path]) -> str:
    """`text` of `source` as a part of `page`."""

    def moved(link: re.Match[str]) -> str:
        target = (source.parent / link[2]).resolve()
        return link[1] + os.path.relpath(homes.get(target, target), page.parent)

    return LINK.sub(moved, text)


def expanded(page: Path) -> str:
    """The text of a page, with what it includes."""
    homes = included()

    def inserted(found: re.Match[str]) -> str:
        source = (page.parent / found["path"]).resolve()
        return relinked(source.read_text(), source, page, homes)

    return INCLUDE.sub(inserted, relinked(page.read_text(), page, page, homes))


def sections() -> Iterator[tuple[str, list[Path]]]:
    """The parts of the documentation in the order of the index, each with its pages.

    A name with `*` stands for the pages of a folder that are named nowhere else, so that a new page has a place.
    """
    blocks = [block["body"] for block in TOCTREE.finditer((DOCS / "index.md").read_text())]
    named = [[line for line in body.splitlines() if line and not line.startswith(":")] for body in blocks]
    explicit = {DOCS / f"{name}.md" for names in named for name in names} | {DOCS / "index.md"}
    yield "Overview", [DOCS / "index.md"]
    for body, names in zip(blocks, named, strict=True):
        found = [
            page
            for name in names
            for page in sorted(DOCS.glob(f"{name}.md"))
            if "*" not in name or page not in explicit
        ]
        yield CAPTION.findall(body)[0], found


def with_contents(text: str) -> str:
    """The index with every page named in its tables of contents."""
    listed = iter([pages for _, pages in sections()][1:])

    def named(block: re.Match[str]) -> str:
        options = "\n".join(line for line in block["body"].splitlines() if line.startswith(":"))
        names = "\n".join(page.relative_to(DOCS).with_suffix("").as_posix() for page in next(listed))
        return f"```{{toctree}}\n{options}\n\n{names}\n```\n"

    return TOCTREE.sub(named, text)


def title_and_summary(page: Path) -> tuple[str, str]:
    """The heading of a page, and the first sentence below it, cut short where it is long."""
    heading, _, rest = FENCE.sub("", expanded(page)).lstrip().removeprefix("# ").partition("\n")
    paragraphs = (part.strip() for part in rest.split("\n\n"))
    paragraph = next((part for part in paragraphs if part and part[0] not in "!#|<"), "")
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
    return heading.strip("` "), shorten(re.split(r"(?<=[.!?]) ", words)[0], SUMMARY_MOST, placeholder=" ...")


def llms() -> str:
    """An index of the documentation for language models (llmstxt.org): a line for each page."""
    lines = ["# ordercore", "", f"> {title_and_summary(DOCS / 'index.md')[1]}", ""]
    lines += [
        "Each page is Markdown under the given path. `llms-full.txt` beside the built site is all of them in one.",
        "",
    ]
    for caption, pages in sections():
        lines += [f"## {caption}", ""]
        for page in pages:
            title, summary = title_and_summary(page)
            lines.append(f"- [{title}]({page.relative_to(DOCS).as_posix()}): {summary}")
        lines.append("")
    return "\n".join(lines)


def llms_full() -> str:
    """All pages in one text, each under its path."""
    parts = [
        f"<!-- {page.relative_to(DOCS).as_posix()} -->\n\n{TOCTREE.sub('', expanded(page)).strip()}\n"
        for _, pages in sections()
        for page in pages
    ]
    return "\n".join(parts)

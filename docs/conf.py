"""How Sphinx builds the documentation: `make docs`. The pages are plain Markdown, readable where they lie."""

import shutil
import sys
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / ".ci"))

import pages  # noqa: E402  # beside the program that makes the reference pages

project = "ordercore"
author = "ordercore contributors"
copyright = author  # noqa: A001  # what Sphinx calls it
release = version = tomllib.loads((DOCS.parent / "pyproject.toml").read_text())["project"]["version"]

extensions = ["myst_parser"]
exclude_patterns = ["_*"]
nitpicky = True
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
suppress_warnings = ["myst.xref_missing.download"]
highlight_language = "text"
smartquotes = False

html_theme = "furo"
html_title = f"ordercore {release}"
html_copy_source = False
html_use_index = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["ordercore.css"]
html_theme_options = {"navigation_with_keys": True}


def include(app: Sphinx, docname: str, source: list[str]) -> None:
    """Insert the files that a page includes."""
    path = DOCS / f"{docname}.md"
    text = pages.expanded(path)
    source[0] = pages.with_contents(text) if docname == "index" else text
    for target, page in pages.included().items():
        if page == path:
            app.env.note_dependency(str(target), docname=docname)


def write_text(app: Sphinx, error: Exception | None) -> None:
    """Beside the pages: their Markdown, and all of it in one file."""
    if error or app.builder.name != "html":
        return
    out = Path(app.outdir)
    for docname in app.env.found_docs:
        path = out / f"{docname}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages.expanded(DOCS / f"{docname}.md"))
    shutil.copy(DOCS / "llms.txt", out)
    (out / "llms-full.txt").write_text(pages.llms_full())


def setup(app: Sphinx) -> dict[str, object]:
    """Connect the two."""
    app.connect("source-read", include)
    app.connect("build-finished", write_text)
    return {"parallel_read_safe": True}

"""Run the notebook from its first cell to its last, and keep it with everything that it showed: `python examples/notebook`."""

import asyncio
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent / "shop.ipynb"

if __name__ == "__main__":
    if sys.platform == "win32":
        asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    quiet = ["--IPKernelApp.log_level=40"]  # it would warn that it talks to this program without encryption
    here = {"metadata": {"path": "."}}
    NotebookClient(notebook, timeout=120, resources=here, extra_arguments=quiet).execute()
    nbformat.write(notebook, "shop.ipynb")
    print("shop.ipynb has every table and picture; report/report.html the page that its picture is from.")

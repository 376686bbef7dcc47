"""The notebook runs from its first cell to its last as its one command runs it, and shows what it says."""

import json
from pathlib import Path

import pytest

from ordercore import Kernel
from ordercore.report.facts import TABLES, Facts, follow
from ordercore.testing import given_stock

NOTEBOOK = Path(__file__).parent.parent.parent / "examples" / "notebook" / "shop.ipynb"


def cells(path):
    return json.loads(path.read_text())["cells"]


@pytest.fixture
def shown(started, tmp_path):
    """The outputs of each cell of code, by the last line of the cell; not for the first time in this folder."""
    earlier = Kernel()
    given_stock(earlier, {"WH1": {"TEA": 1}})
    with Facts(tmp_path / "report" / "facts.duckdb", TABLES) as facts:
        follow(earlier, facts)
    settings = tmp_path / "settings"  # what somebody has set for their own notebooks does not matter here
    with started(
        "notebook", IPYTHONDIR=str(settings), JUPYTER_CONFIG_DIR=str(settings), JUPYTER_RUNTIME_DIR=str(settings)
    ) as run:
        printed, _ = run.communicate(timeout=120)
    assert run.returncode == 0, printed
    assert printed.startswith("shop.ipynb has every table")
    code = [cell for cell in cells(tmp_path / "shop.ipynb") if cell["cell_type"] == "code"]
    return {cell["source"][-1].partition("  #")[0]: cell["outputs"] for cell in code}


def test_every_table_and_the_picture_are_there(shown, tmp_path):
    html = {
        line: "".join(out["data"]["text/html"])
        for line, outputs in shown.items()
        for out in outputs
        if "text/html" in out.get("data", ())
    }
    assert list(html) == [
        'kernel.stock("TEA")', "kernel.explain(receipt.order_id)", 'kernel.explain("web:1002")',
        'kernel.order("web:1001")', 'kernel.stock("POT")', 'kernel.why("POT", "MIL")', 'kernel.timeline("web:1-0")',
    ]  # fmt: skip
    assert "<table" in html['kernel.stock("POT")']
    assert "more_parcels" in html['kernel.explain("web:1002")']
    ((picture,),) = [outputs for line, outputs in shown.items() if line.startswith("Image(")]
    assert picture["data"]["image/png"].startswith("iVBORw0KGgo")
    assert (tmp_path / "report" / "report.html").exists()
    assert not [out for outputs in shown.values() for out in outputs if out.get("name") == "stderr"]


def test_in_the_repository_it_has_no_outputs_and_names_no_machine():
    for cell in cells(NOTEBOOK):
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
    metadata = json.loads(NOTEBOOK.read_text())["metadata"]
    assert set(metadata) == {"kernelspec", "language_info"}
    assert metadata["kernelspec"]["name"] == "python3"

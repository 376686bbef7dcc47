"""A command, event, error code, hook or capability without documentation or test fails the build."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from ordercore import errors
from ordercore.codec import Codec
from ordercore.hooks import OrdercoreHooks
from ordercore.store import Capability
from ordercore.wiring.routes import ROUTES

ROOT = Path(__file__).parent.parent
TESTS = "\n".join(
    path.read_text()
    for folder in ("tests", "plugins", "src/ordercore/testing")
    for path in (ROOT / folder).rglob("*.py")
)

COMMANDS = sorted(cls.__name__ for cls in ROUTES)
EVENTS = sorted(kind.cls.__name__ for kind in Codec().events())
HOOKS = sorted(name for name in vars(OrdercoreHooks) if name.startswith("ordercore_"))
ERRORS = sorted(
    thing.__name__ for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, Exception)
)
ABSTRACT = {"OrdercoreError", "AdapterError", "StoreError"}


def test_the_reference_pages_are_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "reference.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", [*COMMANDS, *EVENTS, *HOOKS])
def test_commands_events_and_hooks_are_tested(name: str) -> None:
    assert name in TESTS


@pytest.mark.parametrize("name", [name for name in ERRORS if name not in ABSTRACT])
def test_errors_are_tested_by_class_or_by_code(name: str) -> None:
    code = getattr(errors, name).code
    assert name in TESTS or f'"{code}"' in TESTS


def test_codes_of_errors_are_unique() -> None:
    codes = [getattr(errors, name).code for name in ERRORS]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("capability", get_args(Capability))
def test_capabilities_are_described_for_authors_of_stores(capability: str) -> None:
    assert capability in (ROOT / "docs" / "stores.md").read_text()


def test_every_glossary_term_is_in_order() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text()
    terms = [line.split("|")[1].strip().strip("`").lower() for line in page.splitlines() if line.startswith("| ")][2:]
    assert terms == sorted(terms)

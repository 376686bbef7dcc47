"""What has no documentation, or no test, fails the build: commands, events, errors, hooks, options, public names, links."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import attrs
import pytest

from ordercore import errors
from ordercore.cli.app import commands
from ordercore.codec import Codec
from ordercore.hooks import OrdercoreHooks
from ordercore.wiring.routes import ROUTES

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
CI = ROOT / ".ci"

sys.path.insert(0, str(CI))
names = import_module("names")  # the programs that write the reference pages
pages = import_module("pages")
sys.path.remove(str(CI))

TESTS = "\n".join(
    path.read_text()
    for folder in ("tests", "plugins", "src/ordercore/testing")
    for path in (ROOT / folder).rglob("*.py")
)
MARKDOWN = sorted(
    [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("plugins/*/*.md"), *ROOT.glob("changelog.d/*.md")]
)
WRITTEN = "\n".join(page.read_text() for page in MARKDOWN if page.parent != DOCS / "reference")
"""What a person wrote."""

COMMANDS = sorted(cls.__name__ for cls in ROUTES)
EVENTS = sorted(kind.cls.__name__ for kind in Codec().events())
HOOKS = sorted(name for name in vars(OrdercoreHooks) if name.startswith("ordercore_"))
ERRORS = sorted(
    thing.__name__ for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, Exception)
)
ABSTRACT = {"OrdercoreError", "AdapterError", "StoreError"}
CAPABILITIES = sorted({value for _, _, values in names.capability_types() for value in values})
COMMAND_LINE = [((), commands), *names.commands_of(commands, ())]


def headings(page: Path) -> list[str]:
    """The headings of a page, without their marks."""
    text = re.sub(r"^```.*?^```$", "", pages.expanded(page), flags=re.MULTILINE | re.DOTALL)
    return [line.lstrip("# ").strip() for line in text.splitlines() if re.match(r"#{1,4} ", line)]


def anchors(page: Path) -> set[str]:
    """What a link to this page may name after its `#`, as code hosts and Sphinx make it of headings."""
    found: Counter[str] = Counter()
    slugs = set()
    for heading in headings(page):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        slugs.add(f"{slug}-{found[slug]}" if found[slug] else slug)
        found[slug] += 1
    return slugs


def reference(name: str) -> str:
    return (DOCS / "reference" / f"{name}.md").read_text()


def test_the_reference_pages_are_what_the_code_says() -> None:
    done = subprocess.run([sys.executable, CI / "reference.py", "--check"], capture_output=True, text=True, check=False)
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


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_heading_and_says_what_it_does(command: str) -> None:
    assert command in headings(DOCS / "reference" / "commands.md")
    assert said(next(cls for cls in ROUTES if cls.__name__ == command))


@pytest.mark.parametrize("kind", list(Codec().events()), ids=lambda kind: kind.name)
def test_every_event_has_its_heading_and_says_what_happened(kind) -> None:
    if not kind.cls.__module__.startswith("ordercore.testing"):
        assert kind.name in headings(DOCS / "reference" / "events.md")
        assert said(kind.cls)


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_code_has_its_heading_and_says_what_went_wrong(name: str) -> None:
    cls = getattr(errors, name)
    assert cls.code in headings(DOCS / "reference" / "errors.md")
    assert said(cls)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_explained_under_its_signature_with_two_examples(hook: str) -> None:
    given = [name for name in inspect.signature(getattr(OrdercoreHooks, hook)).parameters if name != "self"]
    page = DOCS / "plugins" / "hooks.md"
    assert f"{hook}({', '.join(given)})" in headings(page)
    (section,) = re.findall(rf"^## {hook}\(.*?(?=^## |\Z)", page.read_text(), re.MULTILINE | re.DOTALL)
    assert section.count("```python") >= 2
    for subject in ("**Called**", "**Errors**"):
        assert subject in section, f"{hook} does not say {subject}"
    for name in given:
        assert f"`{name}`" in section, f"{hook} does not explain {name}"


def test_hooks_that_are_explained_exist() -> None:
    explained = {
        line.partition("(")[0] for line in headings(DOCS / "plugins" / "hooks.md") if line.startswith("ordercore_")
    }
    assert explained == set(HOOKS)


@pytest.mark.parametrize("capability", sorted(set(CAPABILITIES)))
def test_capabilities_are_described_for_authors_of_adapters(capability: str) -> None:
    assert f"`{capability}`" in WRITTEN
    assert f"`{capability}`" in reference("capabilities")


@pytest.mark.parametrize(
    ("policy", "option"),
    [(cls, one.name) for _, cls in names.policies() for one in attrs.fields(cls)],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_every_policy_is_described_with_its_default(policy: type, option: str) -> None:
    assert f"| `{option}` |" in reference("policies")
    assert f"`{option}`" in (policy.__doc__ or "")


@pytest.mark.parametrize(
    ("path", "command"), COMMAND_LINE, ids=[" ".join(("ordercore", *path)) for path, _ in COMMAND_LINE]
)
def test_every_command_of_the_command_line_is_described_with_its_options(path: tuple[str, ...], command) -> None:
    page = reference("command-line")
    (section,) = re.findall(rf"^## {' '.join(('ordercore', *path))}$.*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert command.help
    for option in command.params:
        if option.param_type_name == "option":
            assert getattr(option, "help", None), f"{' '.join(path)} {option.name} has no help"
            assert max(option.opts, key=len) in section


@pytest.mark.parametrize("module", names.MODULES)
def test_every_public_name_stands_in_the_reference_or_in_the_glossary(module: str) -> None:
    explained = {*headings(DOCS / "reference" / "names.md"), *headings(DOCS / "reference" / "errors.md")}
    glossary = (DOCS / "glossary.md").read_text()
    missing = [name for name, _ in names.public(module) if name not in explained and f"`{name}`" not in glossary]
    assert not missing


# Made before the rule; they wait for names that may be promised.
NOT_PROMISED = {
    "ordercore.lifecycle.ORDER",
    "ordercore.notifiers.mime.mailbox_of",
    "ordercore.notifiers.registered.text",
    "ordercore.notifiers.registered.texts",
    "ordercore.order.commands.TrackingStatus",
    "ordercore.order.tracking.REASONS",
}


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of what a file imports from ordercore."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "ordercore":
            yield from ((node.module or "", one.name) for one in node.names)


@pytest.mark.parametrize("plugin", sorted(path.name for path in (ROOT / "plugins").iterdir() if path.is_dir()))
def test_plugins_of_ours_use_only_what_others_may_use(plugin: str) -> None:
    promised = {name for module in names.MODULES for name, _ in names.public(module)}
    promised |= {name for module in ("ordercore.errors", "ordercore.policies") for name in vars(import_module(module))}
    found = {one for path in (ROOT / "plugins" / plugin / "src").rglob("*.py") for one in imports(path)}
    assert found
    private = {f"{module}.{name}" for module, name in found if name not in promised or "._" in module}
    assert private <= NOT_PROMISED


@pytest.mark.parametrize("module", names.MODULES)
def test_every_public_class_and_function_says_what_it_is(module: str) -> None:
    silent = [
        name
        for name, thing in names.public(module)
        if inspect.isclass(thing) or inspect.isfunction(thing)
        if not said(thing)
    ]
    assert not silent


def said(thing: object) -> bool:
    """Whether it has a docstring of its own, not one that was inherited or made up for it."""
    text = getattr(thing, "__doc__", None) or ""
    return len(text.split()) > 2 and not text.startswith("Method generated by attrs")


def links(page: Path) -> Iterator[tuple[str, str]]:
    """(path, anchor) of every link of a page that stays in the repository; code is not looked at."""
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\((?!\w+:)([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        yield path, anchor


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {path}"
        assert target.is_relative_to(ROOT), f"{page.name}: {path} leaves the repository"
        if anchor:
            assert anchor in anchors(target), f"{page.name}: {path}#{anchor}"


def test_every_page_is_in_the_contents() -> None:
    listed = [page for _, section in pages.sections() for page in section]
    assert sorted(listed) == sorted(DOCS.rglob("*.md"))


def test_every_glossary_term_is_in_order_and_there_once() -> None:
    page = (DOCS / "glossary.md").read_text()
    terms = [line.split("|")[1].strip().strip("`").lower() for line in page.splitlines() if line.startswith("| ")][2:]
    assert terms == sorted(set(terms))


def test_no_page_asks_the_network_for_anything() -> None:
    for path in [*MARKDOWN, *DOCS.rglob("*.svg"), *DOCS.rglob("*.css")]:
        assert not re.search(
            r"""!\[[^\]]*\]\(https?:|(src|href)=["']https?:|@import|url\(\s*["']?http""", path.read_text()
        ), path

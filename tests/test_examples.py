"""What the README and the documentation show is what happens: every block is run or read, in the order of its page.

python      run, all blocks of a page in one namespace and one empty folder
text        after a block of Python, without a heading or another block in between, what that block prints
console     lines after `$ ` are run, with variables set before them; the lines below are what they print
sh          not run, but every command, option, extra and target in it exists
toml, json  read
csv         kept as a file

`postgresql:///shop` on a page is an empty database of a PostgreSQL that the test starts.

A block whose first line is a comment with a file name, or that stands below `<!-- file: NAME -->`, is written to that
file instead; a later block must use it. Times and durations differ from run to run and are not compared, and a line
`...` stands for any lines. After a change of what is printed:

    ORDERCORE_REWRITE=1 python -m pytest tests/test_examples.py
"""

from __future__ import annotations

import contextlib
import doctest
import io
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from psycopg.conninfo import conninfo_to_dict
from sybil import Document, Example, Region
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

from ordercore.cli import main
from ordercore.cli.app import commands
from ordercore_postgres.testing import Databases

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("plugins/*/README.md"),
        *(ROOT / "examples").rglob("README.md"),
    ]
)
SERVED = re.compile(r"postgresql(?:\+psycopg)?:///(\w+)|\bordercore_postgres_\w+")

INFO = re.compile(r"(?P<language>[^\n]*)\n")
NAMED = re.compile(r"# (?P<name>[\w/-]+\.\w+)\n")
NAMED_ABOVE = re.compile(r"<!-- file: (?P<name>[\w/.-]+) -->\n\Z")
ASSIGNED = re.compile(r"[A-Z_]+=")
PART = re.compile(r"^(#|```)", re.MULTILINE)
DIFFERS = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?"), "(time)"),
    (re.compile(r"\b\d+\.\d+ ?s\b( \(\d+:\d\d:\d\d\))?"), "(seconds)"),
    (re.compile(r" *\b\d+\.\d+ ?ms\b"), " (milliseconds)"),
)


def fenced(document: Document) -> Iterable[Region]:
    """Every fenced block, whatever its language."""
    for region in RawFencedCodeBlockLexer(INFO)(document):
        region.parsed = region.lexemes["source"]
        region.evaluator = lambda example: example.namespace["__page__"].evaluate(example)
        yield region


def same(shown: str, printed: str) -> bool:
    """Whether this is what was printed, as far as it can be told in advance."""
    for pattern, word in DIFFERS:
        shown, printed = pattern.sub(word, shown), pattern.sub(word, printed)
    lines = ("\n".join(line.rstrip() for line in text.strip("\n").splitlines()) + "\n" for text in (shown, printed))
    return doctest.OutputChecker().check_output(*lines, doctest.ELLIPSIS)


class Page:
    """One page: its folder, its files, what its last block printed, and what is to be written differently."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.document = Document.parse(str(path), fenced)
        self.document.namespace |= {"__page__": self, "__name__": "__main__"}
        self.python = PythonEvaluator()
        self.unused: set[str] = set()
        self.printed = ""
        self.printed_at = -1
        self.changes: list[tuple[str, str]] = []

    def run(self) -> None:
        """Every block, in order."""
        for example in self.document.examples():
            example.evaluate()
        loaded = {Path(getattr(module, "__file__", None) or "").resolve() for module in list(sys.modules.values())}
        unused = [name for name in sorted(self.unused) if Path(name).resolve() not in loaded]
        assert not unused, f"{self.path.name} shows files that nothing uses: {unused}"
        if self.changes:
            text = self.path.read_text()
            for old, new in self.changes:
                assert text.count(old) == 1, f"{self.path.name} shows this more than once:\n{old}"
                text = text.replace(old, new)
            self.path.write_text(text)

    def evaluate(self, example: Example) -> None:
        """One block, by its language."""
        language, source = example.region.lexemes["language"].partition(" ")[0], example.parsed
        above = self.document.text[: example.region.start]
        if named := NAMED.match(source) or NAMED_ABOVE.search(above):
            self.save(named["name"], source, language)
            return
        match language:
            case "python":
                self.unused -= {name for name in self.unused if name in source}
                with contextlib.redirect_stdout(io.StringIO()) as out:
                    self.python(example)
                self.printed, self.printed_at = out.getvalue(), example.region.end
            case "text":
                if self.printed_at >= 0 and not PART.search(self.document.text[self.printed_at : example.region.start]):
                    self.compare(source, self.printed, f"line {example.line}")
            case "console":
                for command, shown in commands_of(source):
                    self.console(command, shown, example.line)
            case "sh":
                for line in source.replace("\\\n", " ").splitlines():
                    check_command(line)
            case "toml":
                tomllib.loads(source)
            case "json":
                json.loads(source)
            case "{include}" | "{literalinclude}" | "{toctree}":
                pass  # Sphinx says what is not there; the code is run where it lies
            case _:
                raise AssertionError(f"{self.path.name}, line {example.line}: no rule for blocks of {language!r}")

    def save(self, name: str, source: str, language: str) -> None:
        """A file that the page shows."""
        match language:
            case "python":
                compile(source, name, "exec")
            case "toml":
                tomllib.loads(source)
            case "json":
                json.loads(source)
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(source)
        self.unused.add(name)

    def compare(self, shown: str, printed: str, where: str) -> None:
        """What the page shows with what was printed."""
        if same(shown, printed):
            return
        if "ORDERCORE_REWRITE" in os.environ:
            self.changes.append((shown, "".join(f"{line.rstrip()}\n" for line in printed.strip("\n").splitlines())))
        else:
            raise AssertionError(f"{self.path.name}, {where}, shows:\n{shown}\nand this was printed:\n{printed}")

    def console(self, command: str, shown: str, line: int) -> None:
        """Run a command and compare; one that shows nothing must succeed."""
        check_command(command)
        words = shlex.split(command)
        assigned = dict(word.split("=", 1) for word in itertools.takewhile(ASSIGNED.match, words))
        words = words[len(assigned) :]
        used = {name for name in self.unused if any(name == word or name.startswith(f"{word}/") for word in words)}
        self.unused -= used | {name for name in self.unused if words[0] == "pytest" and "test" in name}
        with mock.patch.dict(os.environ, assigned):
            self.run_words(words, shown, line, command)

    def run_words(self, words: list[str], shown: str, line: int, command: str) -> None:
        """Run a command in the environment as it is."""
        match words:
            case ["pip", "install", *_]:
                return
            case ["ordercore", *rest] | ["python", "-m", "ordercore", *rest]:
                with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
                    status = main(rest)
                printed = out.getvalue()
            case [program, *rest]:
                options = ["-p", "no:cacheprovider", "-p", "no:randomly"] if program == "pytest" else []
                start = [sys.executable, "-m", "pytest"] if program == "pytest" else [sys.executable]
                done = subprocess.run(
                    [*start, *options, *rest], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
                )
                status, printed = done.returncode, done.stdout
        if shown.strip():
            self.compare(shown, printed, f"line {line}")
        else:
            assert not status, f"{self.path.name}, line {line}: {command}\n{printed}"


def commands_of(block: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with the lines below it."""
    for part in re.split(r"^\$ ", block.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def check_command(line: str) -> None:
    """What a command line names exists: targets, extras, plugins, commands and their options."""
    words = shlex.split(line, comments=True)
    match list(itertools.dropwhile(ASSIGNED.match, words)):
        case ["ordercore", *words] | ["python", "-m", "ordercore", *words]:
            check_options(words)
        case ["make", *targets]:
            known = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
            known += [f"example-{main.parent.name}" for main in ROOT.glob("examples/*/__main__.py")]
            assert {target for target in targets if "=" not in target} <= set(known), line
        case ["pip", "install", *packages]:
            for package in (package for package in packages if package.startswith("ordercore")):
                check_package(package)
        case [] | ["python" | "pytest" | "git" | "cd" | "curl", *_]:
            pass
        case [program, *_] if program.startswith(".venv/bin/"):
            pass
        case _:
            raise AssertionError(f"no rule for the command {line!r}")


def check_package(package: str) -> None:
    """A distribution of this repository, with extras that it has."""
    name, _, extras = package.rstrip("]").partition("[")
    project = ROOT / "pyproject.toml" if name == "ordercore" else ROOT / "plugins" / name / "pyproject.toml"
    assert project.exists(), package
    known = tomllib.loads(project.read_text())["project"].get("optional-dependencies", {})
    assert set(filter(None, extras.split(","))) <= set(known), package


def check_options(words: list[str]) -> None:
    """A command of the command line with options that it has."""
    command: object = commands
    known = {option for parameter in commands.params for option in parameter.opts} | {"--help"}
    for word in words:
        if hasattr(command, "get_command") and not word.startswith("-"):
            found = command.get_command(None, word)
            assert found is not None, f"there is no command {word!r}"
            command = found
            known |= {option for parameter in found.params for option in parameter.opts}
        elif word.startswith("--"):
            assert word.partition("=")[0] in known, f"there is no option {word!r}"


def marks(page: Path) -> list[pytest.MarkDecorator]:
    """A page that runs its tests more than once is slow."""
    return [pytest.mark.slow] if page.read_text().count("\n$ pytest") > 1 else []


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to run in; modules that were loaded from it are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("ORDERCORE_STORE", raising=False)
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def pages(*, served: bool) -> pytest.MarkDecorator:
    """The pages that show addresses of PostgreSQL, or the others."""
    chosen = [page for page in PAGES if served == bool(SERVED.search(page.read_text()))]
    return pytest.mark.parametrize(
        "page", [pytest.param(page, id=str(page.relative_to(ROOT)), marks=marks(page)) for page in chosen]
    )


@pytest.mark.usefixtures("folder")
@pages(served=False)
def test_what_a_page_shows_is_what_happens(page: Path) -> None:
    Page(page).run()


@pytest.fixture
def served(ordercore_postgres_databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Lets `postgresql:///NAME` lead to an empty database, as it does where the server runs on the same machine."""
    for name, part in conninfo_to_dict(ordercore_postgres_databases.address).items():
        if name in {"host", "port", "user", "password"}:
            monkeypatch.setenv(f"PG{name.upper()}", str(part))
    made: list[str] = []

    def serve(name: str) -> None:
        made.append(ordercore_postgres_databases.create(name=name))

    yield serve
    for address in made:
        ordercore_postgres_databases.drop(address)


@pytest.mark.usefixtures("folder")
@pages(served=True)
def test_what_a_page_over_postgres_shows_is_what_happens(page: Path, served: Callable[[str], None]) -> None:
    for name in sorted(set(filter(None, SERVED.findall(page.read_text())))):
        served(name)
    Page(page).run()


def test_the_quick_start_is_at_most_fifteen_lines_and_repeats_do_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = Page(ROOT / "README.md").document.examples()
    block = next(example.parsed for example in examples if example.region.lexemes["language"] == "python")
    assert len(block.splitlines()) <= 15
    exec(compile(block, "README.md", "exec"), {})
    first = capsys.readouterr().out
    exec(compile(block, "README.md", "exec"), {})
    assert first.count("fulfilled 8") == 2
    assert capsys.readouterr().out == first


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "this was printed"),
        ("```python\nraise SystemError('seen')\n```\n", "seen"),
        ("```console\n$ ordercore --version\nnothing\n```\n", "this was printed"),
        ("```console\n$ ordercore nonsense\n```\n", "no command"),
        ("```console\n$ ordercore orders --stroe x\n```\n", "no option"),
        ('```sh\npip install "ordercore[tea]"\n```\n', "ordercore"),
        ("```toml\nx =\n```\n", "Invalid value"),
        ("```json\n{\n```\n", "Expecting"),
        ("```rust\n1\n```\n", "no rule"),
        ("```python\n# lonely.py\nx = 1\n```\n", "nothing uses"),
    ],
)
def test_a_page_that_shows_something_else_fails(
    text: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ORDERCORE_REWRITE", raising=False)
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(Exception, match=re.escape(reason)):
        Page(page).run()

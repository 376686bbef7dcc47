import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

OPTIONAL = {"click", "duckdb", "hypothesis", "msgspec", "psycopg", "pytest", "rich"}
ON_DEMAND = {"asyncio", "sqlite3"}  # in the standard library, but not wanted by everybody

TOP_LEVEL = {
    ".ci",
    ".gitattributes",
    ".github",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "UPGRADING.md",
    "benchmarks",
    "changelog.d",
    "docs",
    "examples",
    "plugins",
    "pyproject.toml",
    "requirements-demo.lock",
    "requirements-peers.lock",
    "requirements.lock",
    "src",
    "tests",
}

PROBE = """
import json, sys, time
before = set(sys.modules)
start = time.process_time()
{code}
spent = time.process_time() - start
print(json.dumps({{"milliseconds": spent * 1000, "modules": sorted(set(sys.modules) - before)}}))
"""


def probe(code):
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(code=code)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return json.loads(done.stdout)


def packages(modules):
    return {module.partition(".")[0] for module in modules}


def pins(name):
    return set(re.findall(r"^(\S+==\S+)", (ROOT / name).read_text(), re.MULTILINE))


def test_import_is_cheap():
    spent = min(probe("import ordercore")["milliseconds"] for _ in range(5))
    assert spent <= 120, f"import ordercore took {spent:.0f} ms CPU"


def test_import_loads_little():
    loaded = probe("import ordercore")["modules"]
    assert len(loaded) <= 60, loaded


@pytest.mark.parametrize("code", ["import ordercore", "from ordercore import *", "import ordercore.testing.plugin"])
def test_import_pulls_in_nothing_optional(code):
    unwanted = OPTIONAL if "*" in code else OPTIONAL | ON_DEMAND
    assert not packages(probe(code)["modules"]) & unwanted


def test_the_layers_hold():
    # In a process of its own: import-linter changes the interpreter that it runs in.
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-demo.lock", "requirements-peers.lock"])
def test_a_lock_names_no_host_and_pins_every_file_by_its_hash(lock):
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*-", text.replace("    --hash=sha256:", ""), re.MULTILINE), "an option that names a place"
    entries = re.split(r"\n(?=\S)", text.strip())
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_the_demo_installs_a_part_of_what_development_installs():
    assert pins("requirements-demo.lock") < pins("requirements.lock")


def test_every_file_at_the_top_has_a_reason_to_be_there():
    git = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(git, capture_output=True, text=True, check=False, cwd=ROOT)
    if listed.returncode:
        pytest.skip("not a git checkout")
    assert {name.partition("/")[0] for name in listed.stdout.splitlines()} <= TOP_LEVEL


def test_core_needs_only_what_was_agreed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.match(r"[\w-]+", requirement)[0] for requirement in project["dependencies"]}
    assert names == {"attrs", "cattrs", "pluggy", "sortedcontainers", "tzdata", "uuid6"}


def test_each_plugin_is_found_by_its_entry_point():
    found = {entry.name: entry.value for entry in entry_points(group="ordercore")}
    # Adapters to a framework are imported by the host's own settings and register nothing.
    folders = {
        path.parent.name
        for path in ROOT.glob("plugins/*/pyproject.toml")
        if "ordercore" in tomllib.loads(path.read_text())["project"].get("entry-points", {})
    }
    assert {f"ordercore-{name}" for name in found} >= folders
    # The package itself, or a module of it where the package has to stay light.
    packages_of = {name: value.partition(".")[0] for name, value in found.items() if f"ordercore-{name}" in folders}
    assert packages_of == {folder.removeprefix("ordercore-"): folder.replace("-", "_") for folder in folders}


def test_all_distributions_carry_one_version():
    versions = {
        tomllib.loads(path.read_text())["project"]["version"]
        for path in [ROOT / "pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")]
    }
    assert len(versions) == 1


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_its_extra_the_command_line_says_what_to_install(missing):
    without = f"import sys; sys.modules[{missing!r}] = None; from ordercore.__main__ import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", without], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert 'pip install "ordercore[cli]"' in done.stderr

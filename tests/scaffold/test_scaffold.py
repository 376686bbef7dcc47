"""What `ordercore plugins new` makes is a whole distribution: found, typed, tested, and later brought up to date."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from ordercore import __version__
from ordercore.cli import main, scaffold
from ordercore.cli.plugins import KINDS
from ordercore.errors import ConfigurationError, MissingExtra

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of its own, for the template's repository lies there; git knows nobody."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Nobody")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "nobody@example.com")
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def entry_point(folder, name):
    """As an installer would leave it, at no cost."""
    about = folder / f"ordercore_{name}-0.1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: ordercore-{name}\nVersion: 0.1.0\n")
    (about / "entry_points.txt").write_text(f"[ordercore]\n{name} = ordercore_{name}\n")


def run(*arguments, cwd, path=(), **environ):
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONDONTWRITEBYTECODE": "1", **environ}
    return subprocess.run([*map(str, arguments)], cwd=cwd, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_is_found_and_passes_its_tests_at_once(kind, tmp_path):
    # Two to ten seconds each: a pytest of its own, with the whole conformance suite where the kind has one.
    made = scaffold.create(kind, "acme", tmp_path / "acme")
    entry_point(tmp_path / "site", "acme")
    path = (made / "src", tmp_path / "site")
    tested = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=made, path=path)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert " passed" in tested.stdout
    listed = run(
        sys.executable, "-m", "ordercore", "plugins", "doctor", cwd=tmp_path, path=path, ORDERCORE_PLUGINS="acme"
    )
    assert listed.returncode == 0, listed.stdout + listed.stderr
    assert "acme (ordercore-acme 0.1.0, API 1, loaded in" in listed.stdout


def test_it_installs_offline_with_its_requirements_met(tmp_path):
    # Two seconds: a wheel is built and put into a folder by the installer that set up this environment.
    made = scaffold.create("guard", "acme-limits", tmp_path / "ordercore-acme-limits")
    installed = run(
        sys.executable, ROOT / ".ci" / "uv.py", "pip", "install", "--offline", "--no-deps", "--no-build-isolation",
        "--python", sys.executable, "--target", tmp_path / "site", made, cwd=tmp_path, HOME=str(Path.home()),
    )  # fmt: skip
    assert installed.returncode == 0, installed.stderr
    told = run(sys.executable, "-m", "ordercore", "plugins", "list", cwd=tmp_path, path=[tmp_path / "site"])
    (row,) = [line.split() for line in told.stdout.splitlines() if line.startswith("acme-limits")]
    assert row[1:5] == ["ordercore-acme-limits", "0.1.0", "a", "guard"]


def test_it_asks_for_the_releases_that_its_template_fits(tmp_path):
    made = scaffold.create("guard", "acme", tmp_path / "acme")
    (wanted,) = tomllib.loads((made / "pyproject.toml").read_text())["project"]["dependencies"]
    name, lower, upper = re.fullmatch(r"(\w+)>=([\d.]+),<([\d.]+)", wanted).groups()
    release = tuple(map(int, re.match(r"(\d+)\.(\d+)\.(\d+)", __version__).groups()))
    assert name == "ordercore"
    assert tuple(map(int, lower.split("."))) <= release < tuple(map(int, upper.split(".")))
    assert release[:2] == tuple(map(int, lower.split(".")))


@pytest.mark.slow
def test_what_is_made_is_typed_strictly_and_formatted(tmp_path):
    for kind in KINDS:
        made = scaffold.create(kind, f"acme-{kind}", tmp_path / kind, "A. N. Author")
        for arguments in (
            ("mypy", "--cache-dir", tmp_path / "cache"),
            ("ruff", "check", "--isolated", "--no-cache", "--select", "E,F,I,B,UP", "--line-length", "120", "."),
            ("ruff", "format", "--isolated", "--no-cache", "--line-length", "120", "--check", "."),
        ):
            checked = run(sys.executable, "-m", *arguments, cwd=made, path=[made / "src"], MYPYPATH="src")
            assert checked.returncode == 0, checked.stdout + checked.stderr


def git(folder, *arguments):
    done = run("git", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_brought_up_to_date_and_keeps_what_was_changed_by_hand(tmp_path, monkeypatch, home):
    made = scaffold.create("guard", "acme", tmp_path / "acme")
    assert "_src_path: ~/.cache/ordercore/plugin-template" in (made / ".copier-answers.yml").read_text()
    rule = made / "src" / "ordercore_acme" / "guard.py"
    rule.write_text(rule.read_text().replace("MOST_UNITS: Final = 100", "MOST_UNITS: Final = 7"))
    git(made, "init", "-q")
    git(made, "add", "-A")
    git(made, "commit", "-qm", "Mine")

    newer = tmp_path / "newer"
    shutil.copytree(scaffold.TEMPLATE, newer)
    with (newer / "kinds" / "guard" / "plugin.py.jinja").open("a") as template:
        template.write("\n\nIMPROVED: Final = True\n")
    monkeypatch.setattr(scaffold, "TEMPLATE", newer)
    monkeypatch.setattr(scaffold, "__version__", "0.2.0")
    assert main(["plugins", "update", str(made)]) == 0
    text = rule.read_text()
    assert "MOST_UNITS: Final = 7" in text
    assert "IMPROVED: Final = True" in text
    assert "_commit: 0.2.0" in (made / ".copier-answers.yml").read_text()
    assert git(home / ".cache" / "ordercore" / "plugin-template", "tag").split() == ["0.1.0", "0.2.0"]


def test_the_same_template_is_kept_once_and_a_changed_one_gets_a_tag_of_its_own(tmp_path, monkeypatch, home):
    for n in range(2):
        scaffold.create("guard", "acme", tmp_path / str(n))
    repository = home / ".cache" / "ordercore" / "plugin-template"
    assert git(repository, "tag").split() == ["0.1.0"]
    newer = tmp_path / "newer"
    shutil.copytree(scaffold.TEMPLATE, newer)
    (newer / "NEW.md").write_text("new\n")
    monkeypatch.setattr(scaffold, "TEMPLATE", newer)
    made = scaffold.create("guard", "acme", tmp_path / "2")
    assert git(repository, "tag").split() == ["0.1.0", "0.1.0.post1"]
    assert (made / "NEW.md").exists()


@pytest.mark.parametrize("name", ["", "Acme", "acme_post", "-acme", "acme/../x", "acme post", "1acme", "acme--x"])
def test_a_name_that_makes_no_package_is_refused(name, tmp_path):
    with pytest.raises(ConfigurationError, match="no name of a plugin"):
        scaffold.create("guard", name, tmp_path / "x")


def test_it_says_what_to_type_next_and_the_readme_the_same(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["plugins", "new", "guard", "acme"]) == 0
    told = capsys.readouterr().out
    assert 'pip install -e . "ordercore[testing]"' in told
    readme = (tmp_path / "ordercore-acme" / "README.md").read_text()
    assert 'pip install -e . "ordercore[cli,testing]" mypy' in readme
    assert "--group" not in told + readme  # pip before 25.1 does not know it


def test_a_folder_in_use_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    assert main(["plugins", "new", "guard", "acme", str(tmp_path / "mine")]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_an_unknown_kind_names_the_known_ones(capsys):
    assert main(["plugins", "new", "guardd", "acme"]) == 2
    assert "guard" in capsys.readouterr().err


def test_without_copier_it_says_what_to_type(tmp_path, monkeypatch):
    monkeypatch.setattr(scaffold, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r'pip install "ordercore\[scaffold\]"'):
        scaffold.create("guard", "acme", tmp_path / "acme")


def test_without_git_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(scaffold.shutil, "which", lambda name: None)
    with pytest.raises(ConfigurationError, match="git, which is not installed"):
        scaffold.create("guard", "acme", tmp_path / "acme")


def test_what_was_not_made_here_is_not_updated(tmp_path):
    with pytest.raises(ConfigurationError, match="plugins new"):
        scaffold.update(tmp_path)


def test_what_git_does_not_know_is_not_updated(tmp_path):
    made = scaffold.create("guard", "acme", tmp_path / "acme")
    with pytest.raises(ConfigurationError, match="cannot be updated"):
        scaffold.update(made)


def test_the_template_is_in_the_wheel_whole(tmp_path):
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    files = [path for path in scaffold.TEMPLATE.rglob("*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        assert f"ordercore/cli/template/{path.relative_to(scaffold.TEMPLATE).as_posix()}" in names

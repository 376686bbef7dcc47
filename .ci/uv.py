"""Run uv from `.tools`, installing it there with pip at first use.

uv does not read pip's configuration. Behind a company's mirror or certificate, where pip
works, uv would not; so what pip has been told is handed over, unless uv was told itself.
"""

import ast
import os
import ssl
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / ".tools"
UV = TOOLS / "bin" / ("uv.exe" if os.name == "nt" else "uv")
VERSION = "uv>=0.8,<1"


def pip_settings() -> dict[str, str]:
    """What pip is configured with."""
    listing = [sys.executable, "-m", "pip", "config", "list"]
    return parsed(subprocess.run(listing, capture_output=True, text=True, check=False).stdout)


def parsed(listed: str) -> dict[str, str]:
    """Settings by name, the nearest source last: all commands, `pip install`, environment."""
    sections: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.partition(".")
        if section in sections:
            sections[section][option] = str(ast.literal_eval(value))
    return sections["global"] | sections["install"] | sections[":env:"]


def reachable(place: str) -> bool:
    """False for a folder that is not there: pip passes over it, uv stops."""
    if place.startswith("file://"):
        return Path(place.removeprefix("file://")).is_dir()
    return "://" in place or Path(place).expanduser().exists()


def system_certificates() -> bool:
    """True where the system has certificates: a company's own are there, and uv's are only the public ones."""
    known = ssl.get_default_verify_paths()
    folder = Path(known.capath) if known.capath else None
    return os.name == "nt" or known.cafile is not None or (folder is not None and any(folder.iterdir()))


def uv_environment(pip: dict[str, str], *, locking: bool) -> dict[str, str]:
    """Say pip's settings in uv's words."""
    settings = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
    if locking:
        # A folder of wheels on this machine knows the files for this machine only, and a
        # lock made from it would have no hashes for any other.
        extra = [place for place in pip.get("extra-index-url", "").split() if not place.startswith("file:")]
        pip = pip | {"extra-index-url": " ".join(extra), "find-links": ""}
    if index := pip.get("index-url"):
        settings["UV_DEFAULT_INDEX"] = index
    if extra := [place for place in pip.get("extra-index-url", "").split() if reachable(place)]:
        settings["UV_INDEX"] = " ".join(extra)
        # As pip does. The hashes in the lock files say which file is the right one.
        settings["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    if links := [place for place in pip.get("find-links", "").split() if reachable(place)]:
        settings["UV_FIND_LINKS"] = ",".join(links)
    if pip.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        settings["UV_NO_INDEX"] = "1"
    if hosts := pip.get("trusted-host"):
        settings["UV_INSECURE_HOST"] = hosts
    if timeout := pip.get("default-timeout", pip.get("timeout")):
        settings["UV_HTTP_TIMEOUT"] = timeout
    if system_certificates():
        settings["UV_SYSTEM_CERTS"] = "1"
    if (certificates := pip.get("cert")) and Path(certificates).is_file():
        settings["SSL_CERT_FILE"] = certificates
    if proxy := pip.get("proxy"):
        settings["ALL_PROXY"] = proxy
    return settings


def main() -> int:
    if not UV.exists():
        if find_spec("pip") is None:
            sys.exit(
                f"{sys.executable} has no pip, which installs everything else (on Debian: apt install python3-pip)"
            )
        # --target works where Debian refuses an install and has no ensurepip for a venv.
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "-qq", "--target", str(TOOLS), "--upgrade", VERSION], check=True
        )
    settings = uv_environment(pip_settings(), locking=sys.argv[1:3] == ["pip", "compile"])
    return subprocess.run([str(UV), *sys.argv[1:]], env=settings | os.environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

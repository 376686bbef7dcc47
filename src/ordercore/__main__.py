"""`python -m ordercore` and the `ordercore` command: the command line, where its packages are installed."""

import sys
from importlib.util import find_spec


def main() -> int:
    """Run the command line; without the extra `cli`, say what to install."""
    if missing := [package for package in ("click", "rich") if find_spec(package) is None]:
        print(
            f"The command line of ordercore needs {' and '.join(missing)}."
            ' Install it with: pip install "ordercore[cli]"',
            file=sys.stderr,
        )
        return 2
    from ordercore.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())

"""`python -m ordercore` and the `ordercore` command: the command line, when its packages are there."""

import sys

# What the extra `cli` installs. Anything else that is missing is a fault and keeps its traceback.
OPTIONAL = {"click", "rich"}


def main() -> int:
    """Run the command line; without the extra `cli`, say what to install."""
    try:
        from ordercore.cli import main as run
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] not in OPTIONAL:
            raise
        print(
            f"The command line of ordercore needs {missing.name}, which is not installed."
            ' Install it with: pip install "ordercore[cli]"',
            file=sys.stderr,
        )
        return 2
    return run()


if __name__ == "__main__":
    sys.exit(main())

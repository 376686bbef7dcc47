"""A program: keeps one PostgreSQL server, and ends it and removes the folder when whoever started this has died.

    python keeper.py LOGFILE FOLDER USER-OR-EMPTY postgres -D ...

Its standard input is a pipe that nobody writes to: it ends with the process that holds the other end, even by kill -9.
As the parent of the server it also reaps it: a dead server that is a zombie still looks alive to the next one.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

_SECONDS = 10


def main() -> int:
    log, folder, user, *program = sys.argv[1:]
    as_user = {"user": user, "group": _group(user), "extra_groups": []} if user else {}
    with Path(log).open("ab") as said:
        server = subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=said, stderr=said, **as_user)  # type: ignore[call-overload]
    sys.stdout.write(f"{server.pid}\n")
    sys.stdout.flush()
    alone = threading.Event()
    threading.Thread(target=_watch, args=(server, alone), daemon=True).start()
    code = int(server.wait())
    if alone.is_set():
        shutil.rmtree(folder, ignore_errors=True)
    return code


def _group(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def _watch(server: "subprocess.Popen[bytes]", alone: threading.Event) -> None:
    while os.read(0, 1):
        pass
    alone.set()
    server.send_signal(signal.SIGQUIT)  # "immediate": no checkpoint, no waiting for clients
    time.sleep(_SECONDS)
    server.kill()


if __name__ == "__main__":
    sys.exit(main())

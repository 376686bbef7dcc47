"""A worker as a loop, for hosts with a process of their own: what `ordercore work --forever` runs.

::

    with Bell() as bell:  # until SIGTERM
        Worker(kernel, bell).run()
"""

from ordercore.worker.bell import Bell
from ordercore.worker.loop import Waits, Worker, parts_of

__all__ = ["Bell", "Waits", "Worker", "parts_of"]

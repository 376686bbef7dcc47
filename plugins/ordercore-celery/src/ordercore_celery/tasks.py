"""The tasks of a kernel: what is due is done by whichever worker takes them, and a lost message only delays."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal

from celery import Celery, Task
from celery.signals import worker_process_shutdown, worker_shutdown

from ordercore import Kernel
from ordercore.errors import StoreError
from ordercore_celery.gathering import Gathering
from ordercore_celery.kernels import Kernels

LOG: Final = logging.getLogger("ordercore.celery")

Part = Literal["timers", "followers", "effects"]
TaskName = Literal["relay", "timers", "effects", "sweep"]

SECONDS_MOST: Final = 60.0
"""A task that is at work for longer hands over to another one, so that workers can be restarted and share the load."""

Defer = Callable[[Callable[[], None]], object]
"""How something is run after the commit of the host, such as Django's `transaction.on_commit`."""


def _at_once(call: Callable[[], None]) -> None:
    call()


class Tasks:
    """Registers the tasks of one kernel in a Celery app, under `name`.

    `<name>.relay` delivers to followers and projections, `<name>.timers` fires what is due, `<name>.effects` performs
    what is to be done outside, `<name>.sweep` sends the three for every tenant and belongs into the beat schedule. Each
    may run any number of times at once: ordercore leases, Celery only calls.

    `open` gives the kernel of a tenant, in the worker process that needs it; `tenants` lists whom a sweep is for.
    `queue` names the queue of a task and tenant (None: as the app routes it). `after_commit` runs a call after the
    host's commit, where stores are lent the host's connection; without it `wake` sends at once. With `gather_seconds`
    wake-ups that come within that time are one message, which begins that much later.
    """

    def __init__(
        self,
        app: Celery,
        open: Callable[[str], Kernel],  # noqa: A002  # what it does
        *,
        name: str = "ordercore",
        tenants: Callable[[], Iterable[str]] = lambda: ("",),
        queue: Callable[[TaskName, str], str | None] = lambda task, tenant: None,
        after_commit: Defer = _at_once,
        sweep_seconds: float = 30.0,
        gather_seconds: float = 0.0,
        retries: int = 5,
    ) -> None:
        """Register them; nothing is opened and nothing sent yet."""
        self.app, self.name, self.sweep_seconds = app, name, sweep_seconds
        self._tenants, self._queue, self._after_commit = tenants, queue, after_commit
        self._gathering = Gathering(gather_seconds)
        self._kernels = Kernels(open)
        self.relay = self._registered("relay", self._relay, retries)
        self.timers = self._registered("timers", self._timers, retries)
        self.effects = self._registered("effects", self._effects, retries)
        self.sweep = self._registered_sweep()
        self._by_name: dict[TaskName, Task[Any, Any]] = {
            "relay": self.relay, "timers": self.timers, "effects": self.effects, "sweep": self.sweep,
        }  # fmt: skip
        for ends in (worker_process_shutdown, worker_shutdown):
            ends.connect(self._close, weak=False)

    def _registered(
        self, task: TaskName, does: Callable[[str], dict[str, int]], retries: int
    ) -> Task[[str], dict[str, int]]:
        """What a worker was at when it was killed is given to another one: all of it may be begun twice."""

        def run(tenant: str = "") -> dict[str, int]:  # Celery takes no bound method
            return does(tenant)

        return self.app.task(
            name=f"{self.name}.{task}", acks_late=True, reject_on_worker_lost=True, ignore_result=True,
            autoretry_for=(StoreError,), max_retries=retries, retry_backoff=2, retry_backoff_max=300, retry_jitter=True,
            shared=False,  # of this app alone: another one in the process may have a kernel of the same name
        )(run)  # fmt: skip

    def _registered_sweep(self) -> Task[[], None]:
        def run() -> None:
            for tenant in self._tenants():
                for task in _SWEPT:
                    # What nobody takes before the next sweep is forgotten: that one sends it again.
                    self.send(task, tenant, expires=self.sweep_seconds)

        return self.app.task(name=f"{self.name}.sweep", ignore_result=True, shared=False)(run)

    @property
    def schedule(self) -> dict[str, dict[str, Any]]:
        """For the beat schedule: `app.conf.beat_schedule = {**tasks.schedule, ...}`."""
        options: dict[str, Any] = {"expires": self.sweep_seconds}
        if (queue := self._queue("sweep", "")) is not None:
            options["queue"] = queue
        entry = {"task": f"{self.name}.sweep", "schedule": self.sweep_seconds, "options": options}
        return {f"{self.name}.sweep": entry}

    def wake(self, tenant: str = "") -> None:
        """Let a worker look for something to do, after the host's commit: `Kernel(..., wake=tasks.wake)`.

        Never raises: where the broker is away the sweep finds what there is to do.
        """
        self._after_commit(lambda: self._wake(tenant))

    def _wake(self, tenant: str) -> None:
        if not self._gathering.needed(tenant):
            return
        try:
            self.send("relay", tenant, countdown=self._gathering.seconds, retry=False)
        except Exception as error:  # noqa: BLE001  # whatever a broker raises; the commit stands
            self._gathering.lost(tenant)
            LOG.warning("%s: no worker could be woken (%s); the sweep comes", self.name, type(error).__name__)

    def send(self, task: TaskName, tenant: str = "", **options: Any) -> None:
        """Send one task for a tenant, to its queue. Raises what the broker raises."""
        if (queue := self._queue(task, tenant)) is not None:
            options["queue"] = queue
        self._by_name[task].apply_async((tenant,) if task != "sweep" else (), **options)

    # Tasks

    def _relay(self, tenant: str) -> dict[str, int]:
        """Deliver to followers; then let somebody perform the effects that are wanted by now."""
        counts = self._work("relay", "followers", tenant)
        kernel = self._kernels.of(tenant)
        due = kernel.store.next_due(tenant=kernel.core.tenant)
        if due is not None and due <= kernel.core.clock.now():
            self.send("effects", tenant)
        return counts

    def _timers(self, tenant: str) -> dict[str, int]:
        """Fire the timers that are due, and let followers hear of it."""
        return self._heard(self._work("timers", "timers", tenant), tenant)

    def _effects(self, tenant: str) -> dict[str, int]:
        """Perform the outside effects that are due, and let followers hear what became of them."""
        return self._heard(self._work("effects", "effects", tenant), tenant)

    def _heard(self, counts: dict[str, int], tenant: str) -> dict[str, int]:
        if counts["timers"] or counts["effects"]:
            self.send("relay", tenant)
        return counts

    def _work(self, task: TaskName, part: Part, tenant: str) -> dict[str, int]:
        kernel, end = self._kernels.of(tenant), time.monotonic() + SECONDS_MOST
        report = more = kernel.work(only=(part,))
        while not more.idle:
            if time.monotonic() >= end:
                self.send(task, tenant)
                break
            more = kernel.work(only=(part,))
            report += more
        for failure in report.failures:
            LOG.warning("%s: %s", self.name, failure)
        for name in report.waiting:
            LOG.warning("%s: follower %s waits, %d rows of the log behind", self.name, name, report.lag.get(name, 0))
        return {
            "timers": report.timers, "delivered": report.delivered, "effects": report.effects,
            "parked": report.parked, "failures": len(report.failures),
        }  # fmt: skip

    def _close(self, **_: object) -> None:
        self._kernels.close()


_SWEPT: Final[tuple[TaskName, ...]] = ("relay", "timers", "effects")

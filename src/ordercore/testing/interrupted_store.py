"""A store that fails at its n-th call, whichever that is: for a loop over all of them."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

from attrs import define, field

from ordercore.errors import ConfigurationError, StoreError, did_you_mean
from ordercore.store import Store, Unknown

Interruption = Literal["before", "after", "unknown_before", "unknown_after"]
"""`before` the call reaches the store, or `after` it was done, StoreError is raised instead of an answer; where a
commit is interrupted, `unknown_before` and `unknown_after` answer `Unknown` as a store does that has lost its connection."""
INTERRUPTIONS: Final[tuple[Interruption, ...]] = get_args(Interruption)

CALLS: Final = (
    "read", "commit", "commit_many", "outcome", "read_all", "lease_due", "ack", "nack", "next_due", "cursor_of", "checkpoint",
)  # fmt: skip
"""What is counted and interrupted: every call that reads or writes."""
_COMMITS: Final = ("commit", "commit_many", "checkpoint")


@define
class InterruptedStore:
    """A store in front of another: call number `at`, from 0, is interrupted, all others pass through.

    ::

        counting = InterruptedStore(MemoryStore())
        scenario(Kernel(counting))
        for at in range(counting.calls):
            for how in INTERRUPTIONS:
                scenario(Kernel(InterruptedStore(MemoryStore(), at, how)))  # nothing is lost, and nothing there twice

    `met` is the name of the call that was interrupted, "" before. Raises ConfigurationError for an interruption that
    there is not.
    """

    store: Store
    at: int | None = None
    how: Interruption = "before"
    calls: int = 0
    met: str = field(default="", init=False)

    def __attrs_post_init__(self) -> None:
        """Check the word."""
        if self.how not in INTERRUPTIONS:
            raise ConfigurationError(
                f"There is no interruption {self.how!r}.", hint=did_you_mean(str(self.how), INTERRUPTIONS)
            )

    def __getattr__(self, name: str) -> Any:
        """Each call of the contract, counted; all else is the store's own."""
        if name not in CALLS:
            return getattr(self.store, name)

        def counted(*args: Any, **kwargs: Any) -> object:
            number, self.calls = self.calls, self.calls + 1
            call = getattr(self.store, name)
            return self._interrupted(name, call, args, kwargs) if number == self.at else call(*args, **kwargs)

        return counted

    def _interrupted(self, name: str, call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> object:
        self.met = name
        if self.how.endswith("after"):
            call(*args, **kwargs)
        if self.how.startswith("unknown") and name in _COMMITS:
            unknown = Unknown(f"lost {self.how.removeprefix('unknown_')} the commit, as the test wants it")
            return [unknown for _ in args[0]] if name == "commit_many" else unknown
        raise StoreError(f"Interrupted {self.how} {name}, as the test wants it.", reason="interrupted")

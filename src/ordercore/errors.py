"""What can go wrong, as types: stable codes, typed fields, a message made from them, and a hint.

::

    OrdercoreError
    ├── Rejected                 a caller's mistake or a broken rule; nothing was recorded
    │   ├── InvalidCommand       the command itself cannot be right
    │   ├── NotFound             what it names does not exist
    │   ├── Archived             it was taken out of the store; names the segment
    │   ├── Erased               it was erased on request; nobody has it any more
    │   ├── TransitionRefused    not allowed in this state; lists what is
    │   ├── AlreadyExists        the name is taken, or stands for something else
    │   ├── StaleCount           a newer count of the same row stands already
    │   ├── Held                 a named hold blocks it
    │   ├── ExceedsQuantity      more units than there are at that step of the line
    │   ├── Insufficient         not enough stock; names every shortage
    │   ├── Conflict             the caller saw an older version
    │   ├── Mismatch             the idempotency key was used for something else
    │   ├── Refused              a guard plugin said no
    │   ├── InsideTransaction    it needs a transaction of its own, and the host has one open
    │   └── InvalidInput         a document or mapping from outside, with its problems
    ├── StoreError               the store failed, not the caller
    │   ├── StoreBusy            retried until the deadline
    │   ├── RetryTransaction     the host's transaction cannot go on; it must be run again
    │   ├── OutcomeUnknown       connection lost at commit; ask again by command id
    │   ├── Corrupted            a stored row does not read
    │   ├── UnknownEvent         a stored event of another release or a missing plugin
    │   └── SchemaVersion        the file belongs to another release
    ├── BrokenRule               a defect in ordercore or a plugin, found before anything was written
    │   └── InvalidPlan          a sourcing strategy planned what it may not
    ├── ConfigurationError       wiring that cannot work
    │   └── InvalidReport        a report's file, query or chart that cannot be used
    ├── MissingExtra             an optional dependency is not installed; says what to type
    └── AdapterError             a channel, carrier, supplier or notifier could not be used
        ├── AuthenticationFailed
        ├── ProtocolViolation
        ├── NotSupported         it cannot do that; its capabilities say so
        ├── TransientFailure     it certainly did not arrive, and may another time
        │   └── Throttled        too often; says when again
        └── AnswerLost           it may have arrived: find out before it is sent again
"""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import ClassVar, Literal

from ordercore.readable import Cell, Span, Table, as_rich

Field = str | int | bool | None | tuple[str, ...]

DOCS = "docs/reference/errors.md#"

_COMPARED = 100
"""Names that are compared letter by letter: of a large catalog, all of them would take a tenth of a second."""

_WORD_MOST = 64
_LISTED = 16


def did_you_mean(word: str, known: Iterable[str], *, limit: int = 3) -> str:
    """A sentence naming the nearest known words, or an empty string. Words that differ in case alone come first."""
    word, names = word[:_WORD_MOST], list(known)
    folded = word.casefold()
    near = sorted(name for name in names if name.casefold() == folded)[:limit]
    if not near:
        if len(names) > _COMPARED:
            letters = set(word)
            names = heapq.nsmallest(_COMPARED, names, key=lambda name: (len(letters.symmetric_difference(name)), name))
        near = difflib.get_close_matches(word, sorted(names), n=limit, cutoff=0.6)
    return f"Did you mean {' or '.join(repr(name) for name in near)}?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """As `did_you_mean`; where nothing is near, the whole choice if it is short enough to read."""
    names = sorted(known)
    if near := did_you_mean(word, names):
        return near
    return f"One of {', '.join(names)}." if 0 < len(names) <= _LISTED else ""


class OrdercoreError(Exception):
    """Base of everything ordercore raises; `code` is stable and documented, `fields` are its facts."""

    code: ClassVar[str] = "ordercore_error"
    http_status: ClassVar[int] = 500
    usual_hint: ClassVar[str] = ""
    """What to do where whoever raises it knows nothing better."""

    def __init__(self, message: str = "", *, hint: str = "", **fields: Field) -> None:
        """Keep the message, the hint and the typed facts the message was made from."""
        self.message = message or self.code
        self.hint = hint or self.usual_hint
        self.fields: Mapping[str, Field] = fields
        super().__init__(f"{self.message} {self.hint}" if self.hint else self.message)

    def __getattr__(self, name: str) -> Field:
        """Fields are attributes, so that callers never parse text."""
        fields = self.__dict__.get("fields", {})
        if name in fields:
            value: Field = fields[name]
            return value
        raise AttributeError(name)

    def __reduce__(self) -> tuple[object, ...]:
        """Errors travel between processes whole."""
        return _rebuild, (type(self), self.message, self.hint, dict(self.fields), self._extra())

    def _extra(self) -> dict[str, object]:
        return {}

    @property
    def doc(self) -> str:
        """Where this code is documented; for a class of a plugin, where the class it was made from is."""
        ours = (cls for cls in type(self).__mro__ if cls.__module__ == __name__ and issubclass(cls, OrdercoreError))
        return DOCS + next(ours).code

    __rich__ = as_rich

    def tables(self) -> tuple[Table, ...]:
        """Code and message, the facts, the hint, where to read on: what a person at a terminal needs."""
        facts = ", ".join(f"{name}={_told(value)}" for name, value in self.fields.items() if value not in ("", ()))
        lead: tuple[Cell, ...] = (
            (Span("error", "bad"), f" [{self.code}] {self._headline()}"),
            *((Span(f"  {facts}", "dim"),) if facts else ()),
            *(f"  {line}" for line in self._details()),
            *(((Span("  hint:", "strong"), f" {self.hint}"),) if self.hint else ()),
            (Span("  see:", "strong"), f" {self.doc}"),
        )
        return (Table(lead=lead),)

    def _headline(self) -> str:
        return self.message

    def _details(self) -> Iterable[str]:
        return ()

    def as_problem(self) -> dict[str, object]:
        """RFC 9457 problem details; a field never takes the place of one of its standard members."""
        body: dict[str, object] = {"type": self.doc, "title": self.code, "status": self.http_status}
        body["detail"] = self.message
        if self.hint:
            body["hint"] = self.hint
        facts = {name: list(value) if isinstance(value, tuple) else value for name, value in self.fields.items()}
        return facts | body


def _told(value: Field) -> str:
    return "|".join(value) if isinstance(value, tuple) else str(value)


def hinted(error: OrdercoreError, hint: str) -> OrdercoreError:
    """The same error with a hint, unless it has one."""
    if hint and not error.hint:
        error.hint = hint
        error.args = (f"{error.message} {hint}",)
    return error


def _rebuild(
    kind: type[OrdercoreError], message: str, hint: str, fields: dict[str, Field], extra: dict[str, object]
) -> OrdercoreError:
    error = kind.__new__(kind)
    OrdercoreError.__init__(error, message, hint=hint, **fields)
    error.__dict__.update(extra)
    return error


class Rejected(OrdercoreError):
    """A caller's mistake or a broken rule: the command changed nothing."""

    code = "rejected"
    http_status = 422


class At:
    """`with At(path):` every Rejected raised inside says where in the command it was, unless it says so itself."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def __enter__(self) -> None:
        """Nothing."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        """Add the path."""
        if isinstance(error, Rejected):
            at(error, self.path)
        return False


def at(error: Rejected, path: str) -> Rejected:
    """The same error with the path of the field it is about, unless it has one."""
    if not error.fields.get("path"):
        error.fields = {**error.fields, "path": path}
    return error


class InvalidCommand(Rejected):
    """A field of the command cannot be right whatever the state."""

    code = "invalid_command"


class NotFound(Rejected):
    """What the command or read names does not exist."""

    code = "not_found"
    http_status = 404

    @classmethod
    def named(cls, kind: str, name: str, known: Iterable[str] = ()) -> NotFound:
        """No such thing, with the nearest known names, or all of them where they are few and none is near."""
        return cls(f"There is no {kind} {name!r}.", kind=kind, name=name, hint=nearest(name, known))


class Archived(Rejected):
    """It was taken out of the store into an archive; `segment` says where it is, `stream` or `position` what."""

    code = "archived"
    http_status = 410


class Erased(Rejected):
    """What was asked for was personal and has been erased; `kind` says what, `name` of which order or document."""

    code = "erased"
    http_status = 410


class TransitionRefused(Rejected):
    """The state does not allow this; `allowed` lists what it does."""

    code = "transition_refused"
    http_status = 409

    @classmethod
    def of(cls, machine: str, state: str, asked: str, allowed: Iterable[str], needs: str = "") -> TransitionRefused:
        """Refuse `asked` in `state`, naming what is allowed there; `needs` is a sentence on what it takes."""
        names = tuple(sorted(allowed))
        hint = f"Allowed here: {', '.join(names)}." if names else "Nothing is allowed here: the state is final."
        hint = f"{needs} {hint}" if needs else hint
        return cls(
            f"{machine} is {state}: {asked} is not possible.",
            machine=machine, state=state, asked=asked, allowed=names, hint=hint,
        )  # fmt: skip


class AlreadyExists(Rejected):
    """Something with this name is there already, and a second one or another kind of it cannot be."""

    code = "already_exists"
    http_status = 409


class StaleCount(Rejected):
    """A newer count of the same bucket of the same row stands already; `newest` is when that was."""

    code = "stale_count"
    http_status = 409


class Held(Rejected):
    """An open hold blocks this transition."""

    code = "held"
    http_status = 409


class ExceedsQuantity(Rejected):
    """More units asked than stand at that step of the line."""

    code = "exceeds_quantity"
    http_status = 409

    @classmethod
    def of(cls, step: str, line: str, asked: int, there: int, hint: str = "") -> ExceedsQuantity:
        """`asked` units at `step` where only `there` are."""
        if line:
            message = f"Line {line!r}: {asked} asked, {there} {step}."
        else:
            message = f"{asked} asked, {there} {step}." if there else f"Nothing is {step}."
        return cls(message, step=step, line=line, asked=asked, there=there, hint=hint)


class Insufficient(Rejected):
    """Not enough stock; `shortages` names every line, SKU and missing quantity, `found_by` planning or commit."""

    code = "insufficient"
    http_status = 409

    def __init__(self, shortages: Sequence[tuple[str, str, int]], *, found_by: str, hint: str = "") -> None:
        """`shortages` are (line, sku, missing units)."""
        self.shortages = tuple(shortages)
        self.found_by = found_by
        listed = "; ".join(
            f"{sku}: {missing} short" + (f" (line {line})" if line else "") for line, sku, missing in self.shortages
        )
        super().__init__(
            f"Not enough stock: {listed}.",
            found_by=found_by,
            skus=tuple(sku for _, sku, _ in self.shortages),
            hint=hint,
        )

    def as_problem(self) -> dict[str, object]:
        """Problem details with every shortage: its line, SKU and missing units."""
        listed = [{"line": line, "sku": sku, "missing": missing} for line, sku, missing in self.shortages]
        return {**super().as_problem(), "shortages": listed}

    def _extra(self) -> dict[str, object]:
        return {"shortages": self.shortages, "found_by": self.found_by}


class Conflict(Rejected):
    """The caller named a version that is not the newest."""

    code = "conflict"
    http_status = 409


class Mismatch(Rejected):
    """The idempotency key was used before with other content; nothing was written."""

    code = "mismatch"
    http_status = 409


class Refused(Rejected):
    """A guard refused, or failed and so refuses; `plugin` names it."""

    code = "refused"
    http_status = 403


class InsideTransaction(Rejected):
    """It needs transactions of its own, and the host has one open on the connection it lends."""

    code = "inside_transaction"
    http_status = 409
    usual_hint = "Call it after the host's commit, or outside of its transaction."


class InvalidInput(Rejected):
    """Input from outside that cannot become a command; `problems` say where and why."""

    code = "invalid_input"
    http_status = 400

    def __init__(self, problems: Sequence[tuple[str, str, str]], *, hint: str = "") -> None:
        """`problems` are (code, path, message)."""
        self.problems = tuple(problems)
        listed = "; ".join(f"{path}: {message}" for _, path, message in self.problems)
        super().__init__(listed, codes=tuple(code for code, _, _ in self.problems), hint=hint)

    def _headline(self) -> str:
        return f"{len(self.problems)} problems." if len(self.problems) > 1 else self.message

    def _details(self) -> Iterable[str]:
        return [f"{path}: {message}" for _, path, message in self.problems] if len(self.problems) > 1 else ()

    def _extra(self) -> dict[str, object]:
        return {"problems": self.problems}


class StoreError(OrdercoreError):
    """The store failed; the command may be sent again with the same key."""

    code = "store_error"
    http_status = 503


class StoreBusy(StoreError):
    """Other writers held the store until the deadline."""

    code = "store_busy"
    usual_hint = "Send it again with the same key."


class RetryTransaction(StoreError):
    """The host's transaction cannot go on, through no fault of the command: the host rolls back and runs all of it again.

    `reason`: `busy`, `serialization`, `deadlock`, `lock_timeout`, or `ended` where the database has ended it already.
    """

    code = "retry_transaction"
    usual_hint = "Roll back and run the whole transaction again; commands in it keep their keys."


class OutcomeUnknown(StoreError):
    """Whether the commit took place is not known: ask `outcome(command_id)` before anything is sent again."""

    code = "outcome_unknown"
    usual_hint = "Send it again with the same key: it is done once, whatever became of the first attempt."


class Corrupted(StoreError):
    """A stored row does not read; `position` names it."""

    code = "corrupted"
    usual_hint = "Restore a backup; `kernel.verify()` lists every damaged row."


class UnknownEvent(StoreError):
    """A stored event has a name or version that neither this release nor its plugins know; it is never skipped."""

    code = "unknown_event"


class SchemaVersion(StoreError):
    """The stored schema belongs to another release."""

    code = "schema_version"


class BrokenRule(OrdercoreError):
    """An identity or contract does not hold: a defect, found before anything was written."""

    code = "broken_rule"


class InvalidPlan(BrokenRule):
    """A strategy planned what it may not; `strategy`, `line`, `sku`, `place` and the figures say what."""

    code = "invalid_plan"


class ConfigurationError(OrdercoreError):
    """The kernel cannot be wired like this."""

    code = "configuration_error"


class InvalidReport(ConfigurationError):
    """A report cannot be used; `path` and `line` (0: not known) say where in its file, `report` which."""

    code = "invalid_report"


class MissingExtra(OrdercoreError):
    """An optional dependency is not installed."""

    code = "missing_extra"

    @classmethod
    def of(cls, extra: str, needed_for: str) -> MissingExtra:
        """Say what to type."""
        return cls(
            f"{needed_for} needs the extra [{extra}].", extra=extra, hint=f'Type: pip install "ordercore[{extra}]"'
        )


class AdapterError(OrdercoreError):
    """A channel, carrier or supplier could not be used."""

    code = "adapter_error"
    http_status = 502


class AuthenticationFailed(AdapterError):
    """The sender of a transmission is not who it says, or cannot be checked."""

    code = "authentication_failed"
    http_status = 401


class ProtocolViolation(AdapterError):
    """Not even one message of the transmission can be delimited."""

    code = "protocol_violation"
    http_status = 400


class NotSupported(AdapterError):
    """The adapter cannot do this; `capability` is what its capabilities lack."""

    code = "not_supported"
    http_status = 501


class TransientFailure(AdapterError):
    """It certainly did not arrive, or was refused for a reason that passes; `retry_after_seconds` if one was named."""

    code = "transient_failure"
    http_status = 503


class Throttled(TransientFailure):
    """Too many requests; `retry_after_seconds` says when again."""

    code = "throttled"
    http_status = 429


class AnswerLost(AdapterError):
    """It was sent and no answer came: whether it took effect must be found out before it is sent again."""

    code = "answer_lost"

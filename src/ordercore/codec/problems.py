"""The errors of a cattrs converter with detailed validation: collected, and told as problems with paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)

from ordercore.codec.leaves import Unfit
from ordercore.codec.shape import members_of
from ordercore.codec.strict_json import MAX_PROBLEMS, Path, Problems
from ordercore.errors import ConfigurationError, Rejected, did_you_mean


class Items(IterableValidationError):
    """Items were refused; of `left_out` more only the number is kept."""

    left_out = 0


def collect(entries: Iterable[tuple[int | str, Callable[..., object], object]]) -> list[object]:
    """Every item (index, hook, value) through its hook, and what is refused in one error.

    cattrs' own hooks keep every error there is, which a hostile document has millions of.
    """
    done: list[object] = []
    errors: list[Exception] = []
    noted = left_out = 0
    for index, hook, value in entries:
        try:
            done.append(hook(value, None))
        except Exception as error:  # noqa: BLE001  # whatever a class raises
            number = _number(error)
            if noted >= MAX_PROBLEMS:
                left_out += number
                continue
            noted += number
            error.add_note(IterableValidationNote("", index, object))
            errors.append(error)
    if errors:
        refused = Items("Items were refused", errors, list)
        refused.left_out = left_out
        raise refused
    return done


def _number(error: BaseException) -> int:
    match error:
        case BaseValidationError():
            return sum(map(_number, error.exceptions)) + getattr(error, "left_out", 0)
        case ForbiddenExtraKeysError():
            return len(error.extra_fields)
        case _:
            return 1


def tell(error: BaseException, path: Path, problems: Problems) -> None:
    """Add everything that this error stands for."""
    match error:
        case BaseValidationError():
            for inner in error.exceptions:
                tell(inner, _below(path, inner, error.cl), problems)
            problems.left_out += getattr(error, "left_out", 0)
        case ForbiddenExtraKeysError():
            known = [member.key for member in members_of(error.cl)]
            for key in sorted(str(key)[:64] for key in error.extra_fields):
                # Near names take their time.
                near = "" if problems.full else did_you_mean(key, known)
                problems.add("unknown_field", (path, key), f"There is no such field. {near}".rstrip())
        case KeyError() if hasattr(error, "__notes__"):  # without a note it comes from the class
            problems.add("missing_field", path, "Required.")
        case Unfit():
            problems.add(error.code, path, str(error))
        case Rejected() | ConfigurationError():
            problems.add(error.code, path, f"{error.message} {error.hint}".rstrip())
        case _:
            # Such a message may quote the value.
            problems.add("refused", path, f"Nothing can be made of this ({type(error).__name__}).")


def _below(path: Path, error: BaseException, cls: type) -> Path:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, IterableValidationNote):
            return (path, note.index)
        if isinstance(note, AttributeValidationNote):
            return (path, next(member.key for member in members_of(cls) if member.name == note.name))
    return path

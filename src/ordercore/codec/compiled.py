"""Functions between objects and JSON values, compiled once per class: what every commit and every read goes through.

A generic converter spends most of its time finding out what it has in front of it. Types are known, so
the code for each class is written out: the check of a leaf is one comparison of classes, a NamedTuple is an array
without field names and without its trailing defaults, a field at its default is left out. Keys are written in
alphabetical order, so that the order of fields in a class is no part of what is stored or of a fingerprint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, Final

from ordercore.codec.leaves import READERS, WRITERS, broken, corrupted
from ordercore.codec.shape import (
    DECIMAL,
    FRACTION,
    LEAF_TYPES,
    NONE,
    Choice,
    Fixed,
    Many,
    Member,
    Record,
    Scalar,
    Shape,
    Table,
    Union,
    json_kind,
    members_of,
)

Lines = list[str]
Names = dict[str, Any]
MISSING: Final = object()
TAG: Final = "$type"
"""Where a record of a union says which one it is; no field can have this name."""
EXACT_IN_UNION: Final = (DECIMAL, FRACTION)
"""In a union these are an object with one key, such as {"decimal": "1.5"}, so that text stays text."""
_PYTHON_OF: Final[Mapping[str, str]] = {
    "null": "None", "boolean": "bool", "integer": "int", "string": "str", "array": "list", "object": "dict",
}  # fmt: skip


def _indent(lines: Sequence[str]) -> Lines:
    return ["    " + line for line in lines]


class _Compiler:
    """Writes one function per record and direction into one namespace; they call each other by name.

    So that a class may contain itself, a function gets its name before it is written.
    """

    prefix = ""
    rows_as_arrays = True

    def __init__(self) -> None:
        self.names: Names = {"broken": broken, "corrupted": corrupted, "MISSING": MISSING}
        self.functions: dict[type[object], str] = {}
        self.fresh = 0
        self.inlined: set[type[object]] = set()
        self.lock = Lock()

    def name(self, value: object, stem: str = "k") -> str:
        """A new name for a constant."""
        self.fresh += 1
        name = f"{stem}{self.fresh}"
        self.names[name] = value
        return name

    def variable(self) -> str:
        """A new local variable."""
        self.fresh += 1
        return f"v{self.fresh}"

    def function(self, cls: type[object]) -> str:
        """The name of the function for a record, written if it is new."""
        if cls not in self.functions:
            self.fresh += 1
            name = self.functions[cls] = f"{self.prefix}_{cls.__name__}_{self.fresh}"
            source = "\n".join([f"def {name}(value):", *_indent(self.body(cls))])
            # Nothing but names of fields and classes, which are identifiers, enters the source.
            exec(compile(source, f"<ordercore {name}>", "exec"), self.names)  # noqa: S102
        return self.functions[cls]

    def of(self, cls: type[object]) -> Callable[[Any], Any]:
        """The function for a record."""
        with self.lock:  # a name is given out before its function is there
            function: Callable[[Any], Any] = self.names[self.function(cls)]
        return function

    def is_row(self, cls: type[object]) -> bool:
        """Whether this record is written as an array."""
        return self.rows_as_arrays and issubclass(cls, tuple)

    def body(self, cls: type[object]) -> Lines:
        """The statements of the function of a record."""
        raise NotImplementedError

    def convert(self, shape: Shape, x: str, where: str) -> Lines:
        """Statements that replace the variable `x` by its other form."""
        raise NotImplementedError

    def loop(self, shape: Shape, x: str, where: str, source: str, make: str) -> Lines:
        """Convert every item of `source` into a list, and `x` into `make` of it."""
        done, item = self.variable(), self.variable()
        lines = self.convert(shape, item, where)
        if not lines:
            return [f"{x} = {make.format(source)}"]
        body = [f"for {item} in {source}:", *_indent([*lines, f"{done}.append({item})"])]
        return [f"{done} = []", *body, f"{x} = {done if make == 'list({})' else make.format(done)}"]

    def row(self, cls: type[object], x: str) -> Lines:
        """Statements that replace a NamedTuple by its array, or back."""
        raise NotImplementedError

    def record(self, shape: Record, x: str) -> Lines:
        """A call for a record; a row is written out in place, unless it stands in itself."""
        cls = shape.cls
        if not self.is_row(cls) or cls in self.inlined:
            return [f"{x} = {self.function(cls)}({x})"]
        self.inlined.add(cls)
        lines = self.row(cls, x)
        self.inlined.discard(cls)
        return lines

    def each(self, shapes: Sequence[Shape], wheres: Sequence[str]) -> tuple[list[str], Lines]:
        """A variable for each shape, and the statements that convert them all."""
        variables = [self.variable() for _ in shapes]
        lines: Lines = []
        for shape, x, where in zip(shapes, variables, wheres, strict=True):
            lines += self.convert(shape, x, where)
        return variables, lines


def _is_plain(shape: Shape) -> bool:
    """Whether JSON has it as it is, so that it has only to be checked."""
    return isinstance(shape, Scalar) and shape.leaf in ("str", "int", "bool")


def _tuple(items: Sequence[str]) -> str:
    return "(" + "".join(f"{item}, " for item in items) + ")"


def _branches(cases: Sequence[tuple[str, Lines]], otherwise: str) -> Lines:
    lines: Lines = []
    for n, (test, body) in enumerate(cases):
        lines += [f"{'el' if n else ''}if {test}:", *_indent(body or ["pass"])]
    return [*lines, "else:", f"    {otherwise}"]


class Writer(_Compiler):
    """Objects to JSON values. The functions raise BrokenRule for a value that is not of its declared type."""

    prefix = "write"

    def body(self, cls: type[object]) -> Lines:
        """The whole of a record."""
        members = members_of(cls)
        lines = [f"if value.__class__ is not {self.name(cls)}:", f"    broken({cls.__name__!r}, value, 'itself')"]
        if self.is_row(cls):
            return [*lines, *self.row(cls, "value"), "return value"]
        lines.append("fields = {}")
        for member in sorted(members, key=lambda member: member.key):
            lines += self.member(cls, member)
        return [*lines, "return fields"]

    def member(self, cls: type[object], member: Member) -> Lines:
        x = self.variable()
        check, convert = self.checked(member, x, f"{cls.__name__}.{member.name}")
        differs = "" if member.required else self.differs(member, x)
        if isinstance(member.shape, Record) and not member.required and not self.is_row(member.shape.cls):
            # Written forms compare faster than records do.
            default = self.names[self.function(member.shape.cls)](member.fresh_default())
            check, convert, differs = convert, [], f"{x} != {self.name(default)}"
        store = [*convert, f"fields[{member.key!r}] = {x}"]
        return [f"{x} = value.{member.name}", *check, *([f"if {differs}:", *_indent(store)] if differs else store)]

    def checked(self, member: Member, x: str, where: str) -> tuple[Lines, Lines]:
        """What is done to a field in any case, and what only if it is not at its default.

        A plain leaf is checked even at its default: 0.0 is equal to 0, and yet a float.
        """
        lines = self.convert(member.shape, x, where)
        return (lines, []) if _is_plain(member.shape) else ([], lines)

    def differs(self, member: Member, x: str) -> str:
        """The test whether a field is not at its default, as cheap as its type allows."""
        default = member.fresh_default()
        if default is None or default is True or default is False:
            return f"{x} is not {default}"
        if _is_plain(member.shape) and not default:
            return x
        if isinstance(member.shape, Many | Table) and not default:
            # A list given for a tuple is no different when it is empty.
            return f"{x} is None or len({x})"
        constant = self.name(default)
        # 1 == True == Decimal(1), which are not the same when written.
        loose = isinstance(member.shape, Union)
        return f"{x} != {constant}" + (f" or {x}.__class__ is not {constant}.__class__" if loose else "")

    def row(self, cls: type[object], x: str) -> Lines:
        """A NamedTuple to a tuple, without trailing defaults."""
        members = members_of(cls)
        variables = [self.variable() for _ in members]
        checks: Lines = []
        conversions: Lines = []
        for member, variable in zip(members, variables, strict=True):
            check, convert = self.checked(member, variable, f"{cls.__name__}.{member.name}")
            checks += check
            conversions += convert
        lines = [f"{_tuple(variables)[1:-1]}= {x}", *checks]
        least = max((n + 1 for n, member in enumerate(members) if member.required), default=0)
        if least == len(members):
            return [*lines, *conversions, f"{x} = {_tuple(variables)}"]
        # How much is left out has to be decided before a default is replaced by its JSON value.
        kept, lengths = self.variable(), range(len(members), least, -1)
        longer = [(self.differs(members[n - 1], variables[n - 1]), [f"{kept} = {n}"]) for n in lengths]
        decide = _branches(longer, f"{kept} = {least}")
        tuples = [(f"{kept} == {n}", [f"{x} = {_tuple(variables[:n])}"]) for n in range(least, len(members))]
        return [*lines, *decide, *conversions, *_branches(tuples, f"{x} = {_tuple(variables)}")]

    def convert(self, shape: Shape, x: str, where: str) -> Lines:
        """Statements that replace `x` by its JSON value."""
        match shape:
            case Scalar(leaf):
                return self.leaf(leaf, x, where)
            case Choice(values, enum):
                if enum is not None:
                    bad = f"if {x}.__class__ is not {self.name(enum)}: broken({where!r}, {x}, {enum.__name__!r})"
                    return [bad, f"{x} = {x}.value"]
                known, kind = self.name(frozenset(values)), "str" if json_kind(shape) == "string" else "int"
                return [f"if {x}.__class__ is not {kind} or {x} not in {known}: broken({where!r}, {x}, 'a choice')"]
            case Many(item, kind):
                refuse = [f"if {x}.__class__ is str: broken({where!r}, {x}, 'a sequence')"]
                if kind is frozenset:
                    return [*refuse, *self.loop(item, x, where, x, "sorted({})")]
                return [*refuse, *self.loop(item, x, where, x, "list({})")]
            case Fixed(items):
                variables, lines = self.each(items, [where] * len(items))
                unpack = f"{_tuple(variables)[1:-1]}= {x}" if items else f"() = {x}"
                return [unpack, *lines, f"{x} = [{', '.join(variables)}]"]
            case Table(value):
                return self.table(value, x, where)
            case Record():
                return self.record(shape, x)
            case Union():
                return self.union(shape, x, where)

    def leaf(self, leaf: Any, x: str, where: str) -> Lines:
        if leaf == "none":
            return [f"if {x} is not None: broken({where!r}, {x}, 'None')"]
        call = f"{self.name(WRITERS[leaf])}({x}, {where!r})"
        if leaf in ("str", "int", "bool"):
            return [f"if {x}.__class__ is not {leaf}: {x} = {call}"]
        return [f"{x} = {call}"]

    def table(self, value: Shape, x: str, where: str) -> Lines:
        done, key, item = self.variable(), self.variable(), self.variable()
        body = [
            *self.convert(Scalar("str"), key, where),
            *self.convert(value, item, where),
            f"{done}[{key}] = {item}",
        ]
        return [f"{done} = {{}}", f"for {key}, {item} in sorted({x}.items()):", *_indent(body), f"{x} = {done}"]

    def union(self, shape: Union, x: str, where: str) -> Lines:
        cases = [(self.is_of(member, x), self.within_union(member, shape, x, where)) for member in shape.members]
        # None first: most unions are something or nothing.
        cases.sort(key=lambda case: " is None" not in case[0])
        return _branches(cases, f"broken({where!r}, {x}, 'of its type')")

    def within_union(self, member: Shape, union: Union, x: str, where: str) -> Lines:
        if _is_plain(member) or member == NONE:
            return []  # the test for the member was the check
        lines = self.convert(member, x, where)
        if isinstance(member, Scalar) and member in EXACT_IN_UNION:
            lines.append(f"{x} = {{{member.leaf!r}: {x}}}")
        if union.tagged and isinstance(member, Record):
            lines.append(f"{x}[{TAG!r}] = {member.cls.__name__!r}")
        return lines

    def is_of(self, member: Shape, x: str) -> str:
        """The test whether `x` is of this member of a union."""
        match member:
            case Scalar("none"):
                return f"{x} is None"
            case Scalar("date"):
                return f"{x}.__class__ is {self.name(LEAF_TYPES['date'])}"
            case Scalar("str" | "int" | "bool" as leaf):
                return f"{x}.__class__ is {leaf}"
            case Scalar(leaf):
                return f"isinstance({x}, {self.name(LEAF_TYPES[leaf])})"
            case Record(cls):
                return f"{x}.__class__ is {self.name(cls)}"
            case Choice(values, enum):
                return f"{x}.__class__ is {self.name(enum or type(next(iter(values))))}"
            case Table():
                return f"isinstance({x}, {self.name(Mapping)})"
            case Many(_, kind) if kind is frozenset:
                return f"isinstance({x}, {self.name((frozenset, set))})"
            case _:
                return f"isinstance({x}, (tuple, list))"


class Reader(_Compiler):
    """JSON values to objects. The functions raise Corrupted for a stored value that is not of its declared type."""

    prefix = "read"

    def body(self, cls: type[object]) -> Lines:
        """The whole of a record."""
        if self.is_row(cls):
            return [*self.row(cls, "value"), "return value"]
        members = members_of(cls)
        lines = [f"if value.__class__ is not dict: corrupted({cls.__name__!r}, value, 'an object')"]
        variables = [self.variable() for _ in members]
        lines.append(f"count = {sum(member.required for member in members)}")
        for member, x in zip(members, variables, strict=True):
            lines += self.member(cls, member, x)
        allowed = self.name(frozenset(member.key for member in members))
        lines.append(f"if count != len(value): {self.name(_unknown)}({cls.__name__!r}, value, {allowed})")
        positional = [x for member, x in zip(members, variables, strict=True) if not member.keyword_only]
        keywords = [f"{m.key}={x}" for m, x in zip(members, variables, strict=True) if m.keyword_only]
        return [*lines, f"return {self.name(cls)}({', '.join([*positional, *keywords])})"]

    def member(self, cls: type[object], member: Member, x: str) -> Lines:
        where = f"{cls.__name__}.{member.name}"
        lines = self.convert(member.shape, x, where)
        if member.required:
            return [f"{x} = value[{member.key!r}]", *lines]
        default = f"{self.name(member.make_default)}()" if member.make_default else self.name(member.default)
        return [
            f"{x} = value.get({member.key!r}, MISSING)",
            f"if {x} is MISSING:",
            f"    {x} = {default}",
            "else:",
            *_indent(["count += 1", *lines]),
        ]

    def row(self, cls: type[object], x: str) -> Lines:
        """An array to a NamedTuple; what is missing at its end is at its default."""
        members = members_of(cls)
        name = cls.__name__
        lines = [f"if {x}.__class__ is not list: corrupted({name!r}, {x}, 'an array')"]
        if not members[-1].required:
            # A required field that is missing is no value of any type, so its check refuses it.
            padding = [MISSING if member.required else member.default for member in members]
            spare = self.name(padding)
            lines.append(f"if len({x}) < {len(members)}: {x} = {x} + {spare}[len({x}):]")
        variables: list[str] = []
        checks: Lines = []
        for member in members:
            variable = self.variable()
            variables.append(variable)
            convert = self.convert(member.shape, variable, f"{name}.{member.name}")
            if not member.required and convert:
                default = self.name(member.default)
                convert = (
                    convert if _is_plain(member.shape) else [f"if {variable} is not {default}:", *_indent(convert)]
                )
            checks += convert
        lines.append(f"{_tuple(variables)[1:-1]}= {x}")
        # The constructor of a NamedTuple is a Python function around this.
        return [*lines, *checks, f"{x} = {self.name(tuple.__new__)}({self.name(cls)}, {_tuple(variables)})"]

    def convert(self, shape: Shape, x: str, where: str) -> Lines:
        """Statements that replace the JSON value `x` by what it means."""
        match shape:
            case Scalar("none"):
                return [f"if {x} is not None: corrupted({where!r}, {x}, 'null')"]
            case Scalar("str" | "int" | "bool" as leaf):
                return [f"if {x}.__class__ is not {leaf}: {self.name(READERS[leaf])}({x}, {where!r})"]
            case Scalar(leaf):
                return [f"{x} = {self.name(READERS[leaf])}({x}, {where!r})"]
            case Choice(values):
                kind = "str" if json_kind(shape) == "string" else "int"
                bad = f"corrupted({where!r}, {x}, 'a choice')"
                table = self.name(dict(values))
                return [
                    f"if {x}.__class__ is not {kind} or {x} not in {table}: {bad}",
                    f"{x} = {table}[{x}]",
                ]
            case Many(item, kind):
                refuse = f"if {x}.__class__ is not list: corrupted({where!r}, {x}, 'an array')"
                return [refuse, *self.loop(item, x, where, x, f"{kind.__name__}({{}})")]
            case Fixed(items):
                variables, lines = self.each(items, [where] * len(items))
                refuse = f"if {x}.__class__ is not list: corrupted({where!r}, {x}, 'an array')"
                unpack = f"{_tuple(variables)[1:-1]}= {x}" if items else f"() = {x}"
                return [refuse, unpack, *lines, f"{x} = {_tuple(variables)}"]
            case Table(value):
                return self.table(value, x, where)
            case Record():
                return self.record(shape, x)
            case Union():
                return self.union(shape, x, where)

    def table(self, value: Shape, x: str, where: str) -> Lines:
        refuse = f"if {x}.__class__ is not dict: corrupted({where!r}, {x}, 'an object')"
        key, item = self.variable(), self.variable()
        lines = self.convert(value, item, where)
        if not lines:
            return [refuse]
        return [refuse, f"for {key}, {item} in {x}.items():", *_indent([*lines, f"{x}[{key}] = {item}"])]

    def union(self, shape: Union, x: str, where: str) -> Lines:
        cases: list[tuple[str, Lines]] = []
        for member in shape.members:
            if isinstance(member, Record) and not member.is_row and shape.tagged:
                test = f"{x}.__class__ is dict and {x}.get({TAG!r}) == {member.cls.__name__!r}"
                drop = f"{x} = {{k: v for k, v in {x}.items() if k != {TAG!r}}}"
                cases.append((test, [drop, *self.convert(member, x, where)]))
            elif isinstance(member, Scalar) and member in EXACT_IN_UNION:
                test = f"{x}.__class__ is dict and len({x}) == 1 and {member.leaf!r} in {x}"
                cases.insert(0, (test, [f"{x} = {x}[{member.leaf!r}]", *self.convert(member, x, where)]))
            elif member == NONE:
                cases.insert(0, (f"{x} is None", []))
            elif _is_plain(member):
                cases.append((f"{x}.__class__ is {_PYTHON_OF[json_kind(member)]}", []))
            else:
                cases.append((f"{x}.__class__ is {_PYTHON_OF[json_kind(member)]}", self.convert(member, x, where)))
        return _branches(cases, f"corrupted({where!r}, {x}, 'of its type')")


def _unknown(name: str, value: Mapping[str, object], allowed: frozenset[str]) -> None:
    extra = sorted(set(value) - allowed)
    corrupted(f"{name}.{extra[0]}" if extra else name, value, "a field of this release")

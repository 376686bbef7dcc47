import json
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from fractions import Fraction
from typing import Literal, NamedTuple, Optional

import pytest
from attrs import field, frozen
from hypothesis import given

from ordercore.codec import Codec, dump, load
from ordercore.codec.text import fast, plain
from ordercore.errors import BrokenRule, ConfigurationError, Corrupted, UnknownEvent
from ordercore.message import Command, DocumentType, Event, EventType
from ordercore.testing.instances import instances_of
from ordercore.values import Attributes, Money, Price, Sku, units_of

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Row(NamedTuple):
    sku: Sku
    quantity: int
    lot: str = ""
    expires: date | None = None
    money: Money = Money(1, "EUR")
    flag: bool = True


class Inner(NamedTuple):
    row: Row
    rows: tuple[Row, ...] = ()


@frozen
class Tree:
    name: str
    branches: tuple["Tree", ...] = ()


@frozen
class Everything(Event):
    text: str
    number: int
    truth: bool
    sku: Sku
    at: datetime
    day: date
    exact: Decimal
    ratio: Fraction
    raw: bytes
    color: Color
    word: Literal["a", "b"]
    digit: Literal[1, 2]
    maybe: Optional[int]  # noqa: UP045  # both spellings
    rows: tuple[Row, ...]
    inner: Inner
    pair: tuple[int, str]
    words: frozenset[str]
    attributes: Attributes
    amount: str | Decimal | Money | Price | None
    unit: str | Fraction
    tree: Tree
    sequence: Sequence[int]
    either: Row | None
    text_default: str = "x"
    number_default: int = 7
    truth_default: bool = False
    none_default: str | None = None
    rows_default: tuple[Row, ...] = ()
    steps: tuple[str, ...] = ("ship",)
    union_default: str | int | bool | Decimal = 1
    mapping: Mapping[str, int] = field(factory=dict)
    _private: int = 0
    named: int = field(default=0, kw_only=True)
    derived: int = field(init=False, default=3)


@frozen
class Small(Event):
    number: int = 0
    attributes: Attributes = field(factory=dict)
    rows: tuple[Row, ...] = ()


@frozen
class Wish(Command[None]):
    name: str
    rows: tuple[Row, ...] = ()
    attributes: Attributes = field(factory=dict)


@frozen
class WishWithMore(Command[None]):
    added: str = ""
    name: str = field(kw_only=True)
    rows: tuple[Row, ...] = ()
    attributes: Attributes = field(factory=dict)


WishWithMore.__name__ = Wish.__name__  # which it is in a later release


TEXTS = [fast(), plain()]


def codec(text=None):
    made = Codec(text or plain())
    made.register(EventType("test.everything", 1, Everything), EventType("test.small", 1, Small))
    made.register(DocumentType("test.tree", Tree), DocumentType("test.row", Row))
    return made


@pytest.fixture(params=TEXTS, ids=lambda text: text.name)
def each(request):
    return codec(request.param)


@given(instances_of(Everything))
def test_an_event_is_read_as_it_was_written_with_either_library(event):
    written = {codec(text).dump_events((event,)) for text in TEXTS}
    assert len(written) == 1, "the libraries do not agree"
    for text in TEXTS:
        assert codec(text).load_events(*written) == (event,)


@given(instances_of(Everything))
def test_the_edge_takes_back_what_it_gave(event):
    given = dump(event)
    assert load(Everything, given) == event
    assert load(Everything, json.loads(json.dumps(given))) == event


@given(instances_of(Tree), instances_of(Row))
def test_a_document_is_read_as_it_was_written(tree, row):
    for body in (tree, row):
        assert codec().load_document(codec().dump_document(body)) == body


def test_every_character_is_written_the_same_by_either_library():
    every = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000, 1 if __debug__ else 17)]))
    first, second = (text.encode([every]) for text in TEXTS)
    assert first == second


def test_a_field_at_its_default_is_left_out(each):
    assert each.dump_events([Small()]) == '[["test.small",1,{}]]'


def test_a_row_is_an_array_without_its_trailing_defaults(each):
    rows = (Row(Sku("A"), 1), Row(Sku("B"), 2, "L1"), Row(Sku("C"), 3, flag=False))
    assert each.dump_events([Small(rows=rows)]) == (
        '[["test.small",1,{"rows":[["A",1],["B",2,"L1"],["C",3,"",null,{"amount":1,"currency":"EUR"},false]]}]]'
    )


def test_an_int_of_any_size_stays_exact(each):
    stored = each.dump_events([Small(2**70), Small(-(2**63) - 1)])
    assert each.load_events(stored) == (Small(2**70), Small(-(2**63) - 1))


def test_an_instant_is_written_in_utc(each):
    east = AT.astimezone(timezone(timedelta(hours=8)))
    assert write(each, Everything, at=east) == write(each, Everything, at=AT)
    assert '"at":"2026-01-05T09:00:00Z"' in write(each, Everything, at=AT)


def test_a_decimal_among_attributes_stays_a_decimal(each):
    event = Small(attributes={"a": "1.50", "b": Decimal("1.50"), "c": 1, "d": True})
    stored = each.dump_events([event])
    assert '{"a":"1.50","b":{"decimal":"1.50"},"c":1,"d":true}' in stored
    assert [type(value) for value in each.load_events(stored)[0].attributes.values()] == [str, Decimal, int, bool]


SOMETHING = {
    "text": "", "number": 1, "truth": True, "sku": "A", "at": AT, "day": AT.date(), "exact": Decimal(1),
    "ratio": Fraction(1, 2), "raw": b"", "color": Color.RED, "word": "a", "digit": 1, "maybe": None, "rows": (),
    "inner": Inner(Row(Sku("A"), 1)), "pair": (1, "a"), "words": frozenset(), "attributes": {}, "amount": None,
    "unit": "", "tree": Tree("t"), "sequence": (), "either": None,
}  # fmt: skip


def write(each, cls, **fields):
    return each.dump_events([cls(**{**(SOMETHING if cls is Everything else {}), **fields})])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", 1.0),
        ("number", True),
        ("number", "1"),
        ("number", None),
        pytest.param("number", 10**5000, id="giant"),
        ("number_default", 7.0),
        ("named", 0.0),
        ("named", False),
        ("text", None),
        ("text", 1.5),
        ("text", "\ud800"),
        ("truth", 1),
        ("truth_default", 0),
        ("at", datetime(2026, 1, 5)),  # noqa: DTZ001
        ("at", "2026-01-05"),
        ("day", AT),
        ("exact", 1.5),
        ("exact", Decimal("NaN")),
        ("exact", Decimal("1E+5000")),
        ("ratio", 0.5),
        ("raw", "text"),
        ("color", "red"),
        ("word", "c"),
        ("digit", 1.0),
        ("digit", True),
        ("maybe", 0.5),
        ("rows", (Row(Sku("A"), 1.5),)),
        ("rows", (Row(Sku("A"), 1, "", None, Money(1.5, "EUR")),)),
        ("rows", (("A",),)),
        ("rows", 3),
        ("rows", "text"),
        ("rows", None),
        ("pair", (1,)),
        ("words", frozenset([1])),
        ("attributes", {"a": 1.5}),
        ("attributes", {"a": None}),
        ("attributes", {1: "a"}),
        ("attributes", None),
        ("amount", 1),
        ("tree", Money(1, "EUR")),
        ("tree", None),
        ("union_default", 1.0),
    ],
)
def test_a_value_that_is_not_of_its_type_is_never_written(each, name, value):
    with pytest.raises(BrokenRule):
        write(each, Everything, **{name: value})


def test_a_broken_value_is_not_quoted(each):
    with pytest.raises(BrokenRule) as caught:
        write(each, Everything, number="Jane Doe")
    assert "Jane" not in str(caught.value)
    assert caught.value.where == "Everything.number"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "3",
        "{}",
        "[1]",
        "[[]]",
        "[[1,1,{}]]",
        '[["test.small"]]',
        '[["test.small",1,[]]]',
        '[["test.small",1,{"unknown":1}]]',
        '[["test.small",1,{"number":"1"}]]',
        '[["test.small",1,{"number":true}]]',
        '[["test.small",1,{"number":1.0}]]',
        '[["test.small",1,{"number":null}]]',
        '[["test.small",1,{"attributes":[]}]]',
        '[["test.small",1,{"attributes":{"a":{"decimal":"1E+9"}}}]]',
        '[["test.small",1,{"attributes":{"a":{"decimal":"NaN"}}}]]',
        '[["test.small",1,{"attributes":{"a":"\\ud800"}}]]',
        '[["test.small",1,{"rows":[["A"]]}]]',
        '[["test.small",1,{"rows":[["A",1,"",null,{"amount":1,"currency":"EUR"},true,1]]}]]',
        '[["test.small",1,{"rows":[["A",1,"","yesterday"]]}]]',
        '[["test.small",1,{"rows":{}}]]',
        '[["test.everything",1,{}]]',
        "[" * 100_000,
    ],
)
def test_a_stored_text_that_does_not_read_is_an_error_of_the_store(each, text):
    with pytest.raises((Corrupted, UnknownEvent)):
        each.load_events(text)


@pytest.mark.parametrize("text", ["", "[]", "{}", '["nothing",{}]', '["test.tree",{}]', '["test.tree"]', "[1,{}]"])
def test_a_stored_document_that_does_not_read_is_an_error_of_the_store(each, text):
    with pytest.raises(Corrupted):
        each.load_document(text)


def test_an_unknown_event_is_never_skipped_and_near_names_are_told(each):
    with pytest.raises(UnknownEvent, match=r"Did you mean 'test\.small'") as caught:
        each.load_events('[["test.smal",1,{}]]')
    assert caught.value.code == "unknown_event"


@pytest.mark.parametrize("version", ["2", "0", "-1", "true", '"1"', "null"])
def test_an_unknown_version_is_never_read(each, version):
    with pytest.raises(UnknownEvent):
        each.load_events(f'[["test.small",{version},{{}}]]')


def test_old_versions_are_read_through_their_upcasters():
    made = Codec(plain())
    made.register(
        EventType(
            "test.small", 3, Small,
            {1: lambda old: {"count": old["n"]}, 2: lambda old: {"number": old["count"] * 10}},
        )
    )  # fmt: skip
    assert made.load_events('[["test.small",1,{"n":2}],["test.small",2,{"count":3}],["test.small",3,{}]]') == (
        Small(20),
        Small(30),
        Small(),
    )


def test_every_older_version_needs_an_upcaster():
    with pytest.raises(ConfigurationError):
        Codec(plain()).register(EventType("test.small", 3, Small, {2: dict}))


def test_a_stored_name_stands_for_one_class():
    made = codec()
    made.register(EventType("test.small", 1, Small))
    with pytest.raises(ConfigurationError):
        made.register(EventType("test.small", 1, Everything))
    with pytest.raises(ConfigurationError):
        made.register(EventType("test.other", 1, Small))


def test_what_is_not_registered_is_not_written():
    with pytest.raises(BrokenRule, match="Small is not a registered event"):
        Codec(plain()).dump_events([Small()])
    with pytest.raises(BrokenRule, match="not a registered document"):
        codec().dump_document(Small())
    with pytest.raises(BrokenRule, match="not a registered event"):
        codec().dump_events([Tree("a")])


@given(instances_of(Wish), instances_of(Wish))
def test_a_fingerprint_tells_commands_apart_and_does_not_depend_on_the_library(one, other):
    prints = [[codec(text).fingerprint(wish) for wish in (one, other)] for text in TEXTS]
    assert prints[0] == prints[1]
    assert (prints[0][0] == prints[0][1]) is (one == other)


def test_a_fingerprint_is_the_same_in_every_process_and_release():
    wish = Wish("a", (Row(Sku("A"), 1),), {"b": True, "a": Decimal("1.5")})
    assert codec().fingerprint(wish).hex() == "31d0b9142ac40224a110a79d29bfe8c1a5"


def test_a_new_optional_field_leaves_the_fingerprint_alone():
    old, new = Wish("a", (Row(Sku("A"), 1),)), WishWithMore(name="a", rows=(Row(Sku("A"), 1),))
    assert codec().fingerprint(old) == codec().fingerprint(new)


def test_a_fingerprint_does_not_depend_on_the_order_of_keys():
    assert codec().fingerprint(Wish("a", attributes={"x": 1, "y": 2})) == codec().fingerprint(
        Wish("a", attributes={"y": 2, "x": 1})
    )


def test_a_number_is_not_the_text_or_the_truth_it_looks_like():
    made = codec()
    values = [1, "1", True, Decimal(1)]
    assert len({made.fingerprint(Wish("a", attributes={"x": value})) for value in values}) == len(values)


def test_threads_may_share_a_codec_from_its_first_use():
    for _ in range(20):

        class Part(NamedTuple):
            number: int
            parts: tuple["Part", ...] = ()

        Part.__annotations__["parts"] = tuple[Part, ...]

        @frozen
        class New(Event):
            part: Part
            tree: Tree

        event, made = New(Part(1, (Part(2),)), Tree("a", (Tree("b"),))), codec()
        made.register(EventType("test.new", 1, New))
        barrier = threading.Barrier(4)

        def use(_, made=made, barrier=barrier, event=event):
            barrier.wait()
            return made.load_events(made.dump_events([event]))

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(use, range(4))) == [(event,)] * 4


class Size(StrEnum):
    SMALL = "s"


class Plain(NamedTuple):
    """Nothing but what JSON has."""

    text: str
    number: int
    count: int = 0
    flag: bool = True
    note: str = ""


@frozen
class Odds(Event):
    size: Size = Size.SMALL
    name: str = ""
    count: int = field(default=1, converter=int)
    at: datetime | None = None
    plain: Plain | None = None


def odds(each, **fields):
    each.register(EventType("test.odds", 1, Odds))
    return each.dump_events([Odds(**fields)])


def test_text_of_a_subclass_is_written_as_text(each):
    assert odds(each, name=Size.SMALL) == '[["test.odds",1,{"name":"s"}]]'
    assert type(each.load_events(odds(each, name=Size.SMALL))[0].name) is str


def test_a_default_is_left_out_even_if_the_class_converts_it(each):
    assert odds(each, count="1", size=Size.SMALL) == '[["test.odds",1,{}]]'
    assert odds(each, count="2") == '[["test.odds",1,{"count":2}]]'
    assert each.load_events('[["test.odds",1,{"size":"s"}]]') == (Odds(),)
    assert each.load_events('[["test.odds",1,{"size":"s"}]]')[0].size is Size.SMALL


def test_an_instant_of_a_subclass_is_written_like_any_other(each):
    class Instant(datetime):
        """What libraries that freeze time put in its place."""

    at = Instant(2026, 1, 5, 9, 0, 0, 100, tzinfo=UTC)
    assert odds(each, at=at) == '[["test.odds",1,{"at":"2026-01-05T09:00:00.000100Z"}]]'


@pytest.mark.parametrize(
    ("values", "written"),
    [
        (("a", 1), '["a",1]'),
        (("a", 1, 2), '["a",1,2]'),
        (("a", 1, 0, False), '["a",1,0,false]'),
        (("a", 1, 0, True, "b"), '["a",1,0,true,"b"]'),
    ],
)
def test_a_row_of_plain_leaves_is_cut_after_the_last_that_is_not_at_its_default(each, values, written):
    stored = odds(each, plain=Plain(*values))
    assert stored == f'[["test.odds",1,{{"plain":{written}}}]]'
    assert each.load_events(stored)[0].plain == Plain(*values)


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ((1, 1), "text"),
        (("a", 1.0), "number"),
        (("a", True), "number"),
        (("a", 1, 0.0), "count"),
        (("a", 1, False), "count"),
        (("a", 1, 0, 1), "flag"),
        (("a", 1, 0, True, None), "note"),
    ],
)
def test_a_row_of_plain_leaves_is_checked_even_at_its_defaults(each, values, where):
    with pytest.raises(BrokenRule) as caught:
        odds(each, plain=Plain(*values))
    assert caught.value.where == f"Plain.{where}"


@pytest.mark.parametrize("row", ["[]", '["a"]', '["a",true]', '["a",1,0,true,"",1]', '["a",1,null]', "{}", '"a"'])
def test_a_row_of_plain_leaves_that_does_not_read_is_an_error_of_the_store(each, row):
    odds(each)
    with pytest.raises(Corrupted):
        each.load_events(f'[["test.odds",1,{{"plain":{row}}}]]')


def test_what_does_not_read_is_named_and_not_quoted(each):
    text = '[["test.small",1,{}],["test.small",1,{"rows":[["A",1],["B","Jane Doe"]]}]]'
    with pytest.raises(Corrupted) as caught:
        each.load_events(text)
    assert caught.value.where == "test.small rows[1].quantity"
    assert "Jane" not in str(caught.value)


def test_what_its_class_refuses_is_an_error_of_the_store(each):
    @frozen
    class Positive(Event):
        number: int

        def __attrs_post_init__(self):
            units_of(self.number)

    each.register(EventType("test.positive", 1, Positive))
    with pytest.raises(Corrupted, match="between 1 and"):
        each.load_events('[["test.positive",1,{"number":0}]]')


def test_an_upcaster_that_fails_is_an_error_of_the_store():
    made = Codec(plain())
    made.register(EventType("test.small", 2, Small, {1: lambda old: {"number": old["gone"]}}))
    with pytest.raises(Corrupted):
        made.load_events('[["test.small",1,{}]]')

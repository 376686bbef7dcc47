"""Every event, document and command that there is; new ones are found by themselves."""

import inspect
import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordercore.codec import Codec, dump, json_schema, load, parse_json
from ordercore.codec.registry import AREAS
from ordercore.codec.shape import Choice, Fixed, Many, Record, Scalar, Table, Union, members_of, shape_of
from ordercore.codec.text import fast, plain
from ordercore.message import Command, EventType
from ordercore.testing.instances import instances_of

GOLDEN = Path(__file__).with_name("golden")
WRITE = os.environ.get("ORDERCORE_WRITE_GOLDEN", "")
"""`new` writes the files that are missing; `all` writes all of them anew, which is only right before a release."""

CODECS = [Codec(fast()), Codec(plain())]
CODEC = CODECS[0]
EVENTS = CODEC.events()
DOCUMENTS = CODEC.documents()


def named(kind):
    return kind.__name__ if isinstance(kind, type) else kind.name


def commands():
    areas = ("alerts", "catalog", "effects", "notices", "order", "stock", "supply")
    modules = [import_module(f"ordercore.{area}.commands") for area in areas]
    classes = {cls for module in modules for _, cls in inspect.getmembers(module, inspect.isclass)}
    return sorted((cls for cls in classes if issubclass(cls, Command) and attrs.has(cls)), key=named)


COMMANDS = commands()
SOME = settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.parametrize("kind", EVENTS, ids=named)
@SOME
@given(st.data())
def test_every_event_is_read_as_it_was_written(kind, data):
    event = data.draw(instances_of(kind.cls))
    written = {codec.dump_events([event]) for codec in CODECS}
    assert len(written) == 1
    assert [codec.load_events(*written) for codec in CODECS] == [(event,)] * 2


@pytest.mark.parametrize("kind", DOCUMENTS, ids=named)
@SOME
@given(st.data())
def test_every_document_is_read_as_it_was_written(kind, data):
    body = data.draw(instances_of(kind.cls))
    written = {codec.dump_document(body) for codec in CODECS}
    assert len(written) == 1
    assert [codec.load_document(*written) for codec in CODECS] == [body] * 2


@pytest.mark.parametrize("cls", COMMANDS, ids=named)
@SOME
@given(st.data())
def test_every_command_passes_the_edge_both_ways(cls, data):
    command = data.draw(instances_of(cls))
    given = dump(command)
    assert load(cls, given) == command
    assert load(cls, parse_json(json.dumps(given).encode())) == command
    assert CODECS[0].fingerprint(command) == CODECS[1].fingerprint(load(cls, given))


@pytest.mark.parametrize("cls", COMMANDS, ids=named)
def test_every_command_has_a_schema_with_a_description(cls):
    schema = json_schema(cls)
    assert schema["description"]
    assert set(schema["properties"]) == {member.key for member in members_of(cls)}
    references = set(_references(schema))
    assert references <= {f"#/$defs/{name}" for name in schema.get("$defs", {})}


def _references(schema):
    if isinstance(schema, dict):
        yield from [schema["$ref"]] if "$ref" in schema else []
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


@pytest.mark.parametrize("kind", [*EVENTS, *DOCUMENTS], ids=named)
def test_a_name_leads_to_the_module_that_lists_it(kind):
    module = import_module(AREAS[kind.name.partition(".")[0]])
    assert kind in (*getattr(module, "EVENTS", ()), *getattr(module, "DOCUMENTS", ()))


def test_an_area_is_loaded_when_one_of_its_names_is_met():
    code = (
        "import sys; from ordercore.codec import Codec;"
        "early = [name for name in sys.modules if name.endswith('.events') or name in ('msgspec', 'cattrs')];"
        "assert not early, early;"
        "Codec(); assert 'cattrs' not in sys.modules, 'a store in memory needs no converter';"
        'Codec().load_document(\'["catalog.location",{"code":"WH1"}]\');'
        "assert 'ordercore.catalog.events' in sys.modules;"
        "assert 'ordercore.order.events' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def example(shape, n=1):
    """One instance in which nothing is at its default, the same every time."""
    match shape:
        case Scalar(leaf):
            return {
                "str": f"text {n}", "int": n + 40, "bool": True, "none": None, "bytes": b"\x00\xff",
                "decimal": Decimal(f"{n}.50"),
                "fraction": Fraction(3, n + 3),
                "datetime": datetime(2026, 1, n % 28 + 1, 9, 30, tzinfo=UTC),
                "date": date(2026, 2, n % 28 + 1),
            }[leaf]  # fmt: skip
        case Choice(values):
            return list(values.values())[-1]
        case Many(item, kind):
            return kind([example(item, n), example(item, n + 1)])
        case Fixed(items):
            return tuple(example(item, n) for item in items)
        case Table(value):
            return {"key": example(value, n), "another": example(value, n + 1)}
        case Union(members):
            return example(next(member for member in members if member != Scalar("none")), n)
        case Record(cls):
            return cls(**{m.key: _other(m, n + place) for place, m in enumerate(members_of(cls))})


def _other(member, n):
    value = example(member.shape, n)
    if not member.required and value == member.fresh_default():
        return not value if isinstance(value, bool) else example(member.shape, n + 1)
    return value


def stored(kind):
    value = example(shape_of(kind.cls))
    return CODEC.dump_events([value]) if isinstance(kind, EventType) else CODEC.dump_document(value)


def read(kind, text):
    return CODEC.load_events(text)[0] if isinstance(kind, EventType) else CODEC.load_document(text)


def golden_file(kind):
    return GOLDEN / (
        f"{kind.name}.{kind.version}.json" if isinstance(kind, EventType) else f"{kind.name}.document.json"
    )


def write_golden():
    GOLDEN.mkdir(exist_ok=True)
    for kind in (*EVENTS, *DOCUMENTS):
        if WRITE == "all" or not golden_file(kind).exists():
            text = stored(kind)
            content = {"stored": text, "means": dump(read(kind, text))}
            golden_file(kind).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


if WRITE in ("new", "all"):
    write_golden()

KINDS = {golden_file(kind).name: kind for kind in (*EVENTS, *DOCUMENTS)}


@pytest.mark.parametrize("kind", KINDS.values(), ids=named)
def test_every_version_of_an_event_and_every_document_has_a_golden_file(kind):
    versions = range(1, kind.version + 1) if isinstance(kind, EventType) else [None]
    missing = [
        golden_file(attrs.evolve(kind, version=version) if version else kind).name
        for version in versions
        if not golden_file(attrs.evolve(kind, version=version) if version else kind).exists()
    ]
    assert not missing, "ORDERCORE_WRITE_GOLDEN=new pytest tests/codec/test_areas.py writes it"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_what_was_ever_stored_still_means_the_same(path):
    content = json.loads(path.read_text())
    loads = [
        codec.load_document(content["stored"])
        if path.stem.endswith(".document")
        else codec.load_events(content["stored"])[0]
        for codec in CODECS
    ]
    assert loads[0] == loads[1]
    assert dump(loads[0]) == content["means"]
    if path.name in KINDS:
        again = CODEC.dump_document if path.stem.endswith(".document") else lambda event: CODEC.dump_events([event])
        assert again(loads[0]) == content["stored"], "the newest version is still written like this"

import json
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.codec import parse_json
from ordercore.errors import InvalidInput

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**23), 10**23) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def problems(raw, **limits):
    with pytest.raises(InvalidInput) as caught:
        parse_json(raw, **limits)
    return [(code, path) for code, path, _ in caught.value.problems]


@given(PLAIN, st.booleans())
def test_plain_json_is_read_as_it_is(value, ascii_only):
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert parse_json(raw) == value
    assert parse_json(b"\xef\xbb\xbf" + raw) == value


def test_a_fractional_number_is_a_decimal_digit_by_digit():
    assert str(parse_json(b"12.50")) == "12.50"
    assert isinstance(parse_json(b"12.50"), Decimal)


def test_minus_zero_is_zero():
    assert [str(value) for value in parse_json(b"[-0, -0.0, 0.0]")] == ["0", "0.0", "0.0"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"a": {"quantity": 1, "quantity": 100}}', [("duplicate_key", "a.quantity")]),
        (b'{"a": 1, "b": 2, "\\u0061": 3}', [("duplicate_key", "a")]),
        (b'[{"a": 1, "a": 1, "a": 1}]', [("duplicate_key", "[0].a"), ("duplicate_key", "[0].a")]),
        (b'{"a": NaN}', [("number_format", "a")]),
        (b'{"a": [1, Infinity, -Infinity]}', [("number_format", "a[1]"), ("number_format", "a[2]")]),
        (b"1e400", [("number_format", "$")]),
        (b"1E+1000000", [("number_format", "$")]),
        (b"1.5e1", [("number_format", "$")]),
        (b"1" * 25, [("number_out_of_range", "$")]),
        (b"-" + b"1" * 5000, [("number_out_of_range", "$")]),
        (b"0." + b"1" * 25, [("number_out_of_range", "$")]),
        (b'{"a": "\\ud800"}', [("lone_surrogate", "a")]),
        (b'{"a": "\\uDFFF"}', [("lone_surrogate", "a")]),
        (b'{"\\ud800": 1}', [("lone_surrogate", "['\\ud800']")]),
        (b'"\xff"', [("encoding", "$")]),
        (b'"\xed\xa0\x80"', [("encoding", "$")]),
        ('{"a": 1}'.encode("utf-16"), [("encoding", "$")]),
        (b"", [("syntax", "line 1 column 1")]),
        (b"{", [("syntax", "line 1 column 2")]),
        (b'{"a": 01}', [("syntax", "line 1 column 8")]),
        ('{"a": １２}'.encode(), [("syntax", "line 1 column 7")]),
        (b'{"a": 1,}', [("syntax", "line 1 column 9")]),
        (b"{'a': 1}", [("syntax", "line 1 column 2")]),
        (b'"a\x00b"', [("syntax", "line 1 column 3")]),
        (b"1 2", [("syntax", "line 1 column 3")]),
    ],
    ids=lambda value: None if isinstance(value, list) else ascii(value[:24]),
)
def test_bad_json_is_refused_where_it_stands(raw, expected):
    found = problems(raw)
    assert [code for code, _ in found] == [code for code, _ in expected]
    if expected[0][0] != "syntax":
        assert found == expected


def test_a_pair_of_surrogates_is_a_character():
    assert parse_json(b'"\\ud83d\\ude00"') == "\U0001f600"


def nested(depth, opened=b"[", closed=b"]"):
    return opened * depth + closed * depth


@pytest.mark.parametrize(
    ("raw", "fits"),
    [
        (nested(32), True),
        (nested(33), False),
        (nested(16, b'[{"a":', b"}]").replace(b":}", b":1}"), True),
        (nested(17, b'[{"a":', b"}]").replace(b":}", b":1}"), False),
        (b"[" + b"[]," * 1000 + b"[]]", True),
        (json.dumps("[" * 1000).encode(), True),
        (json.dumps(['"\\' * 50 + "[" * 1000]).encode(), True),
        (b'["' + b"\\\\" * 3 + b'",' + nested(32) + b"]", False),
    ],
    ids=["32", "33", "mixed 32", "mixed 34", "wide", "in text", "behind escapes", "after text"],
)
def test_only_what_is_nested_too_deep_is_refused(raw, fits):
    if fits:
        assert parse_json(raw) == json.loads(raw)
    else:
        assert problems(raw) == [("too_deep", "$")]


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000,
        nested(100_000),
        b'{"a":' * 100_000,
        b'"' + b'\\"' * 2_000_000,
        b"[" * 40 + b'"\\' * 1_000_000,
        b'["' * 1_000_000,
        b"-" + b"9" * 5_000_000,
        b"[" + b"1," * 50_000 + b"]",
    ],
    ids=["brackets", "nested", "objects", "unclosed", "escapes", "quotes", "digits", "comma"],
)
def test_a_bomb_is_refused_in_about_the_time_its_size_takes(raw):
    started = time.process_time()
    assert problems(raw)
    assert time.process_time() - started < 3, "not linear"


def test_a_document_has_a_greatest_size():
    assert problems(b" " * 11, max_bytes=10) == [("too_large", "$")]
    assert parse_json(b"1".rjust(10), max_bytes=10) == 1
    assert problems(b" " * (10 * 1024 * 1024 + 1)) == [("too_large", "$")]


@given(st.binary(max_size=64) | st.text(alphabet='{}[]",:0123456789.eE-+ntfaul\\d8 ', max_size=40).map(str.encode))
def test_any_bytes_are_read_like_the_standard_library_does_or_refused(raw):
    try:
        value = parse_json(raw)
    except InvalidInput:
        return
    assert value == json.loads(raw.removeprefix(b"\xef\xbb\xbf"), parse_float=Decimal)

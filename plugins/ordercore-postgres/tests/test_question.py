"""Lists reach PostgreSQL as they are, whatever is in them."""

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordercore_postgres.question import Question, array_of

TEXTS = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12) | st.none(), max_size=6
)
NUMBERS = st.lists(st.integers(-(2**63), 2**63 - 1) | st.none(), max_size=6)


@pytest.fixture
def connection(ordercore_postgres_schema):
    with psycopg.connect(ordercore_postgres_schema, autocommit=True) as connection:
        yield connection


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=TEXTS, numbers=NUMBERS)
def test_a_list_is_the_same_to_the_server(connection, texts, numbers):
    asked = (array_of(texts), array_of(numbers))
    assert connection.execute("select %s::text[], %s::bigint[]", asked).fetchone() == (texts, numbers)


def test_words_of_the_syntax_of_arrays_are_text_like_any_other(connection):
    texts = ["NULL", "", "{}", '"', "\\", '\\"', "a,b", " ", "{a}", "'"]
    assert connection.execute("select %s::text[]", (array_of(texts),)).fetchone() == (texts,)


def test_a_question_gives_lists_as_arrays_and_leaves_the_rest_alone():
    question = Question("t")
    question.ask("(select 1)", keys=["a", 'b"'], key="a")
    question.ask_each("(select {i})", numbers=[1, None], limit=3)
    assert question.parameters == {"t": "t", "keys": '{"a","b\\""}', "key": "a", "numbers1": "{1,NULL}", "limit1": 3}

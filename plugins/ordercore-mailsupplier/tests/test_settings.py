import tomllib

import pytest

from ordercore.errors import ConfigurationError
from ordercore.wiring.plugins import Plugins
from ordercore_mailsupplier import MailSupplier
from ordercore_mailsupplier.supplier import KIND

GIVEN = {"sender": "shop@shop.example", "recipients": ["orders@leaf.example"]}


def make(**settings):
    return KIND.make("leaf", {**GIVEN, **settings})


def test_it_is_made_from_the_tables_of_a_file():
    text = """
    sender = "shop@shop.example"
    recipients = "orders@leaf.example"
    [letter]
    subject = "Bestellung $number"
    [order]
    delimiter = ";"
    [order.columns]
    Pos = "line"
    Menge = "quantity"
    [answer]
    currency = "EUR"
    [answer.words]
    ok = "accepted"
    [trust]
    senders = ["LEAF.example"]
    """
    made = KIND.make("leaf", tomllib.loads(text))
    assert made.recipients == ("orders@leaf.example",)
    assert list(made.order.columns) == ["Pos", "Menge"]
    assert made.trust.senders == ("leaf.example",)
    assert made.answer.meaning("OK ") == "accepted"


def test_a_kernel_finds_the_kind():
    import ordercore_mailsupplier

    made = Plugins([ordercore_mailsupplier]).supplier("mail", "leaf", GIVEN)
    assert isinstance(made, MailSupplier)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"sende": "x"}, "Did you mean 'sender'"),
        ({"order": {"column": {}}}, "Did you mean 'columns'"),
        ({"order": {"columns": {"A": "lines"}}}, "Did you mean 'line'"),
        ({"order": {"columns": {"A": "line"}}}, "quantity"),
        ({"order": {"delimiter": ";;"}}, "one character each"),
        ({"order": {"encoding": "utf-16"}}, "ASCII"),
        ({"order": {"encoding": "base64"}}, "ASCII"),
        ({"order": []}, "table"),
        ({"answer": {"columns": {"numbers": "A"}}}, "Did you mean 'number'"),
        ({"answer": {"columns": {"number": "A"}}}, "line"),
        ({"answer": {"words": {"ok": "acepted"}}}, "Did you mean 'accepted'"),
        ({"answer": {"words": ["ok"]}}, "table of texts"),
        ({"answer": {"decimal": ",", "thousands": ","}}, "thousands"),
        ({"letter": {"subject": "$numbr"}}, "Did you mean 'number'"),
        ({"letter": {"subject": "100 $"}}, "begins no name"),
        ({"trust": {"token": "short"}}, "16 to 64"),
        ({"trust": {"senders": ["@leaf"]}}, "domain"),
        ({"recipients": ["nobody"]}, "address"),
        ({"recipients": []}, "recipient"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_with_the_nearest_that_can(settings, says):
    with pytest.raises(ConfigurationError, match=says):
        make(**settings)

"""`ordercore effects`: what is uncertain is listed, and a person's word is taken."""

import pytest

from ordercore import Kernel
from ordercore.order import BookParcel
from ordercore.testing import FaultyTransport, MemoryCarrier
from ordercore.testing.outside import CarrierDesk
from ordercore.values import Address


@pytest.fixture
def uncertain(url):
    """A shop whose carrier never answered, and can neither be asked nor told twice."""
    from ordercore import Line, PlaceOrder, Ship

    carrier, transport = MemoryCarrier("post", ("book",)), FaultyTransport(CarrierDesk(), ["lost_after"])
    with Kernel.open(url, carriers={"post": carrier}, transport=transport) as kernel:
        command = PlaceOrder("web", "9", "EUR", [Line("KG", 5, "1")], ship_to=Address("NL", "Jo Bloggs"))
        order = kernel.handle(command).order_id
        kernel.handle(Ship(order))
        kernel.handle(BookParcel(order, "P1", "post", "standard", 500))
        kernel.work(until_idle=True)
        (row,) = kernel.effects()
    return url, row.id


def test_nothing_is_said_where_there_is_nothing(run, url):
    assert run("effects", "--store", url) == (0, "Nothing outside is uncertain.\n", "")


def test_what_only_a_person_can_tell_is_listed(run, uncertain):
    url, effect = uncertain
    status, out, err = run("effects", "--store", url)
    assert (status, err) == (0, "")
    for shown in (effect[:8], "carrier.book", "post", "order/web:9 P1", "uncertain", "answer_lost", "effects resolve"):
        assert shown in out
    assert "Bloggs" not in out
    assert "Nothing outside is done." in run("effects", "list", "--status", "done", "--store", url)[1]


def test_a_persons_word_is_taken(run, uncertain):
    url, effect = uncertain
    word = ("--outcome", "done", "--reason", "on their invoice", "--reference", "R1", "--fact", "tracking=T1")
    assert run("effects", "resolve", "--store", url, effect[:6], *word)[0] == 0
    with Kernel.open(url) as kernel:
        assert kernel.order("web:9").parcel("P1").tracking == "T1"
        assert kernel.effects() == ()


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (("zzz", "--outcome", "done"), "begin with"),
        (("", "--outcome", "done", "--reason", "x"), "reference"),
        (("",), "--outcome"),
    ],
    ids=["unknown", "without a number", "without an outcome"],
)
def test_a_word_that_cannot_be_is_refused(run, uncertain, word, said):
    url, _ = uncertain
    status, _, err = run("effects", "resolve", "--store", url, *word)
    assert status in (1, 2)
    assert said in err

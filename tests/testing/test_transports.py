from typing import get_args

import pytest

from ordercore.errors import AnswerLost, Throttled, TransientFailure
from ordercore.ports import HttpRequest, HttpResponse, MailAccepted, MailRequest
from ordercore.testing import FaultyTransport, Killed, RecordedTransport
from ordercore.testing.transports import Fault, run

ASKED = HttpRequest("GET", "https://example.com/")
RAISED = {
    "unreached": (TransientFailure, False),
    "throttled": (Throttled, False),
    "lost_before": (AnswerLost, False),
    "lost_after": (AnswerLost, True),
    "killed": (Killed, True),
}


def test_a_script_is_answered_in_order_and_then_as_usual():
    transport = RecordedTransport([HttpResponse(500), TransientFailure("down")])
    assert transport.send(ASKED).status == 500
    with pytest.raises(TransientFailure):
        transport.send(ASKED)
    assert transport.send(ASKED).status == 200
    assert transport.send(MailRequest("a@b.c", ("d@e.f",), b"")) == MailAccepted()
    assert len(transport.sent) == 4


@pytest.mark.parametrize("fault", [fault for fault in get_args(Fault) if fault != "none"])
def test_each_fault_does_what_it_says(fault):
    inner = RecordedTransport()
    transport = FaultyTransport(inner, ["none", fault])
    transport.send(ASKED)
    error, arrived = RAISED[fault]
    with pytest.raises(error):
        transport.send(ASKED)
    assert len(inner.sent) == 1 + arrived
    assert transport.send(ASKED).status == 200
    assert transport.sends == 3


def test_an_operation_is_driven_to_its_end_and_may_handle_what_is_raised():
    def op():
        try:
            yield ASKED
        except TransientFailure:
            response = yield ASKED
            return response.status

    assert run(op(), FaultyTransport(RecordedTransport(), ["unreached"])) == 200

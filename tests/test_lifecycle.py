"""The tables of lifecycles are complete, and lead to an end from everywhere (R19)."""

import inspect

import pytest

from ordercore import alerts, effects, notices, order, stock, supply
from ordercore.errors import TransitionRefused
from ordercore.lifecycle import (
    ALERT,
    BOOKING,
    EFFECT,
    FULFILLMENT,
    LIFECYCLES,
    MANIFEST,
    NOTIFIER,
    ORDER,
    PURCHASE,
    RESERVATION,
    TRANSFER,
)
from ordercore.message import Command
from ordercore.wiring.routes import ROUTES

COMMANDS = {
    name
    for area in (alerts, effects, notices, order, stock, supply)
    for name, thing in vars(area).items()
    if inspect.isclass(thing) and issubclass(thing, Command)
}
ENDS = {
    ORDER.name: {"completed", "cancelled"},
    FULFILLMENT.name: {"closed", "cancelled"},
    RESERVATION.name: {"upgraded", "released", "expired"},
    TRANSFER.name: {"received"},
    BOOKING.name: {"voided", "refused"},
    MANIFEST.name: {"made", "refused"},
    ALERT.name: {"resolved"},
    PURCHASE.name: {"received", "rejected", "cancelled", "short_closed"},
    EFFECT.name: {"done", "refused"},
    NOTIFIER.name: {"active", "paused"},  # neither is for good
}
OF_WORKERS = {"StartEffect", "SettleEffect"}  # the kernel sends these to itself
ROWS = [(machine, row) for machine in LIFECYCLES for row in machine.transitions]

tables = pytest.mark.parametrize("machine", LIFECYCLES, ids=lambda machine: machine.name)
rows = pytest.mark.parametrize(("machine", "row"), ROWS, ids=lambda value: "-".join(getattr(value, "__dict__", value)[:2])
                               if isinstance(value, tuple) else value.name)  # fmt: skip


@rows
def test_every_row_names_a_command_that_exists_and_states_of_its_table(machine, row):
    assert row.command in COMMANDS
    assert row.command in {command.__name__ for command in ROUTES} | OF_WORKERS
    assert row.state in machine.states
    assert row.targets
    assert set(row.targets) <= set(machine.states)


@rows
def test_what_a_row_allows_is_not_refused(machine, row):
    machine.require(row.state, row.command)


@tables
def test_a_state_and_a_command_have_one_row(machine):
    named = [(row.state, row.command) for row in machine.transitions]
    assert len(named) == len(set(named))


@tables
def test_an_end_is_reached_from_every_state(machine):
    good = set(ENDS[machine.name])
    while True:
        more = {row.state for row in machine.transitions if set(row.targets) & good} - good
        if not more:
            break
        good |= more
    assert good == set(machine.states)


@tables
def test_every_state_is_reached_from_the_start(machine):
    reached = {machine.start}
    while True:
        more = {state for row in machine.transitions if row.state in reached for state in row.targets} - reached
        if not more:
            break
        reached |= more
    assert reached == set(machine.states)


@tables
def test_a_refusal_lists_what_is_allowed(machine):
    for state in machine.states:
        with pytest.raises(TransitionRefused) as caught:
            machine.require(state, "PutItem")
        assert set(caught.value.allowed) == set(machine.allowed[state])


@tables
def test_terminal_states_stay_terminal(machine):
    for end in ENDS[machine.name]:
        leaving = {
            row.command for row in machine.transitions if row.state == end and set(row.targets) - ENDS[machine.name]
        }
        # A refund after completion leaves money open again; nothing else reopens anything.
        assert leaving <= {"RecordPayment"}


@tables
def test_the_diagram_shows_every_move(machine):
    text = machine.diagram()
    for row in machine.transitions:
        for target in row.targets:
            assert any(
                line.strip().startswith(f"{row.state} --> {target}: ") and row.command in line
                for line in text.splitlines()
            )


def test_a_refusal_says_what_the_command_is_for_and_what_leads_there():
    with pytest.raises(TransitionRefused) as caught:
        ORDER.require("placed", "Ship")
    assert caught.value.hint.startswith("Ship is for: confirmed; ConfirmOrder leads there. Allowed here: AddHold, ")
    with pytest.raises(TransitionRefused) as caught:
        FULFILLMENT.require("open", "PackParcel")
    assert (
        "PackParcel is for: in_progress, incomplete; PickLines or Ship or ShortPick leads there." in caught.value.hint
    )
    with pytest.raises(TransitionRefused) as caught:
        TRANSFER.require("received", "ReceiveTransfer")
    assert caught.value.hint == "Nothing is allowed here: the state is final."

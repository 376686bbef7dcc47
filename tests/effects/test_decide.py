"""An outside effect through every story of workers and people: what is settled stays, nobody sends twice at once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.effects import ResolveEffect, SettleEffect, StartEffect
from ordercore.effects.decide import resolve, settle, start
from ordercore.effects.events import EffectRefused, EffectWanted
from ordercore.effects.state import effect_id, evolve_effect, fold_effect, outside_key
from ordercore.errors import BrokenRule, InvalidCommand, TransitionRefused
from ordercore.policies import EffectPolicy

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLICY = EffectPolicy(attempts=4, retry_seconds=30, retry_most_seconds=100)
WANTED = EffectWanted("carrier.book", "post", "order/web:1", NOW, "P1", {"service": "standard"})


class Tale:
    """One effect, its clock, and what is said of it."""

    def __init__(self):
        self.effect = evolve_effect(None, WANTED, "E1")
        self.now = NOW
        self.events = [WANTED]

    def add(self, *events):
        for event in events:
            self.events.append(event)
            self.effect = evolve_effect(self.effect, event, "E1")

    def start(self):
        self.add(start(self.effect, StartEffect("E1", 300), self.now))
        return self.effect.attempt

    def settle(self, attempt, outcome, **fields):
        self.add(*settle(self.effect, SettleEffect("E1", attempt, outcome, "why", **fields), POLICY, self.now))

    def resolve(self, outcome):
        self.add(resolve(self.effect, ResolveEffect("E1", outcome, "asked"), self.now))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["start", "done", "refused", "failed", "uncertain", "resolve", "wait"]),
        st.integers(0, 3), st.booleans(), st.booleans(),
    ),
    max_size=25,
)  # fmt: skip


@given(STEPS)
def test_every_story_keeps_the_rules(steps):
    tale = Tale()
    for step, n, again, absent in steps:
        before, started = tale.effect, None
        try:
            if step == "start":
                started = tale.start()
            elif step == "wait":
                tale.now += timedelta(seconds=(10, 200, 1_000, 100_000)[n])
            elif step == "resolve":
                tale.resolve(("done", "not_done", "refused", "not_done")[n])
            else:
                # Of this attempt, or of one that was overtaken.
                tale.settle(max(1, before.attempt - n), step, again=again, absent=absent)
        except TransitionRefused:
            assert tale.effect == before
            continue
        after = tale.effect
        if before.status in ("done", "refused"):
            assert after == before, "what is settled stays"
        if started is not None:
            assert before.status != "pending" or before.due <= tale.now, "two send at once"
            assert after.attempt == before.attempt + 1
            assert before.status == "wanted" or after.unsure, "what may have arrived is not looked into"
        assert (after.due is None) is (after.status in ("done", "refused")) or after.status == "uncertain"
    assert fold_effect(None, tale.events, "effect/E1") == tale.effect


def test_waits_double_up_to_a_most_and_end():
    tale, waits = Tale(), []
    while tale.effect.status == "wanted":
        attempt = tale.start()
        tale.settle(attempt, "failed")
        if tale.effect.status == "wanted":
            waits.append((tale.effect.due - tale.now).total_seconds())
            tale.now = tale.effect.due
    assert waits == [30, 60, 100]
    assert tale.events[-1] == EffectRefused(4, "gave_up", ("why",))


@pytest.mark.parametrize(("asked", "waits"), [(10, 30), (90, 90), (10**9, 86_400)])
def test_who_asks_to_come_later_is_heeded_within_reason(asked, waits):
    tale = Tale()
    tale.settle(tale.start(), "failed", retry_after_seconds=asked)
    assert (tale.effect.due - tale.now).total_seconds() == waits


def test_what_may_have_arrived_is_never_given_up_as_refused():
    tale = Tale()
    tale.start()
    while tale.effect.due is not None:
        tale.now = tale.effect.due
        tale.settle(tale.start(), "failed")
    assert tale.effect.status == "uncertain"


def test_after_a_persons_word_the_attempts_are_counted_anew():
    tale = Tale()
    tale.settle(tale.start(), "uncertain", again=False)
    tale.resolve("not_done")
    for _ in range(3):
        tale.now = tale.effect.due
        tale.settle(tale.start(), "failed")
    assert (tale.effect.status, tale.effect.attempt) == ("wanted", 4)


def test_the_answer_of_an_attempt_that_was_overtaken_counts_if_it_was_done():
    tale = Tale()
    first = tale.start()
    tale.now = tale.effect.due
    tale.start()
    before = tale.effect
    for outcome in ("refused", "failed", "uncertain"):
        tale.settle(first, outcome)
        assert tale.effect == before
    tale.settle(first, "done", reference="R1")
    assert (tale.effect.status, tale.effect.reference) == ("done", "R1")


@pytest.mark.parametrize("taken_up", [False, True])
def test_a_late_answer_counts_after_a_person_had_it_begun_again(taken_up):
    tale = Tale()
    first = tale.start()
    tale.settle(first, "uncertain", again=False)
    tale.resolve("not_done")
    if taken_up:
        tale.start()
    tale.settle(first, "done", reference="R1")
    assert (tale.effect.status, tale.effect.reference) == ("done", "R1")


def test_names_follow_from_the_command_and_keys_from_the_tenant():
    assert effect_id("c1", "k", "i", "p") == effect_id("c1", "k", "i", "p")
    assert len({effect_id("c1", "k", "i", "p"), effect_id("c2", "k", "i", "p"), effect_id("c1", "k", "i", "q")}) == 3
    assert outside_key("", "E1") != outside_key("other", "E1")


def test_an_effect_begins_with_being_wanted_and_knows_its_own_events():
    from ordercore.order.events import OrderConfirmed

    with pytest.raises(BrokenRule):
        evolve_effect(Tale().effect, OrderConfirmed(), "E1")


@pytest.mark.parametrize("facts", [{"tracking": 5}, {5: "x"}, {"": "x"}, {"a": "two\nlines"}, {"a": "x" * 201}, ["a"]])
def test_facts_are_names_and_texts_whoever_says_them(facts):
    tale = Tale()
    attempt = tale.start()
    with pytest.raises(InvalidCommand):
        tale.settle(attempt, "done", facts=facts)
    tale.settle(attempt, "uncertain", again=False)
    with pytest.raises(InvalidCommand):
        resolve(tale.effect, ResolveEffect("E1", "done", "asked", facts=facts), NOW)

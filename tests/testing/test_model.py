import random
from collections import Counter

from ordercore.store import rows_of
from ordercore.testing.model import Model


def history(seed, batches=400):
    """(model, batches that it accepts, number that it does not)."""
    model, accepted, refused = Model(random.Random(seed)), [], 0
    for number in range(batches):
        asked = model.next_batch(f"{number}")
        if model.shortages(asked):
            refused += 1
        else:
            model.apply(asked)
            accepted.append(asked)
    return model, accepted, refused


def test_the_model_agrees_with_the_rows_that_batches_derive():
    for seed in range(5):
        model, accepted, _ = history(seed)
        total = Counter()
        for batch in accepted:
            for key, change in rows_of(batch.postings).items():
                total.update({(key, column): delta for column, delta in enumerate(change)})
        rows = {key: tuple(total[key, column] for column in range(10)) for key, _ in total}
        assert model.rows() == {key: row for key, row in rows.items() if any(row)}


def test_histories_are_refused_often_and_accepted_often():
    _, accepted, refused = history(1)
    assert len(accepted) > 100
    assert refused > 100


def test_a_history_touches_lots_floors_and_every_kind_of_move():
    _, accepted, _ = history(2)
    moves = [move for batch in accepted for append in batch.appends for event in append.events for move in event.moves]
    assert {(move.source_bucket, move.target_bucket) for move in moves} == {
        ("", "available"), ("available", ""), ("available", "reserved"), ("reserved", "available"), ("reserved", ""),
    }  # fmt: skip
    assert any(move.narrowing for move in moves)
    assert any(move.lot and not move.narrowing for move in moves)
    assert any(batch.floors for batch in accepted)

"""The note of a history's replay: written once, in the commit of what it is about."""

from datetime import UTC, datetime

from ordercore import Kernel, PutLocation
from ordercore.errors import Mismatch
from ordercore.intake.history_notes import HistoryProgress, ReversalTaken, TakenRow
from ordercore.message import Envelope
from ordercore.store import ReadDocument
from ordercore.wiring.history import PROGRESS, REVERSAL, NoteHistory, reversal_key


def document(kernel, kind, key):
    query = ReadDocument(kind, key)
    found = kernel.store.read((query,)).of(query)
    return found.body if found else None


def test_a_note_is_written_once_and_its_repeat_writes_nothing():
    kernel = Kernel()
    first = NoteHistory("csv", "1", HistoryProgress("abc", (1, 2, 3), {"orders": 4}))
    assert not kernel.handle(first).duplicate
    kernel.handle(NoteHistory("csv", "2", HistoryProgress("abc", (9, 0, 0))))
    assert kernel.handle(first).duplicate
    assert document(kernel, PROGRESS, "csv").at == (9, 0, 0)


def test_the_same_note_with_other_content_is_refused():
    kernel = Kernel()
    kernel.handle(NoteHistory("csv", "1", HistoryProgress("abc", (1, 2, 3))))
    (result,) = kernel.handle_many([NoteHistory("csv", "1", HistoryProgress("abc", (1, 2, 4)))])
    assert isinstance(result, Mismatch)
    assert document(kernel, PROGRESS, "csv").at == (1, 2, 3)


def test_how_a_reversal_was_taken_is_kept_by_its_number():
    kernel = Kernel()
    taken = ReversalTaken("C1", (TakenRow(7, "TEA", cancelled=2, returned=1),))
    kernel.handle(NoteHistory("csv", "C1", reversal=taken))
    assert document(kernel, REVERSAL, reversal_key("csv", "C1")) == taken
    assert taken.rows[0].kind == "cancelled and returned"


def test_an_envelope_gives_its_command_a_key_and_a_time_of_its_own():
    kernel = Kernel()
    then = datetime(2011, 6, 1, tzinfo=UTC)
    sent = [Envelope(PutLocation("WH1"), "first", then), PutLocation("WH2")]
    first, second = kernel.handle_many(sent, effective=datetime(2012, 1, 1, tzinfo=UTC))
    assert first.command_id == "first"
    assert [record.effective_at.year for record in kernel.log().records] == [2011, 2012]
    assert kernel.handle_many(sent[:1])[0].duplicate
    assert not second.duplicate

"""The database is down, full, read-only, of another release."""

import os
import pickle
import subprocess
import sys
import tempfile
import textwrap
from contextlib import closing
from pathlib import Path

import pytest

from ordercore.errors import Conflict, Rejected, SchemaVersion, StoreBusy, StoreError
from ordercore.kernel import Kernel
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import assert_consistent, given_stock, place


def placed(kernel):
    return len(kernel.orders(limit=1000))


def test_a_file_that_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(StoreError) as caught:
        Kernel.open(f"sqlite:///{tmp_path}/missing/shop.db")
    assert caught.value.reason == "cannot_open"
    assert caught.value.http_status == 503


def test_a_server_that_goes_away_and_comes_back_loses_nothing(ordercore_postgres_launch):
    from ordercore_postgres import PostgresStore

    server = ordercore_postgres_launch(durable=True)
    kernel = Kernel(PostgresStore(server.address(), migrate=True, retry_seconds=0.3))
    with closing(kernel):
        given_stock(kernel, {"WH1": {"TEA": 5}})
        place(kernel, {"TEA": 1}, external_id="before")
        server.stop()
        for ask in (lambda: place(kernel, {"TEA": 1}, external_id="while"), kernel.orders, kernel.work):
            with pytest.raises(StoreError) as caught:
                ask()
            assert not isinstance(caught.value, Rejected)
            assert caught.value.reason == "down"
        server.start()
        place(kernel, {"TEA": 1}, external_id="while")
        place(kernel, {"TEA": 1}, external_id="before")
        assert (placed(kernel), kernel.available("TEA")) == (2, 3)
        assert_consistent(kernel)


FILL = """
    import resource, sys
    from ordercore.errors import StoreError
    from ordercore.kernel import Kernel
    from ordercore.store.sqlite import SQLiteStore
    from ordercore.testing import given_stock, place

    kernel = Kernel(SQLiteStore(sys.argv[1]))
    given_stock(kernel, {"WH1": {"TEA": 1000}})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # No file of this process may grow beyond so many bytes: to it the disk is full.
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
    done, errors = [], []
    for number in range(400):
        try:
            place(kernel, {"TEA": 1}, external_id=str(number))
            done.append(number)
        except StoreError as error:
            errors.append((error.code, error.fields.get("reason", ""), number))
            if len(errors) == 3:
                break
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    for _, _, number in errors:
        place(kernel, {"TEA": 1}, external_id=str(number))
    print((len(done), errors, len(kernel.orders(limit=1000)), kernel.available("TEA"), kernel.verify()))
"""


def test_a_disk_that_is_full_under_sqlite_refuses_and_loses_nothing(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FILL), str(tmp_path / "shop.db")],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    done, errors, orders, available, breaches = eval(ran.stdout)  # what the lines above have printed
    assert len(errors) == 3
    # A write that fails within the commit may have reached the disk, as far as anybody can tell.
    assert {(code, reason) for code, reason, _ in errors} <= {("store_error", "disk_full"), ("outcome_unknown", "")}
    assert (orders, available, breaches) == (done + 3, 1000 - done - 3, ())


def test_a_disk_that_is_full_under_postgresql_refuses_and_loses_nothing(postgres_shop):
    kernel = postgres_shop.open()
    # What the server raises when a file of its cannot grow; nobody fills the disk of the tests.
    postgres_shop.execute(
        "create function full_disk() returns trigger language plpgsql as $$ begin"
        " raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$"
    )
    postgres_shop.execute(
        "create trigger full_disk before insert on ordercore_log for each row execute function full_disk()"
    )
    with pytest.raises(StoreError) as caught:
        place(kernel, {"TEA": 1}, external_id="1")
    assert caught.value.reason == "disk_full"
    postgres_shop.execute("drop trigger full_disk on ordercore_log")
    place(kernel, {"TEA": 1}, external_id="1")
    assert (placed(kernel), kernel.available("TEA")) == (1, 99)
    assert_consistent(kernel)


def as_nobody(action):
    """What it comes to for an ordinary user, also where the tests are run by root."""
    mine, theirs = os.pipe()
    child = os.fork()
    if not child:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            os.write(theirs, pickle.dumps(action()))
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(mine, "rb") as told:
        said = told.read()
    os.waitpid(child, 0)
    return pickle.loads(said)  # of our own child


def test_a_file_that_may_only_be_read_is_an_error_that_says_so():
    with tempfile.TemporaryDirectory(prefix="ordercore-") as name:
        folder = Path(name)
        given_stock(kernel := Kernel(SQLiteStore(folder / "shop.db")), {"WH1": {"TEA": 5}})
        kernel.close()

        def ask():
            try:
                with closing(SQLiteStore(folder / "shop.db")) as store:
                    return place(Kernel(store), {"TEA": 1})
            except Exception as error:  # noqa: BLE001  # whatever it is, the test must hear of it
                return type(error).__name__, getattr(error, "fields", {}).get("reason"), str(error)

        for path in folder.iterdir():
            path.chmod(0o444)
        folder.chmod(0o555)
        try:
            kind, reason, message = as_nobody(ask)
        finally:
            folder.chmod(0o755)
        assert (kind, reason) == ("StoreError", "read_only"), message


def test_a_server_that_only_reads_is_an_error_that_says_so(postgres_shop):
    reader = postgres_shop.open("%20-cdefault_transaction_read_only%3Don&target_session_attrs=any")
    assert reader.available("TEA") == 100
    with pytest.raises(StoreError) as caught:
        place(reader, {"TEA": 1}, external_id="1")
    assert caught.value.reason == "read_only"
    kernel = postgres_shop.open()
    assert (placed(kernel), kernel.available("TEA")) == (0, 100)


def test_a_file_of_a_newer_release_is_left_alone(sqlite_shop):
    sqlite_shop.execute("update ordercore_schema set version = 99, compatible = 99")
    with pytest.raises(SchemaVersion):
        sqlite_shop.open()


def test_tables_of_a_newer_release_are_left_alone(postgres_shop):
    postgres_shop.execute("update ordercore_schema set version = 99, compatible = 99")
    with pytest.raises(SchemaVersion):
        postgres_shop.open("&application_name=late")


def test_sqlite_says_who_waits_too_long_for_another_writer(sqlite_shop):
    kernel = sqlite_shop.open(0.1)
    with closing(sqlite_shop.connect()) as other:
        other.execute("begin immediate")
        with pytest.raises(StoreBusy):
            place(kernel, {"TEA": 1}, external_id="1")
    place(kernel, {"TEA": 1}, external_id="1")
    assert placed(kernel) == 1


def test_a_statement_timeout_is_said_and_the_same_key_does_it_later(postgres_shop):
    hasty = postgres_shop.open("%20-cstatement_timeout%3D60")
    with closing(postgres_shop.connect()) as other:
        other.execute("select 1 from ordercore_position for update")
        with pytest.raises(StoreError) as caught:
            place(hasty, {"TEA": 1}, external_id="1")
        assert caught.value.reason == "statement_timeout"
        assert not isinstance(caught.value, Conflict)
        other.rollback()
    place(hasty, {"TEA": 1}, external_id="1")
    assert (placed(hasty), hasty.available("TEA")) == (1, 99)

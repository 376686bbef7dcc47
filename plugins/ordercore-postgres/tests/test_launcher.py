"""The servers that tests start: which programs, as whom, how they end, and what a test sees of them."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from ordercore_postgres.testing import Databases, NoPostgres, PostgresServer, found_binaries
from ordercore_postgres.testing.account import Account, account, reachable
from ordercore_postgres.testing.binaries import ADDRESS_VARIABLE, BIN_VARIABLE
from ordercore_postgres.testing.plugin import majors
from ordercore_postgres.testing.processes import children_of


def ask(address, statement):
    with psycopg.connect(address) as connection:
        return connection.execute(statement).fetchone()[0]


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Killed, its parent too, and not yet reaped by the first process of the machine: in a container perhaps never.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False  # it went just now
    except FileNotFoundError:
        return not Path("/proc/self/stat").exists()  # so did it, unless this system has no such files


class TestPrograms:
    def test_a_folder_that_was_named_is_the_only_one_looked_at(self):
        newest, *others = found_binaries()
        chosen = others[-1] if others else newest
        assert found_binaries({BIN_VARIABLE: str(chosen.folder)}) == (chosen,)

    def test_several_folders_are_named_as_in_path_and_the_newest_comes_first(self):
        found = found_binaries()
        named = os.pathsep.join(str(each.folder) for each in reversed(found))
        assert found_binaries({BIN_VARIABLE: named}) == found

    def test_a_named_folder_without_postgres_is_refused_with_three_ways_out(self, tmp_path):
        with pytest.raises(NoPostgres, match=BIN_VARIABLE) as refused:
            found_binaries({BIN_VARIABLE: str(tmp_path)})
        for way in (ADDRESS_VARIABLE, BIN_VARIABLE, "pip install", 'pytest -m "not postgres"'):
            assert way in refused.value.hint

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as somebody else")
    def test_programs_in_a_home_that_nobody_may_enter_are_taken_along_with_their_libraries(self):
        server = PostgresServer()
        home = server.folder / "home"
        try:
            original = found_binaries()[0].folder.parent
            shutil.copytree(original, home / "package" / "pg", copy_function=os.link)
            for libraries in original.parent.parent.glob(f"{original.parent.name}.libs"):
                shutil.copytree(libraries, home / "package.libs", copy_function=os.link)
            (inside,) = found_binaries({BIN_VARIABLE: str(home / "package" / "pg" / "bin")})
            home.chmod(0o700)
            taken = reachable(inside, Account("nobody"), server.folder)
            assert taken.folder != inside.folder
            assert f"(PostgreSQL) {inside.major}" in Account("nobody").run(
                [taken.folder / "postgres", "--version"], {}, server.folder
            )
        finally:
            server.close()

    def test_root_starts_servers_as_nobody_and_others_as_themselves(self):
        assert account().name == ("nobody" if os.geteuid() == 0 else None)


def test_who_asks_at_run_time_only_gets_the_newest(request):
    version = int(ask(request.getfixturevalue("ordercore_postgres_address"), "show server_version_num"))
    assert version // 10_000 == majors()[0] or majors() == (0,)


@pytest.mark.every_postgres
class TestServer:
    def test_it_is_of_the_version_that_was_asked_for(self, ordercore_postgres_address, ordercore_postgres_major):
        version = int(ask(ordercore_postgres_address, "show server_version_num"))
        assert version // 10_000 == ordercore_postgres_major or ordercore_postgres_major == 0

    def test_after_somebody_asked_at_run_time_it_still_is(self, request, ordercore_postgres_major):
        """A database for which no version was named has been given out before; it stands on another server."""
        found = request.getfixturevalue("ordercore_postgres_address")
        assert (
            int(ask(found, "show server_version_num")) // 10_000 == ordercore_postgres_major
            or not ordercore_postgres_major
        )

    def test_what_was_committed_survives_the_kill_of_all_its_processes(self, ordercore_postgres_launch):
        server = ordercore_postgres_launch(durable=True)
        connection = psycopg.connect(server.address())
        connection.execute("create table kept as select 1 as id")
        connection.commit()
        connection.execute("insert into kept values (2)")
        family = [server._pid, *children_of(server._pid)]
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.commit()
        connection.close()
        assert len(family) > 4
        until(lambda: not any(map(alive, family)))
        server.start()
        assert ask(server.address(), "select array_agg(id) from kept") == [1]
        assert ask(server.address(), "show fsync") == "on"


class TestEnd:
    def test_a_closed_server_leaves_no_process_and_no_file(self):
        with PostgresServer() as server:
            pid = server._pid
            assert ask(server.address(), "select 1") == 1
        assert not alive(pid)
        assert not server.folder.exists()

    def test_a_server_ends_with_the_tests_even_if_they_are_killed(self):
        start = (
            "from ordercore_postgres.testing import PostgresServer; import time; "
            "s = PostgresServer().start(); print(s.folder, s._pid, flush=True); time.sleep(60)"
        )
        tests = subprocess.Popen([sys.executable, "-c", start], stdout=subprocess.PIPE, text=True)
        folder, pid = tests.stdout.readline().split()
        assert alive(int(pid))
        tests.kill()
        tests.communicate()
        until(lambda: not alive(int(pid)) and not Path(folder).exists())

    def test_one_that_does_not_start_says_why(self):
        server = PostgresServer(settings={"shared_buffers": "none"})
        with pytest.raises(NoPostgres, match="shared_buffers"):
            server.start()
        server.close()
        assert not server.folder.exists()

    def test_no_variable_of_the_user_changes_where_an_address_leads(self, ordercore_postgres_address, monkeypatch):
        for name, value in {"PGPORT": "1", "PGHOST": "nowhere", "PGUSER": "nobody", "PGDATABASE": "none"}.items():
            monkeypatch.setenv(name, value)
        assert ask(ordercore_postgres_address, "select 1") == 1


class TestDatabases:
    def test_a_test_has_a_database_of_its_own(self, ordercore_postgres_databases: Databases):
        with ordercore_postgres_databases.fresh() as one, ordercore_postgres_databases.fresh() as two:
            with psycopg.connect(one) as connection:
                connection.execute("create table mine (id integer)")
            assert ask(one, "select to_regclass('mine') is not null")
            assert not ask(two, "select to_regclass('mine') is not null")
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(one)

    def test_a_schema_is_as_good_as_a_database_of_its_own(self, ordercore_postgres_databases: Databases):
        within = Databases(ordercore_postgres_databases.create())
        with within.fresh_schema() as one, within.fresh_schema() as two:
            for address in (one, two):
                with psycopg.connect(address) as connection:
                    connection.execute("create table mine (id integer)")
            assert ask(one, "select current_schema()") != ask(two, "select current_schema()")
        assert ask(within.address, "select count(*) from pg_class where relname = 'mine'") == 0
        ordercore_postgres_databases.drop(within.address)

    def test_a_template_is_prepared_once_and_copied(self, ordercore_postgres_databases: Databases):
        prepared = []

        def prepare(address):
            prepared.append(address)
            with psycopg.connect(address) as connection:
                connection.execute("create table item as select generate_series(1, 3) as id")

        for _ in range(2):
            name = ordercore_postgres_databases.template("ordercore_test_template", prepare)
            with ordercore_postgres_databases.fresh(name) as address:
                assert ask(address, "select count(*) from item") == 3
        assert len(prepared) == 1
        ordercore_postgres_databases.drop(ordercore_postgres_databases.at(name))


ASKS = """
import psycopg
import pytest

@pytest.mark.every_postgres
def test_it_asks(ordercore_postgres_address):
    assert psycopg.connect(ordercore_postgres_address).execute("select 1").fetchone() == (1,)

def test_it_does_not():
    pass
"""


def outcome(folder, *options, **environ):
    (folder / "test_it.py").write_text(ASKS)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "ORDERCORE"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *options, "test_it.py"],
        cwd=folder, env=inherited | environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


class TestPlugin:
    def test_without_any_postgres_the_tests_that_need_it_fail_with_three_ways_out(self, tmp_path):
        code, said = outcome(tmp_path, **{BIN_VARIABLE: str(tmp_path)})
        assert code == pytest.ExitCode.TESTS_FAILED
        assert "1 passed" in said
        assert "skipped" not in said
        for way in (ADDRESS_VARIABLE, BIN_VARIABLE, "pip install"):
            assert way in said

    def test_the_tests_that_need_none_are_chosen_by_the_mark(self, tmp_path):
        code, said = outcome(tmp_path, "-m", "not postgres", **{BIN_VARIABLE: str(tmp_path)})
        assert (code, "1 passed, 1 deselected" in said) == (pytest.ExitCode.OK, True), said

    def test_a_server_that_was_named_is_used_and_nothing_is_started(self, tmp_path, ordercore_postgres_databases):
        address = ordercore_postgres_databases.address
        code, said = outcome(tmp_path, **{ADDRESS_VARIABLE: address, BIN_VARIABLE: str(tmp_path)})
        assert (code, "2 passed" in said) == (pytest.ExitCode.OK, True), said

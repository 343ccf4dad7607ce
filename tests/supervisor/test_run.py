"""``run``: one command that starts everything, keeps it alive and takes it down, or says in one sentence why not."""

import os
import re
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.access.models import Account
from app.apps.models import App
from app.core.machine.initdb import ROLES
from app.login.models import User
from app.people.models import Person
from tests.postgres import server
from tests.supervisor.running import Installation, until


@pytest.fixture
def installation(request: pytest.FixtureRequest) -> Iterator[Installation]:
    """Nothing has been started here yet."""
    with tempfile.TemporaryDirectory(prefix="swru", dir="/tmp") as folder:
        yield Installation(Path(folder), request.config.getoption("--postgres"))


@pytest.fixture(scope="module")
def template(request: pytest.FixtureRequest) -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="swru", dir="/tmp") as folder:
        first = Installation(Path(folder) / "first", request.config.getoption("--postgres"))
        done = first.command("migrate")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        yield first


@pytest.fixture
def made(installation: Installation, template: Installation) -> Installation:
    """The database is there and migrated."""
    subprocess.run(["cp", "-a", *template.home.iterdir(), installation.home], check=True)
    return installation


def refusal(installation: Installation, **changes: str) -> str:
    """The one sentence with which ``run`` refuses."""
    done = installation.command("run", **changes)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    return done.stderr.strip()


def nothing_is_left(installation: Installation) -> bool:
    return not installation.processes()


def test_it_says_where_it_is_and_ctrl_c_leaves_nothing_behind(installation: Installation) -> None:
    with installation.run() as running:
        at = f"http://127.0.0.1:{installation.port}"
        assert running.said[0] == f"Stackwarden is at {at}"
        assert running.said[1].startswith("Relaxed rules: ")
        assert running.said[2].startswith(f"Set up: {at}/")
        assert running.get("/healthz") == 200
        assert len(installation.processes()) > 3
        assert running.stop(signal.SIGINT) == 0
    assert "Traceback" not in "\n".join(running.complained)
    assert nothing_is_left(installation)
    with socket.socket() as free:
        free.bind(("127.0.0.1", installation.port))


def test_a_free_port_is_taken_for_port_0(made: Installation) -> None:
    with made.run(PORT="0") as running:
        found = re.fullmatch(r"Stackwarden is at http://127\.0\.0\.1:([1-9][0-9]*)", running.said[0])
        assert found is not None
        made.port = int(found.group(1))
        assert running.get("/healthz") == 200
        assert f":{made.port}/" in running.said[2]


def test_a_second_start_is_refused_and_the_first_goes_on(made: Installation) -> None:
    with made.run() as running:
        expected = f"Stackwarden is already running on {made.data_dir} (pid {running.process.pid})."
        assert refusal(made, PORT="0") == expected
        assert running.get("/readyz") == 200


def test_a_busy_port_is_refused_by_its_number(installation: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", installation.port))
        taken.listen()
        assert f"Port {installation.port} on 127.0.0.1 is in use" in refusal(installation)
    assert nothing_is_left(installation)


def test_a_port_that_another_stackwarden_shares_out_is_busy_too(installation: Installation) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", installation.port))
        taken.listen()
        assert f"Port {installation.port} on 127.0.0.1 is in use" in refusal(installation)


def test_settings_that_cannot_work_are_refused_by_their_name(installation: Installation) -> None:
    assert "STACKWARDEN_PROT is not a setting. Did you mean STACKWARDEN_PORT?" in refusal(installation, PROT="1")
    assert "host 0.0.0.0 is not loopback" in refusal(installation, HOST="0.0.0.0")
    assert "STACKWARDEN_DATABASE_URL must be an address such as postgresql://" in refusal(
        installation, DATABASE_URL="mysql://nobody@localhost/x"
    )
    assert "key_file must not lie inside data_dir" in refusal(installation, KEY_FILE=f"{installation.data_dir}/key")
    assert not installation.data_dir.exists()


def test_a_database_that_does_not_answer_is_refused(installation: Installation) -> None:
    sentence = refusal(installation, DATABASE_URL="postgresql://someone:secret@127.0.0.1:1/none")
    assert sentence.startswith("The database cannot be reached: ")
    assert "secret" not in sentence


def test_another_key_file_is_refused(made: Installation) -> None:
    made.key_file.unlink()
    assert refusal(made) == f"The key file {made.key_file} does not exist."
    other = Installation(made.home / "other", made.version)
    assert other.command("migrate").returncode == 0
    expected = f"The key file {other.key_file} does not belong to the data in {made.data_dir}."
    assert refusal(made, KEY_FILE=str(other.key_file)) == expected


def test_a_data_directory_that_is_a_file_is_refused(installation: Installation) -> None:
    installation.data_dir.touch()
    assert refusal(installation) == f"The data directory {installation.data_dir} cannot be written: File exists."


def test_a_database_of_another_version_is_refused_and_the_web_process_that_waits_for_it_ends(
    made: Installation,
) -> None:
    (made.data_dir / "postgresql" / "data" / "PG_VERSION").write_text("15\n")
    assert "was made by PostgreSQL 15" in refusal(made)
    assert nothing_is_left(made)


def test_postgresql_comes_back_after_kill_9_of_its_postmaster(made: Installation) -> None:
    with made.run() as running:
        running.kill_one("postgres")
        running.wait_for("/readyz")
        assert running.process.poll() is None


def test_web_and_worker_come_back_after_kill_9(made: Installation) -> None:
    with made.run(WEB_PROCESSES="2") as running:
        web = running.kill_one("serve")
        worker = running.kill_one("work")
        assert {web, worker}.isdisjoint(made.processes())
        for _ in range(8):  # the sockets of both web processes answer
            assert running.get("/healthz") == 200


def test_it_starts_again_after_kill_9_of_the_supervisor(made: Installation) -> None:
    with made.run() as first:
        first.process.kill()
        first.process.wait()
        with made.run() as second:
            assert second.get("/readyz") == 200
            assert second.stop() == 0
    until(lambda: nothing_is_left(made), lambda: str(made.processes()))


def test_web_and_worker_get_the_application_role_only_and_cannot_be_looked_into(made: Installation) -> None:
    with made.run() as running:
        for child in running.children("serve") | running.children("work"):
            process = Path(f"/proc/{child}")
            assert (process / "environ").stat().st_uid == 0
            assert re.search(r"Max core file size +0 +0 ", (process / "limits").read_text())
            if os.geteuid() == 0:
                environment = (process / "environ").read_text()
                assert ROLES["app"] in environment
                assert ROLES["owner"] not in environment


def test_a_start_on_a_database_of_this_version_loads_no_migrations(
    made: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    loaded = {line.rpartition("|")[2].strip() for line in made.command("migrate").stderr.splitlines()}
    assert "migrations.run" in loaded
    assert not {name for name in loaded if name.startswith("alembic")}


def test_commands_work_beside_a_running_installation_and_without_one(made: Installation) -> None:
    with made.run():
        link = made.command("setup-link")
        assert re.fullmatch(rf"http://127\.0\.0\.1:{made.port}/\S+\n", link.stdout)
        assert made.command("doctor").returncode == 0
    alone = made.command("doctor")
    assert (alone.returncode, alone.stderr) == (0, "")
    assert "BAD" not in alone.stdout
    assert nothing_is_left(made)


def test_the_doctor_names_what_is_missing_and_makes_nothing(installation: Installation) -> None:
    found = installation.command("doctor")
    assert found.returncode == 1
    assert f"BAD   The key file {installation.key_file} does not exist." in found.stdout
    assert not installation.data_dir.exists()
    assert not installation.key_file.exists()


def test_a_server_of_ones_own_gets_the_application_role_from_its_owner(installation: Installation) -> None:
    with server(installation.version) as own:
        with own.connect("postgres", "postgres") as connection:
            connection.execute("DROP DATABASE stackwarden")
            connection.execute("DROP ROLE stackwarden_app")
            connection.execute("ALTER ROLE stackwarden_owner CREATEROLE")
            connection.execute("CREATE DATABASE kept_elsewhere OWNER stackwarden_owner")
        with installation.run(DATABASE_URL=own.url("owner", "kept_elsewhere").replace("+psycopg", "")) as running:
            assert running.get("/readyz") == 200
            with own.connect("postgres", "kept_elsewhere") as connection:
                query = (
                    "SELECT DISTINCT usename FROM pg_stat_activity"
                    " WHERE datname = 'kept_elsewhere' AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
                )
                users = until(lambda: connection.execute(query).fetchall(), lambda: "nobody is connected")
            assert users == [("stackwarden_app",)]
    assert not (installation.data_dir / "postgresql").exists()


def test_a_server_of_ones_own_with_two_addresses_runs_as_the_lesser_role(installation: Installation) -> None:
    with server(installation.version) as own:
        addresses = {"OWNER_DATABASE_URL": own.url("owner"), "DATABASE_URL": own.url("app")}
        with installation.run(**addresses) as running:
            assert running.get("/readyz") == 200


def test_a_role_with_a_password_of_another_key_is_refused(installation: Installation) -> None:
    with server(installation.version) as own:
        sentence = refusal(installation, DATABASE_URL=own.url("owner"))
    assert 'password authentication failed for user "stackwarden_app"' in sentence


def test_a_demonstration_says_so_and_fills_itself_once(made: Installation) -> None:
    with made.run("--demo") as running:
        assert running.said[1].startswith("Demo: ")
        assert running.said[2].startswith("Set up: ")
        assert running.get("/readyz") == 200
        assert _counts(made) == [420, 130, 2600, 0]
        again = made.command("demo", DEMO="true")
        assert (again.returncode, again.stderr) == (0, "")
        assert _counts(made) == [420, 130, 2600, 0]


def _counts(filled: Installation) -> list[int]:
    """People, apps, accounts and users; some people have left and kept accounts."""
    with filled.database() as database, database.transaction() as db:
        left = sa.select(sa.func.count(Account.person_id.distinct())).join(Person, Person.id == Account.person_id)
        assert db.value(left.where(Person.status == "left")) > 5
        return [db.value(sa.select(sa.func.count()).select_from(table)) for table in (Person, App, Account, User)]

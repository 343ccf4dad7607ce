"""The embedded PostgreSQL: made once, private, and back after every kind of death."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from app.core.errors import StartRefused
from app.core.keys import MasterKey
from app.core.machine.data_dir import AlreadyRunning, claim, open_key
from app.core.machine.embedded import Embedded, binaries
from app.core.machine.initdb import Role
from app.core.machine.unprivileged import Account, account, command
from app.core.settings import Settings

pytestmark = pytest.mark.database

KEY = MasterKey(b"\x05" * 32)
ROOT = Path(__file__).parents[2]
NOBODY = Account(65534, 65534)


@pytest.fixture
def home() -> Iterator[Path]:
    """A short path, because a socket's path is short; private, as a person's home is."""
    with tempfile.TemporaryDirectory(prefix="swem", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def settings(home: Path, request: pytest.FixtureRequest) -> Settings:
    return Settings(
        data_dir=home / "data", key_file=home / "key", postgres_version=request.config.getoption("--postgres")
    )


@pytest.fixture(scope="module")
def first(request: pytest.FixtureRequest) -> Iterator[Path]:
    """What a first start makes, to be copied: making it takes longer than most that is tried here."""
    with tempfile.TemporaryDirectory(prefix="swem", dir="/tmp") as folder:
        version = request.config.getoption("--postgres")
        settings = Settings(data_dir=Path(folder) / "d", key_file=Path(folder) / "key", postgres_version=version)
        server = Embedded(settings, KEY)
        server.start()
        server.stop()
        yield settings.data_dir


@pytest.fixture
def start(settings: Settings, first: Path) -> Iterator[Callable[..., Embedded]]:
    """Starts an embedded server that is stopped after the test."""
    made: list[Embedded] = []

    def start(key: MasterKey = KEY, **changes: object) -> Embedded:
        wanted = settings.model_copy(update=changes)
        if not wanted.data_dir.exists():
            subprocess.run(["cp", "-a", first, wanted.data_dir], check=True)
        server = Embedded(wanted, key)
        made.append(server)
        server.start()
        return server

    yield start
    for server in made:
        server.stop()


def connect(server: Embedded, role: Role) -> psycopg.Connection:
    return psycopg.connect(server.url(role).replace("+psycopg", ""), autocommit=True)


def ask(server: Embedded, role: Role, statement: str) -> object:
    with connect(server, role) as connection:
        row = connection.execute(statement).fetchone()
    assert row is not None
    return row[0]


def keep(server: Embedded, value: str) -> None:
    with connect(server, "owner") as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [value])


def postmaster(settings: Settings) -> int:
    return int((settings.data_dir / "postgresql" / "data" / "postmaster.pid").read_text().splitlines()[0])


def test_a_wrong_password_and_no_password_are_refused(start, settings: Settings) -> None:
    server = start()
    stranger = Embedded(settings, MasterKey(b"\x06" * 32))
    for url in (
        stranger.url("postgres"),
        stranger.url("app"),
        server.url("app").replace(KEY.password("stackwarden_app"), ""),
    ):
        with pytest.raises(psycopg.OperationalError, match=r"password"):
            psycopg.connect(url.replace("+psycopg", ""))


def test_neither_role_is_mighty_and_the_app_role_makes_no_tables(start) -> None:
    server = start()
    for role in ("owner", "app"):
        mighty = "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls FROM pg_roles"
        assert ask(server, role, f"{mighty} WHERE rolname = current_user") is False
    with connect(server, "app") as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (id int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT pg_read_file('/etc/passwd')")
        connection.execute("CREATE TEMPORARY TABLE staged (id int)")


def test_it_listens_on_a_private_socket_only_and_checks_its_pages(start, settings: Settings) -> None:
    server = start()
    assert ask(server, "postgres", "SHOW listen_addresses") == ""
    assert ask(server, "postgres", "SHOW data_checksums") == "on"
    assert ask(server, "postgres", "SHOW synchronous_commit") == "on"
    assert ask(server, "app", "SHOW server_encoding") == "UTF8"
    assert (settings.data_dir / "postgresql").stat().st_mode & 0o777 == 0o700
    assert Path(f"/proc/{postmaster(settings)}").stat().st_uid != 0


def test_characters_outside_ascii_are_letters(start) -> None:
    assert ask(start(), "app", "SELECT upper('éñ') || ('é' ~ '\\w')") == "ÉÑtrue"


def test_folders_above_ours_keep_their_mode(home: Path, start, settings: Settings) -> None:
    start()
    assert home.stat().st_mode & 0o777 == 0o700
    assert settings.data_dir.stat().st_uid == os.geteuid()


def test_a_second_start_is_refused_and_names_the_first(start, settings: Settings) -> None:
    start()
    with pytest.raises(AlreadyRunning, match=rf"already running on .*data \(pid {os.getpid()}\)"):
        Embedded(settings, KEY).start()
    assert ask(Embedded(settings, KEY), "app", "SELECT 1") == 1


def test_the_data_are_there_after_a_stop_and_a_start(start) -> None:
    server = start()
    keep(server, "first")
    server.stop()
    assert not server.is_running()
    server.start()
    assert ask(server, "owner", "SELECT value FROM kept") == "first"


def test_it_comes_back_after_kill_9_of_its_postmaster_with_a_query_under_way(start, settings: Settings) -> None:
    server = start()
    keep(server, "acknowledged")
    busy = connect(server, "owner")
    running = threading.Event()

    def query() -> None:
        running.set()
        with pytest.raises(psycopg.OperationalError):
            busy.execute("SELECT count(*) FROM generate_series(1, 100000000000)")

    thread = threading.Thread(target=query)
    thread.start()
    running.wait()
    os.kill(postmaster(settings), signal.SIGKILL)
    assert server.wait() == -signal.SIGKILL
    assert not server.is_running()
    server.start()
    thread.join()
    busy.close()
    assert ask(server, "owner", "SELECT value FROM kept") == "acknowledged"


def test_nothing_acknowledged_is_lost_however_often_its_postmaster_is_killed(
    start, settings: Settings, counted: Callable[[int, int], int]
) -> None:
    server = start()
    times = counted(3, 60)
    for number in range(times):
        keep(server, str(number))
        os.kill(postmaster(settings), signal.SIGKILL)
        server.wait()
        server.start()
    assert ask(server, "owner", "SELECT count(DISTINCT value) FROM kept") == times


def test_it_comes_back_after_kill_9_of_the_process_that_started_it(start, settings: Settings) -> None:
    script = (
        "from pathlib import Path; from app.core.machine.embedded import Embedded; from app.core.keys import MasterKey;"
        "from app.core.settings import Settings; import sys, time;"
        "s = Settings(data_dir=Path(sys.argv[1]), key_file=Path(sys.argv[2]), postgres_version=int(sys.argv[3]));"
        "e = Embedded(s, MasterKey(b'\\x05' * 32)); e.start(); print('up', flush=True); time.sleep(600)"
    )
    arguments = [str(settings.data_dir), str(settings.key_file), str(settings.postgres_version)]
    with subprocess.Popen([sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, cwd=ROOT) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"up\n"
        keep(Embedded(settings, KEY), "acknowledged")
        first.kill()
    assert ask(start(), "owner", "SELECT value FROM kept") == "acknowledged"


def test_a_postmaster_that_outlived_its_starter_is_ended_before_a_new_one_starts(start, settings: Settings) -> None:
    server = start()
    arguments = Path(f"/proc/{postmaster(settings)}/cmdline").read_text().rstrip("\0").split("\0")
    server.stop()
    data = settings.data_dir / "postgresql" / "data"
    reads = (data, binaries(settings.postgres_version) / "postgres")
    with subprocess.Popen(command(arguments, account(data), reads=reads), stderr=subprocess.DEVNULL) as orphan:
        while not server.is_ready():
            assert orphan.poll() is None
        server.start()
        assert orphan.wait() == 0
    assert postmaster(settings) != orphan.pid
    assert ask(server, "app", "SELECT 1") == 1


def test_a_note_of_a_dead_postmaster_whose_number_is_now_another_process_does_not_stop_it(
    start, settings: Settings
) -> None:
    start().stop()
    stale = f"{os.getpid()}\n{settings.data_dir}/postgresql/data\n1\n5432\n/tmp\n\n\nready\n"
    (settings.data_dir / "postgresql" / "data" / "postmaster.pid").write_text(stale)
    assert ask(start(), "app", "SELECT 1") == 1


def test_files_that_were_never_finished_are_made_anew(start, settings: Settings) -> None:
    half = settings.data_dir / "postgresql" / "data.new"
    start().stop()
    (settings.data_dir / "postgresql" / "data").rename(half)
    (half / "PG_VERSION").unlink()
    assert ask(start(), "app", "SELECT 1") == 1
    assert not half.exists()


def test_another_key_is_refused_and_the_right_one_still_opens(start, settings: Settings) -> None:
    start().stop()
    with pytest.raises(StartRefused, match=r"The key file .*key does not belong to the data in .*data\."):
        start(MasterKey(b"\x06" * 32))
    assert ask(start(), "app", "SELECT 1") == 1


def test_a_key_file_that_is_gone_is_not_made_anew_where_there_are_data(start, settings: Settings) -> None:
    start().stop()
    with pytest.raises(StartRefused, match="does not exist"):
        open_key(settings.data_dir, settings.key_file)
    assert not settings.key_file.exists()


def test_files_of_another_major_version_are_refused(start, settings: Settings) -> None:
    start().stop()
    other = {16: 18, 18: 16}[settings.postgres_version]
    with pytest.raises(StartRefused, match=f"made by PostgreSQL {settings.postgres_version}, not {other}"):
        start(postgres_version=other)


def test_files_that_postgresql_cannot_read_are_refused_in_one_sentence(start, settings: Settings) -> None:
    start().stop()
    (settings.data_dir / "postgresql" / "data" / "global" / "pg_control").write_bytes(b"")
    with pytest.raises(
        StartRefused, match=r"^PostgreSQL did not start: .*pg_control.* Its log is .*postgresql\.log\.$"
    ):
        start()


def test_a_data_directory_that_cannot_be_written_is_refused(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o555)
    home.chmod(0o755)
    script = (
        "import sys; from pathlib import Path; from app.core.machine.data_dir import claim; "
        "claim(Path(sys.argv[1]) / 'data')"
    )
    arguments = [sys.executable, "-c", script, str(closed)]
    if os.geteuid() == 0:
        arguments = command(arguments, NOBODY, reads=[Path(sys.executable).resolve(), ROOT / "app"])
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=ROOT, check=False)
    assert f"The data directory {closed}/data cannot be written: Permission denied." in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
def test_a_full_disk_is_refused(home: Path) -> None:
    small = home / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", small], check=True)
    try:
        with pytest.raises(StartRefused, match=r"The disk that holds .*small is full: [0-9] MB are free"):
            claim(small)
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_long_path_gets_its_socket_elsewhere_and_private(start, home: Path) -> None:
    server = start(data_dir=home / ("long" * 30))
    assert ask(server, "app", "SELECT 1") == 1
    assert len(str(server.url("app"))) < 300
    folder = Path(str(ask(server, "postgres", "SHOW unix_socket_directories")).strip('"'))
    assert folder.stat().st_mode & 0o777 == 0o700
    server.stop()
    folder.rmdir()


def test_a_folder_that_others_may_enter_is_not_used(start, settings: Settings) -> None:
    folder = settings.data_dir / "postgresql"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    with pytest.raises(StartRefused, match="is not a private folder of ours"):
        start()
    folder.rmdir()
    folder.symlink_to(settings.data_dir.parent)
    with pytest.raises(StartRefused, match="is not a private folder of ours"):
        start()


def test_no_statement_and_no_value_reaches_the_log(start, settings: Settings) -> None:
    server = start()
    keep(server, "ok")
    with connect(server, "owner") as connection:
        connection.execute("CREATE UNIQUE INDEX ON kept (value)")
        connection.execute("DO $$ BEGIN RAISE WARNING 'canary-1a4d'; END $$")
        for statement in (
            "SELECT 'canary-7d1f'::uuid",
            "INSERT INTO kept SELECT 'canary-8e2a' FROM generate_series(1, 2)",
            "SELEC 'canary-9b3c'",
            "COPY kept FROM '/canary-2c5b'",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement)
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT %s::uuid", ["canary-6f4e"])
    server.stop()
    assert "canary" not in (settings.data_dir / "postgresql.log").read_text()

"""LOG-02: as many events as tries, each equal to the client's own list."""

from collections.abc import Callable

from app.core.database import Database
from tests.drills import sign_in
from tests.login.installation import make_app
from tests.peers.web_server import served

HOST = "stackwarden.example.com"


def test_many_mixed_sign_ins_at_once_are_exactly_as_many_events(
    database: Database, counted: Callable[[int, int], int]
) -> None:
    tries = counted(60, 1000)
    with database.transaction() as db:
        members = sign_in.prepare(db, tries)
    with served(make_app(database, trusted=("127.0.0.0/8",))) as port:
        tried = sign_in.run(port, HOST, members, tries=tries, parallel=16)
    assert len(tried) >= tries
    assert {each.outcome for each in tried} >= {"success", "failure"}
    with database.transaction() as db:
        assert sign_in.differences(db, tried) == []


def test_the_drill_sees_a_missing_and_a_wrong_event(database: Database) -> None:
    with database.transaction() as db:
        members = sign_in.prepare(db, 8)
    with served(make_app(database, trusted=("127.0.0.0/8",))) as port:
        tried = sign_in.run(port, HOST, members, tries=8, parallel=4)
    with database.transaction() as db:
        assert sign_in.differences(db, tried) == []
        assert sign_in.differences(db, tried[1:]) != []
        wrong = sign_in.Tried(**{**vars(tried[0]), "ip": "203.0.113.1"})
        assert sign_in.differences(db, [wrong, *tried[1:]]) != []

"""What ends a right ends it at the next request, in every process (SES-03): nothing of sessions, keys or rights is kept.

A second application over the same database stands for another process; what happens goes through the first.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.attacks.estate import Estate, opened
from tests.attacks.wire import Wire

Act = Callable[[Estate], None]
WHO = "it"  # whose rights end


@pytest.fixture
def elsewhere(fresh: Estate) -> Iterator[Wire]:
    """Another process."""
    with opened(fresh.settings) as (_, line):
        yield line


def _user(estate: Estate, act: str, form: dict[str, object] | None = None) -> int:
    target = f"/settings/users/{estate.known[WHO].id}/{act}"
    return estate.ask("owner", "POST", target, form=form or {}).status


ENDS: dict[str, Act] = {
    "deactivated": lambda estate: _done(_user(estate, "deactivation"), 303),
    "given another role": lambda estate: _done(_user(estate, "profile", {"name": "I", "roles": ["employee"]}), 303),
    "sessions ended by an administrator": lambda estate: _done(_user(estate, "session-end"), 303),
    "factors reset": lambda estate: _done(_user(estate, "factor-reset"), 200),
    "ended from another browser": lambda estate: _done(
        estate.ask(WHO, "POST", "/settings/sessions/others/end", form={}).status, 303
    ),
}


def _done(status: int, wanted: int) -> None:
    assert status == wanted


@pytest.mark.parametrize("how", ENDS)
def test_a_session_is_over_everywhere_at_the_next_request(fresh: Estate, elsewhere: Wire, how: str) -> None:
    headers = fresh.headers(WHO)
    asks = [fresh.prepare(headers, "GET", path) for path in ("/people", "/api/v1/people", "/people.csv")]
    for line in (fresh.wire, elsewhere):
        assert [line.send(ask).status for ask in asks] == [200, 200, 200]
    ENDS[how](fresh)
    for line in (elsewhere, fresh.wire):
        assert all(line.send(ask).is_refused_to_strangers for ask in asks)


def test_signing_out_ends_the_session_whatever_becomes_of_the_cookie(fresh: Estate, elsewhere: Wire) -> None:
    headers = fresh.headers(WHO)
    assert elsewhere.send(fresh.prepare(headers, "GET", "/people")).status == 200
    assert fresh.ask(headers, "POST", "/sign-out", form={}).header("location") == "/sign-in?said=signed-out"
    assert elsewhere.send(fresh.prepare(headers, "GET", "/people")).is_refused_to_strangers


def test_a_new_secret_of_a_session_kills_the_old_one(fresh: Estate, elsewhere: Wire) -> None:
    headers = fresh.headers("victim")
    form = {"code": fresh.known["victim"].code(), "next": "/"}
    stepped = fresh.ask(headers, "POST", "/step-up", form=form)
    assert stepped.status == 303
    new = {**headers, "cookie": stepped.every("set-cookie")[0].partition(";")[0]}
    for line in (elsewhere, fresh.wire):
        assert line.send(fresh.prepare(headers, "GET", "/settings/security")).is_refused_to_strangers
        assert line.send(fresh.prepare(new, "GET", "/settings/security")).status == 200


@pytest.mark.parametrize("how", ["deactivated", "given another role", "revoked"])
def test_a_key_loses_its_rights_everywhere_at_the_next_request(fresh: Estate, elsewhere: Wire, how: str) -> None:
    key = fresh.key(WHO)
    ask = fresh.prepare({"authorization": f"Bearer {key}"}, "GET", "/api/v1/connections")
    assert elsewhere.send(ask).status == 200
    if how == "revoked":
        key_id = key.split("_")[1]
        revoked = fresh.ask(WHO, "POST", f"/settings/api-keys/{key_id}/revocation", form={})
        assert revoked.status == 303
    else:
        ENDS[how](fresh)
    for line in (elsewhere, fresh.wire):
        assert line.send(ask).status == (403 if how == "given another role" else 401)


def test_rows_that_are_no_longer_ones_own_are_gone_at_the_next_request(fresh: Estate, elsewhere: Wire) -> None:
    headers, app = fresh.headers("app_owner"), f"/apps/{fresh.ids['app_id']}"
    asks = [fresh.prepare(headers, "GET", path) for path in (app, f"{app}/users", f"/people/{fresh.ids['person_id']}")]
    assert [elsewhere.send(ask).status for ask in asks] == [200, 200, 200]
    given = fresh.ask("owner", "POST", f"{app}/owner", form={"owner": "employee@corp.example"})
    assert given.status == 303
    assert [elsewhere.send(ask).status for ask in asks] == [404, 404, 404]


def test_a_name_that_was_changed_is_found_in_every_process_at_the_next_request(fresh: Estate, elsewhere: Wire) -> None:
    search = fresh.prepare(fresh.headers("owner"), "GET", "/people?q=renamed")
    assert b"Renamed Holder" not in elsewhere.send(search).body
    form = {"display_name": "Renamed Holder", "email": "hilda@corp.example"}
    assert fresh.ask("owner", "POST", f"/people/{fresh.ids['person_id']}/edit", form=form).status == 303
    assert b"Renamed Holder" in elsewhere.send(search).body


def test_a_second_owner_cannot_be_locked_out_by_a_session_that_is_over(fresh: Estate) -> None:
    """A session that has ended does nothing more, not even what it was about to do."""
    headers = fresh.headers("administrator")
    assert fresh.ask(headers, "POST", "/sign-out", form={}).status == 303
    before = fresh.rows()
    form = {"name": "X", "email": "x@corp.example", "roles": ["administrator"]}
    assert fresh.ask(headers, "POST", "/settings/users", form=form).is_refused_to_strangers
    assert fresh.rows() == before

"""Addresses: ids that are none, parameters that are nonsense, cursors that were broken or belong to another list."""

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attacks.estate import Estate
from tests.attacks.samples import samples, writes
from tests.attacks.traps import QUERIES, SEGMENTS
from tests.attacks.wire import Answer
from tests.routes import Route, all_routes

READS = [route for route in all_routes() if route.method == "GET"]
LISTS = [route for route in READS if "cursor" in route.query or route.path.endswith(".csv")]
# Pages read these out of the address themselves.
FREE = (
    "view",
    "q",
    "status",
    "type",
    "team",
    "location",
    "cost_centre",
    "category",
    "source",
    "kind",
    "linked",
    "target",
)
SORTS = ("name", "-name", "id", "status", "changed", "email", "team", "start_date", "-last_login", "seen_from", "app")


def _answered(answer: Answer, what: str) -> None:
    assert answer.status < 500, f"{what}: {answer.status}"
    assert answer.status in {200, 303, 400, 404, 409, 422}, f"{what}: {answer.status}"
    assert b"\r\nSet-Cookie" not in b"".join(value for _, value in answer.headers), what


@pytest.mark.parametrize(
    "route", [route for route in READS if route.query or route in LISTS], ids=lambda route: route.key
)
def test_a_parameter_that_is_nonsense_is_no_failure(
    spoiled: Estate, route: Route, counted: Callable[[int, int], int], every: int
) -> None:
    headers, path = spoiled.headers("owner"), route.at(**spoiled.ids)
    traps = list(QUERIES.items())
    for number, name in enumerate(route.query):
        for trap, value in _some(traps, counted(4, len(traps)), number):
            _answered(spoiled.ask(headers, "GET", f"{path}?{name}={value}"), f"{name} = {trap}")
        twice = f"{path}?{name}=a&{name}=b&{name}[]=c&{name}[x]=d"
        _answered(spoiled.ask(headers, "GET", twice), f"{name} twice")
    if not route.is_api:
        for trap, value in traps[READS.index(route) % every :: every]:
            _answered(spoiled.ask(headers, "GET", f"{path}?" + "&".join(f"{name}={value}" for name in FREE)), trap)
        many = "&".join(f"{name}=x" for name in FREE for _ in range(200))
        _answered(spoiled.ask(headers, "GET", f"{path}?{many}"), "everything two hundred times")


def _some(traps: Sequence[tuple[str, str]], size: int, turn: int) -> list[tuple[str, str]]:
    """So many of them, others for each parameter, so that all are tried on some."""
    return [traps[(turn * 5 + step * 4) % len(traps)] for step in range(size)]


def test_limits_are_kept_to(estate: Estate) -> None:
    headers = estate.headers("owner")
    for route in LISTS:
        if "limit" not in route.query:
            continue
        path = route.at(**estate.ids)
        for limit in ("0", "-1", "1001", str(2**31), str(2**63), "9" * 400, "1.5", "1e3", "", "%00", "x"):
            assert estate.ask(headers, "GET", f"{path}?limit={limit}").status == 422, f"{route.key} {limit}"
        assert estate.ask(headers, "GET", f"{path}?limit=1000").status == 200


def test_an_id_that_is_none_is_not_found_or_refused(estate: Estate, every: int) -> None:
    headers = {**estate.headers("owner"), "hx-request": "true", "hx-request-type": "partial"}
    before = estate.rows(but=("sessions", "users", "events"))
    found = samples(estate)
    for number, route in enumerate((*READS, *writes())):
        for name in (part[1:-1] for part in route.path.split("/") if part.startswith("{")):
            for segment in SEGMENTS[number % every :: every]:
                path = route.path.replace(f"{{{name}}}", segment).format(**estate.ids)
                kind = "json" if route.is_api else "form"
                sent = {kind: found[route.key].sent or {}} if route.is_write and "file" not in path else {}
                answer = estate.ask(headers, route.method, path, **sent)
                assert answer.status in {400, 403, 404, 405, 409, 415, 422}, (
                    f"{route.method} {path[:80]}: {answer.status}"
                )
    assert estate.rows(but=("sessions", "users", "events")) == before


@pytest.fixture(scope="module")
def cursors(estate: Estate) -> dict[str, list[str]]:
    """A good cursor of every list, by the sort that it belongs to."""
    found: dict[str, list[str]] = {}
    headers = estate.headers("owner")
    for route in (route for route in LISTS if route.is_api):
        for sort in SORTS if "sort" in route.query else ("-id", "-at", "id"):
            asked = f"limit=1&sort={sort}" if "sort" in route.query else "limit=1"
            answer = estate.ask(headers, "GET", f"{route.at(**estate.ids)}?{asked}")
            if answer.status == 200 and (link := answer.json().get("next")):
                found.setdefault(sort, []).append(parse_qs(urlsplit(link).query)["cursor"][0])
    assert sum(map(len, found.values())) > 15
    return found


def test_a_cursor_of_another_list_is_no_failure(estate: Estate, cursors: dict[str, list[str]]) -> None:
    headers = estate.headers("owner")
    for route in LISTS:
        if "cursor" not in route.query:
            continue
        for sort, those in cursors.items():
            for cursor in those:
                question = f"cursor={cursor}&sort={sort}" if "sort" in route.query else f"cursor={cursor}"
                _answered(estate.ask(headers, "GET", f"{route.at(**estate.ids)}?{question}"), f"{route.key} {sort}")


def test_a_cursor_of_another_sort_is_refused(estate: Estate, cursors: dict[str, list[str]]) -> None:
    headers = estate.headers("owner")
    for sort, other in (("status", "name"), ("name", "-name"), ("name", "status")):
        for path in ("/api/v1/people", "/api/v1/apps"):
            for cursor in cursors[sort]:
                assert estate.ask(headers, "GET", f"{path}?sort={other}&cursor={cursor}").status == 422


def test_a_broken_cursor_is_refused(estate: Estate, cursors: dict[str, list[str]]) -> None:
    headers = estate.headers("owner")
    for cursor in _broken(cursors["name"][0]):
        for route in LISTS:
            if route.is_api:
                answer = estate.ask(headers, "GET", f"{route.at(**estate.ids)}?cursor={quote(cursor)}")
                assert answer.status == 422, f"{route.key} {cursor[:20]}"


def _broken(cursor: str) -> Iterator[str]:
    yield from (
        cursor[:-1],
        cursor[1:],
        cursor + "A",
        cursor.swapcase(),
        cursor[::-1],
        "A" * len(cursor),
        "=",
        "é",
        "null",
    )
    yield f"{cursor[:20]}{'A' if cursor[20] != 'A' else 'B'}{cursor[21:]}"


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_whatever_stands_in_an_address_is_answered_with_less_than_500(spoiled: Estate, data: st.DataObject) -> None:
    route: Route = data.draw(st.sampled_from(READS))
    names = st.sampled_from([*route.query, *FREE, "sort"]) | st.text(max_size=5)
    pairs = data.draw(st.lists(st.tuples(names, st.text(st.characters(), max_size=30)), max_size=4))
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)
    answer = spoiled.ask(spoiled.headers("owner"), "GET", f"{route.at(**spoiled.ids)}?{query}")
    assert answer.status < 500, query


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"))

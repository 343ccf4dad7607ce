"""The forms and what they must not swallow: a page with what is wrong, never a failure, nothing half written."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attacks.estate import Estate
from tests.attacks.samples import Sample, samples, writes
from tests.attacks.traps import DOUBTFUL, LONGEST, NUL, UNKNOWN
from tests.attacks.wire import FORM, MULTIPART, Answer, Ask, as_form, as_multipart
from tests.routes import Route

ROUTES = [route for route in writes() if route.takes_form]
# What an attempt leaves behind whatever comes of it: the trail, counts, a seed that is shown, whose session it was.
EVIDENCE = ("attempts", "events", "sessions", "throttle", "totp_enrolments", "users")
MIB = 1024 * 1024
REFUSED = {"NUL": NUL, "a control character": "a\x1b[2Jb", "far too long": "x" * (LONGEST + 1)}
NUMBERS = {text: text for text in (str(2**31), str(2**63), "-1", "0", "1e400", "nan", "\u0661\u0662")}
TEXTS = {trap: value for trap, value in DOUBTFUL.items() if isinstance(value, str)} | NUMBERS
TEXTS |= {"a surrogate": "a\ud800b", "a tick": "on", "line ends": "a\r\nb\rc\nd\u2028e"}


def _names(route: Route, sample: Sample) -> list[str]:
    declared = [] if route.form is None else list(route.form.model_fields)
    return sorted({*declared, *(sample.sent or {})} - {"file", "app_id" if "file" in (sample.sent or {}) else ""})


def _is_shown(answer: Answer) -> bool:
    """A page, or the way to one; for a person."""
    return answer.status in {303, 400, 404, 409, 422, 429} or (answer.status == 200 and b"<html" in answer.body)


def _each(estate: Estate, route: Route, traps: Mapping[str, Any], every: int = 1) -> Iterator[tuple[str, Answer]]:
    sample = samples(estate)[route.key]
    headers = estate.headers("owner")
    for number, name in enumerate(_names(route, sample), ROUTES.index(route)):
        for trap, value in list(traps.items())[number % every :: every]:
            answer = estate.wire.send(sample.ask(estate, route, headers, **{name: value}))
            if answer.is_refused_to_strangers or route.path == "/step-up":
                headers = estate.headers("owner")  # wrong codes end a session
            yield f"{name} = {trap}: {answer.status}", answer


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_text_that_no_field_takes_changes_nothing(estate: Estate, route: Route) -> None:
    before = estate.rows(but=EVIDENCE)
    for what, answer in _each(estate, route, REFUSED):
        assert answer.status < 500, what
        assert _is_shown(answer), what
    sample, headers = samples(estate)[route.key], estate.headers("owner")
    if route.form is not None and route.path != "/step-up":
        for name in UNKNOWN:
            if name not in _names(route, sample):
                answer = estate.wire.send(sample.ask(estate, route, headers, **{name: "owner"}))
                assert 400 <= answer.status < 500, f"{name}: {answer.status}"
    assert estate.rows(but=EVIDENCE) == before


@pytest.mark.parametrize("route", [route for route in ROUTES if route.path != "/theme"], ids=lambda route: route.key)
def test_a_body_that_is_no_form_of_ours_changes_nothing(estate: Estate, route: Route) -> None:
    before = estate.rows(but=EVIDENCE)
    sample, headers = samples(estate)[route.key], estate.headers("owner")
    path = sample.path(estate, route)
    for trap, (kind, body) in _bodies(sample).items():
        answer = estate.wire.send(Ask(route.method, path, {**headers, "content-type": kind}, body))
        if route.path == "/step-up":
            headers = estate.headers("owner")
        assert 400 <= answer.status < 500, f"{trap}: {answer.status}"
    for other in ("application/json", "text/plain", "application/xml"):
        assert estate.wire.send(Ask(route.method, path, {**headers, "content-type": other}, b"{}")).status == 415
    assert estate.rows(but=EVIDENCE) == before


def _bodies(sample: Sample) -> dict[str, tuple[str, bytes]]:
    good = {name: value for name, value in (sample.sent or {}).items() if isinstance(value, str)}
    first = next(iter(good), "x")
    found = {
        "ten million letters": (FORM, as_form({first: "x" * 10 * MIB})),
        "a name without end": (FORM, b"x" * (MIB - 10) + b"=1"),
        "ten thousand fields": (FORM, b"&".join(b"f%d=1" % number for number in range(10_000))),
        "a file": (MULTIPART, as_multipart({**good, first: ("evil.svg", b"<svg onload=alert(1)>")})),
        "a file with a bad name": (MULTIPART, as_multipart({**good, first: ('a"\r\nX-Evil: 1', b"x")})),
        "no boundary": ("multipart/form-data", as_multipart(good)),
        "another boundary": ("multipart/form-data; boundary=zzz", as_multipart(good)),
        "parts without names": (MULTIPART, as_multipart({"": "x"})),
        "a hundred files": (MULTIPART, as_multipart({f"f{number}": ("f", b"") for number in range(100)})),
    }
    if good:
        found["twice the same"] = (FORM, as_form([*good.items(), *good.items()]))
    return found


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_text_that_some_field_takes_is_never_a_failure(spoiled: Estate, route: Route, every: int) -> None:
    for what, answer in _each(spoiled, route, TEXTS, every):
        assert answer.status < 500, what
        assert _is_shown(answer), what


def test_what_a_page_gives_back_is_text_and_never_markup(spoiled: Estate) -> None:
    script = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
    for route in ROUTES:
        for what, answer in _each(spoiled, route, {"script": script}):
            assert b"<script>alert" not in answer.body, what
            assert b"<img src=x" not in answer.body, what


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_whatever_is_typed_is_answered_with_less_than_500(spoiled: Estate, data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(ROUTES))
    sample = samples(spoiled)[route.key]
    names = st.sampled_from([*_names(route, sample), "id"]) | st.text(max_size=8)
    typed = data.draw(st.dictionaries(names, st.text(st.characters(), max_size=40), max_size=4))
    answer = spoiled.wire.send(sample.ask(spoiled, route, spoiled.headers("owner"), **typed))
    assert answer.status < 500, typed
    assert _is_shown(answer), typed

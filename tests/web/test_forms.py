"""Forms: what was typed is kept, what it means is judged by the strict model, what is ambiguous is refused."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from app.core.errors import Invalid
from app.core.incoming.inputs import Day, Input, Int4, Line, LongText, Name
from app.web.form_values import read_day
from app.web.forms import Submitted, form


class Tone(StrEnum):
    LOUD = "loud"
    QUIET = "quiet"


class Thing(Input):
    name: Name
    note: LongText | None = None
    seats: Int4 | None = None
    day: Day | None = None
    is_shared: bool = False
    tones: tuple[Tone, ...] = ()
    secret: SecretStr | None = None
    line: Line = ""


seen: list[Submitted[Thing]] = []
contents: list[bytes] = []


def app() -> TestClient:
    api = FastAPI(openapi_url=None)

    @api.post("/")
    def post(submitted: Annotated[Submitted[Thing], Depends(form(Thing, files=("sheet",)))]) -> int:
        seen.append(submitted)
        contents.extend(file.file.read() for file in submitted.files.values())
        return 422 if submitted.errors else 200

    @api.post("/plain")
    def plain(submitted: Annotated[Submitted[Thing], Depends(form(Thing))]) -> int:
        seen.append(submitted)
        return 0

    return TestClient(api, raise_server_exceptions=True)


def submit(body: str | bytes, path: str = "/") -> Submitted[Thing]:
    answer = app().post(path, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 200
    return seen.pop()


def errors(submitted: Submitted[Any]) -> dict[str, str]:
    assert submitted.value is None
    return {one.field: one.message for one in submitted.errors}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("", "name"), ("name=", "name"), ("name=++", "name"), ("name=a%00b", "name"), ("name=a%0D%0Ab", "name"),
        ("name=x&seats=many", "seats"), ("name=x&seats=1.5", "seats"), ("name=x&seats=2147483648", "seats"),
        ("name=x&seats=%EF%BC%91", "seats"), ("name=x&seats=" + "9" * 5000, "seats"), ("name=x&day=31+Feb+2026", "day"),
        ("name=x&day=12%2F31%2F2026", "day"), ("name=x&day=tomorrow", "day"), ("name=x&day=0001-01-01", "day"),
        ("name=x&is_shared=maybe", "is_shared"), ("name=x&tones=loud&tones=shrill", "tones.1"), ("name=x&role=admin",
        "role"),
        ("name=x&name=y", "name"), ("name=x&is_shared=on&is_shared=off", "is_shared"), ("name=x&role=a&role=b", "role"),
        ("name=" + "x" * 201, "name"),
    ],
)  # fmt: skip
def test_what_means_nothing_or_two_things_is_an_error_of_its_field(body: str, field: str) -> None:
    submitted = submit(body)
    assert list(errors(submitted)) == [field]
    with pytest.raises(Invalid) as caught:
        submitted.valid()
    assert caught.value.fields == submitted.errors


def test_everything_typed_is_kept_but_secrets() -> None:
    submitted = submit("name=&note=%3Cscript%3E&seats=many&tones=loud&tones=quiet&secret=canary&is_shared=on")
    assert submitted.raw == {"name": "", "note": "<script>", "seats": "many", "tones": "loud", "is_shared": "on"}
    assert submitted.typed["tones"] == ("loud", "quiet")
    assert "canary" not in repr(submitted)


def test_texts_become_what_they_mean() -> None:
    submitted = submit(
        "name=+%3Cb%3E+&note=one%0D%0Atwo&seats=+-12+&day=12+Dec+2026&is_shared=on&tones=loud&tones=quiet&secret=s&line="
    )
    value = submitted.value
    assert value is not None
    assert (value.name, value.note, value.seats, value.day) == ("<b>", "one\ntwo", -12, date(2026, 12, 12))
    assert (value.is_shared, value.tones, value.line) == (True, (Tone.LOUD, Tone.QUIET), "")
    assert value.secret is not None
    assert value.secret.get_secret_value() == "s"


def test_what_is_left_empty_is_nothing_and_an_unticked_box_is_false() -> None:
    value = submit("name=x&note=&seats=&day=&tones=").valid()
    assert (value.note, value.seats, value.day, value.is_shared, value.tones) == (None, None, None, False, ())


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-02", "2026-12-2", "2 Dec 2026", "02 dec 2026", "2 December 2026", "2 Decem 2026", "2/12/2026", "02/12/2026",
        "2.12.2026", "2 Dec, 2026",
    ],
)  # fmt: skip
def test_a_day_may_be_spelled_as_people_do(text: str) -> None:
    assert read_day(text) == date(2026, 12, 2)


@pytest.mark.parametrize(
    "text",
    ["", "2 De 2026", "2 Dex 2026", "32 Dec 2026", "2026-13-01", "2/12/26", "\uff12/12/2026", "2 Decembers 2026"],
)
def test_what_is_no_day_is_none(text: str) -> None:
    assert read_day(text) is None


def test_a_file_comes_through_and_an_unexpected_one_is_refused() -> None:
    client = app()
    client.post("/", data={"name": "x"}, files={"sheet": ("people.csv", b"a,b\r\n" * 300_000)})
    assert contents.pop() == b"a,b\r\n" * 300_000
    submitted = seen.pop()
    assert submitted.files["sheet"].filename == "people.csv"
    assert submitted.files["sheet"].file.closed
    client.post("/", data={"name": "x"}, files={"other": ("x", b"1")})
    assert errors(seen.pop()) == {"other": "A file was not expected here."}
    assert (
        client.post("/", data={"name": "x"}, files=[("sheet", ("a", b"1")), ("sheet", ("b", b"2"))]).status_code == 400
    )
    assert client.post("/plain", data={"name": "x"}, files={"sheet": ("x", b"1")}).status_code == 400
    client.post("/", data={"name": "x"}, files={"sheet": ("", b"")})
    assert seen.pop().files == {}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("&".join(f"f{n}=1" for n in range(500)), "application/x-www-form-urlencoded"),
        ("name=" + "x" * 300_000, "application/x-www-form-urlencoded"),
        ("--x\r\nnot multipart", "multipart/form-data; boundary=x"),
        ("abc", "multipart/form-data"),
    ],
)
def test_a_form_without_end_or_sense_is_the_senders_mistake(body: str, kind: str) -> None:
    assert app().post("/", content=body, headers={"Content-Type": kind}).status_code == 400


@pytest.mark.parametrize("body", [b"\xff\xfe=\xff", b"name=%ff%fe", b"%ED%A0%80=1&name=x", b"=&=&=", b"&&&", b"name"])
def test_odd_bytes_are_errors_of_a_field(body: bytes) -> None:
    submitted = submit(body)
    assert submitted.errors or submitted.value
    assert all(one.field.encode() is not None for one in submitted.errors)

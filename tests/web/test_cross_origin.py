"""Writes that another site causes in somebody's browser are refused, whatever headers they dress in."""

import pytest

from tests.web.small_app import COOKIE, FORM, HOME, client


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": HOME},
        {"Sec-Fetch-Site": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": HOME + ".evil.example"},
        {"Origin": "http://127.0.0.1:8441"},
        {"Origin": "https://127.0.0.1:8440"},
        {"Referer": HOME + "/x"},
        {},
        {"Authorization": "Bearer swk_x"},
        {"Authorization": "Basic eDp5"},
    ],
)
def test_a_write_with_a_cookie_that_is_not_shown_to_be_ours_is_refused(method: str, headers: dict[str, str]) -> None:
    answer = client().request(method, "/x", headers={**COOKIE, **headers})
    assert answer.status_code == 403


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_a_write_from_another_site_is_refused_without_a_cookie_as_well(headers: dict[str, str]) -> None:
    assert client().post("/sign-in", headers={**headers, **FORM}, content="a=b").status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {**COOKIE, "Sec-Fetch-Site": "same-origin"},
        {**COOKIE, "Origin": HOME},
        {**COOKIE, "Origin": "http://localhost:8440"},
        {"Authorization": "Bearer swk_x"},
        {"Authorization": "bearer swk_x", "Sec-Fetch-Site": "cross-site"},
        {},
    ],
)
def test_a_write_of_ours_or_of_a_program_is_taken(headers: dict[str, str]) -> None:
    assert client().post("/x", headers=headers).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "none", "same-site"])
def test_reading_from_elsewhere_is_a_link_and_is_fine(site: str) -> None:
    assert client().get("/x", headers={**COOKIE, "Sec-Fetch-Site": site}).status_code == 200


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
def test_no_header_and_no_query_overrides_the_method(name: str) -> None:
    answer = client().get("/x?_method=DELETE", headers={**COOKIE, name: "DELETE"})
    assert answer.text.startswith("GET ")


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("/api/v1/people", "text/plain", 415), ("/api/v1/people", "application/x-www-form-urlencoded", 415),
        ("/api/v1/people", "multipart/form-data; boundary=x", 415), ("/api/v1/people", "", 415),
        ("/api/v1/people", "text/json", 415), ("/api/v1/people", "application/json; charset=utf-8", 200),
        ("/scim/v2/Users", "application/scim+json", 200), ("/people", "text/plain", 415), ("/people", "application/json", 415),
        ("/people", "", 415), ("/people", "application/x-www-form-urlencoded; charset=utf-8", 200),
        ("/people", "multipart/form-data; boundary=x", 200),
    ],
)  # fmt: skip
def test_a_body_of_the_wrong_kind_is_refused(path: str, kind: str, status: int) -> None:
    answer = client().post(path, headers={"Authorization": "Bearer x", "Content-Type": kind}, content=b"{}")
    assert answer.status_code == status

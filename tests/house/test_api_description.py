"""The description of the API says of every route what goes in, what comes out and what goes wrong, each with an example."""

import json
import re
import subprocess
import sys
from typing import Any

from app.main import describe
from tests.routes import all_routes

DESCRIBED = describe().openapi()
OPERATIONS = [
    (f"{method.upper()} {path}", told)
    for path, methods in DESCRIBED["paths"].items()
    for method, told in methods.items()
]


def _example(content: dict[str, Any]) -> Any:
    return content.get("application/json", {}).get("example")


def test_every_route_has_a_summary_and_an_answer_with_an_example() -> None:
    assert len(OPERATIONS) > 20
    for name, told in OPERATIONS:
        assert told["summary"], name
        answers = [answer for status, answer in told["responses"].items() if status.startswith("2")]
        assert [_example(answer.get("content", {})) is not None for answer in answers] == [True], name


def test_every_body_has_an_example_that_its_model_takes() -> None:
    routes = [route for route in all_routes() if route.is_api and route.body is not None]
    assert len(routes) >= 8
    for route in routes:
        content = DESCRIBED["paths"][route.path][route.method.lower()]["requestBody"]["content"]
        assert route.body is not None
        route.body.model_validate_json(json.dumps(_example(content)))


def test_errors_are_problems_and_the_way_in_is_a_key() -> None:
    assert DESCRIBED["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in str(DESCRIBED)
    for name, told in OPERATIONS:
        for status in ("401", "403", "404", "409", "422", "429"):
            assert list(told["responses"][status]["content"]) == ["application/problem+json"], name


def test_a_post_may_be_repeated_under_a_key() -> None:
    posts = [(name, told) for name, told in OPERATIONS if name.startswith("POST")]
    assert len(posts) >= 5
    for name, told in posts:
        assert "Idempotency-Key" in [each["name"] for each in told["parameters"]], name


def test_it_says_the_same_whenever_it_is_printed() -> None:
    moments = re.compile(r'"20\d\d-[^"]*T[^"]*"')
    text = json.dumps(DESCRIBED)
    assert set(moments.findall(text)) <= {'"2026-11-02T09:30:00Z"', '"2026-11-02T10:30:00Z"'}
    again = subprocess.run([sys.executable, "-m", "app", "openapi"], capture_output=True, text=True, check=True)
    assert json.loads(again.stdout) == DESCRIBED

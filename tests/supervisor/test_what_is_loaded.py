"""What a process loads before it does anything: what only another needs costs every start time and memory."""

import subprocess
import sys

import pytest

from app.core.machine.kept_process import own_environment, own_program

SELDOM = {"procrastinate", "psycopg_pool", "httpx2", "httpcore2", "h11", "qrcode", "PIL", "openpyxl", "alembic"}
DATABASE_AND_WEB = {"sqlalchemy", "psycopg", "fastapi", "starlette", "uvicorn", "structlog", "jinja2"}


def loaded(module: str) -> set[str]:
    """The packages in memory of a fresh process that has imported ``module``."""
    program = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_web_process_loads_nothing_that_only_jobs_and_rare_pages_need() -> None:
    found = loaded("app.main, app.core.machine.http_server")
    assert {"fastapi", "uvicorn"} <= found
    assert not found & SELDOM


def test_the_supervisor_loads_neither_the_database_nor_the_web() -> None:
    found = loaded("app.supervisor, app.__main__")
    assert "pydantic" in found
    assert not found & DATABASE_AND_WEB


@pytest.mark.parametrize("given", ["1", "", None])
def test_our_processes_keep_what_they_compile_whatever_the_environment_says(given: str | None) -> None:
    environment = {} if given is None else {"PYTHONDONTWRITEBYTECODE": given}
    question = "import sys; sys.exit(sys.dont_write_bytecode)"
    program = [own_program()[0], "-c", question]
    assert subprocess.run(program, env=own_environment(environment), check=False).returncode == 0

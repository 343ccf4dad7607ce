"""The worker knows every job: one that it does not know is written and never done."""

import subprocess
import sys
from importlib import import_module
from pkgutil import walk_packages

import app
from app.core.jobs import Job

_REGISTERED = "import app.worker; from app.core.jobs import JOBS; print(*JOBS)"


def _jobs() -> set[str]:
    """The name of each job in a module of ours, whoever imports it."""
    modules = [found.name for found in walk_packages(app.__path__, "app.") if not found.name.endswith("__main__")]
    return {each.name for name in modules for each in vars(import_module(name)).values() if isinstance(each, Job)}


def test_importing_the_worker_registers_every_job() -> None:
    """In a process of its own: here other tests have imported more."""
    registered = subprocess.run([sys.executable, "-c", _REGISTERED], check=True, capture_output=True, text=True).stdout
    assert set(registered.split()) == _jobs()

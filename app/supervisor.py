"""Owns PostgreSQL, web and worker as child processes: starts them, starts them again, and takes them down with it.

It loads no heavy module and no room: whatever needs one is a command of ours in a process of its own. The first web
process loads its code while PostgreSQL starts and the database is migrated, and has the machine to itself until it
answers; the others follow.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from socket import socket
from typing import Final, TextIO
from urllib.parse import urlsplit

from app.core import clock
from app.core.errors import StartRefused
from app.core.keys import MasterKey
from app.core.machine.data_dir import Claim, claim, open_key, record_key
from app.core.machine.database_addresses import Addresses, embedded, own_server
from app.core.machine.embedded import Embedded
from app.core.machine.kept_process import KeptProcess, own_environment, own_program
from app.core.machine.listening import bind
from app.core.machine.process import hide_memory
from app.core.settings import PREFIX, Settings

REFUSED: Final = 2
_STOP_SECONDS: Final = 10.0
_ANSWER_SECONDS: Final = 60.0
_WATCH_SECONDS: Final = 0.2
_DATABASE_PAUSE: Final = 2.0
_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(settings: Settings, *, demo: bool = False) -> None:
    """Run everything until SIGINT, SIGTERM or SIGHUP, then stop everything; with ``demo``, on synthetic data.

    Refuses (``StartRefused``) what any part of the start refuses; where a child process has already said why, ends
    with exit code 2.
    """
    hide_memory()
    for number in _STOP_SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup asked to live on
            signal.signal(number, signal.default_int_handler)
    settings = settings.model_copy(update={"demo": settings.demo or demo})
    supervisor = Supervisor(settings, open_key(settings.data_dir, settings.key_file))
    try:
        supervisor.start()
        supervisor.watch()
    except KeyboardInterrupt:
        return
    finally:
        supervisor.stop()


class Supervisor:
    """One running installation on this machine."""

    def __init__(self, settings: Settings, key: MasterKey) -> None:
        self._settings = settings
        self._key = key
        self._claim: Claim | None = None
        self._database: Embedded | None = None
        self._database_again_at = 0.0
        self._listeners: list[socket] = []
        self._children: list[KeptProcess] = []

    def start(self) -> None:
        """Start everything and say where it is."""
        addresses = self._claim_database()
        self._listeners = bind(self._settings.host, self._settings.port, self._settings.web_processes)
        self._settings = self._settings.model_copy(update={"port": self._listeners[0].getsockname()[1]})
        first, *others = [self._web(listener, addresses.app) for listener in self._listeners]
        self._children.append(first)
        first.start(is_held=True)
        if self._database is not None:
            self._database.start()
        # A demonstration fills its own database before anybody is asked to set it up.
        link = self._command("migrate", *([] if self._settings.demo else ["--setup-link"]))
        record_key(self._settings.data_dir, self._key, self._settings.key_file)
        first.let_go()
        self._wait_for_an_answer()
        if self._settings.demo:
            link = self._command("demo", "--setup-link")
        worker = KeptProcess(["work", *_child()], self._environment(addresses.app))
        for process in (*others, worker):
            self._children.append(process)
            process.start()
        self._announce(link.strip())

    def watch(self) -> None:
        """Start again whatever dies; never returns."""
        while True:
            time.sleep(_WATCH_SECONDS)
            self._keep_database()
            for child in self._children:
                child.check()

    def stop(self) -> None:
        """Web and worker finish what they do within 10 s, then PostgreSQL; a second signal does not wait."""
        deadline = [clock.monotonic() + _STOP_SECONDS]
        for number in _STOP_SIGNALS:
            signal.signal(number, lambda *_: deadline.__setitem__(0, 0.0))
        for child in self._children:
            child.terminate()
        while clock.monotonic() < deadline[0] and any(child.exit_code is None for child in self._children):
            time.sleep(0.02)
        for child in self._children:
            child.kill()
        if self._database is not None:
            self._database.stop()
        if self._claim is not None:
            self._claim.release()
        for listener in self._listeners:
            listener.close()

    def _claim_database(self) -> Addresses:
        own = own_server(self._settings, self._key)
        if own is not None:
            self._claim = claim(self._settings.data_dir)
            return own
        self._database = Embedded(self._settings, self._key)
        self._database.claim()
        return embedded(self._database)

    def _keep_database(self) -> None:
        if self._database is None or self._database.is_running() or clock.monotonic() < self._database_again_at:
            return
        _say("PostgreSQL has ended; starting it again.", sys.stderr)
        try:
            self._database.start()
        except StartRefused as refusal:
            _say(str(refusal), sys.stderr)
            self._database_again_at = clock.monotonic() + _DATABASE_PAUSE

    def _web(self, listener: socket, address: str) -> KeptProcess:
        arguments = ["serve", "--listener", str(listener.fileno()), *_child()]
        return KeptProcess(arguments, self._environment(address), fds=[listener.fileno()])

    def _environment(self, address: str | None = None) -> dict[str, str]:
        """What a child sees: the operator's environment, what we decided, and for web and worker one role only."""
        inherited = dict(os.environ)  # noqa: TID251 - passed on, not read
        ours = {"PORT": str(self._settings.port), "DEMO": str(self._settings.demo)}
        if address is not None:
            inherited.pop(PREFIX + "OWNER_DATABASE_URL", None)
            ours["DATABASE_URL"] = address
        return inherited | {PREFIX + name: value for name, value in ours.items()}

    def _command(self, *arguments: str) -> str:
        """Run one of our commands to its end; what it wrote to standard output."""
        process = subprocess.Popen(  # nosec B603 # noqa: S603 - our own program
            own_program(*arguments, *_child()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=own_environment(self._environment()),
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate()
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.returncode == REFUSED:
            raise SystemExit(REFUSED)
        if process.returncode != 0:
            raise StartRefused(f"The command {arguments[0]} failed with exit code {process.returncode}.")
        return output

    def _wait_for_an_answer(self) -> None:
        deadline = clock.monotonic() + _ANSWER_SECONDS
        while clock.monotonic() < deadline and not self._answers():
            if any(child.exit_code == REFUSED for child in self._children):
                raise SystemExit(REFUSED)
            for child in self._children:
                child.check()
            time.sleep(0.02)

    def _answers(self) -> bool:
        host, port = self._listeners[0].getsockname()[:2]
        if ip_address(host).is_unspecified:
            host = "::1" if ":" in host else "127.0.0.1"
        connection = HTTPConnection(host, port, timeout=1)
        with contextlib.closing(connection), contextlib.suppress(OSError, HTTPException):
            connection.request("GET", "/healthz", headers={"Host": urlsplit(self._settings.origin).netloc})
            return connection.getresponse().status == 200  # noqa: PLR2004 - HTTP's OK
        return False

    def _announce(self, link: str) -> None:
        _say(f"Stackwarden is at {self._settings.origin}")
        if self._settings.demo:
            _say("Demo: a synthetic organisation and relaxed rules. Nothing real belongs here.")
        elif not self._settings.origin.startswith("https://"):
            _say("Relaxed rules: only this machine can reach it, without TLS.")
        if link:
            _say(f"Set up: {link}")


def _child() -> list[str]:
    return ["--parent", str(os.getpid())]


def _say(line: str, stream: TextIO | None = None) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        print(line, file=stream or sys.stdout, flush=True)

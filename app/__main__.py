"""The command line: ``python -m app <command>``.

A start that is refused is one sentence on standard error and exit code 2, never a traceback. Heavy modules are
imported by the command that needs them.
"""

import argparse
import gc
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from app.core.errors import StartRefused
from app.core.keys import MasterKey
from app.core.machine.data_dir import open_key
from app.core.machine.process import die_with, hide_memory
from app.core.settings import Settings, load

REFUSED = 2
Options = argparse.Namespace


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code: 0, 1 where ``doctor`` found trouble, 2 where the start is refused."""
    options = _parser().parse_args(argv)
    try:
        if getattr(options, "parent", None):
            die_with(options.parent)
        code: int | None = options.command(load(), options)
    except StartRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return REFUSED
    except KeyboardInterrupt:
        return 130
    return code or 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stackwarden", description=__doc__.partition(":")[0] if __doc__ else None)
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, command: Callable[[Settings, Options], int | None], words: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=words, description=words)
        made.set_defaults(command=command)
        return made

    run = add("run", _run, "Run everything on this machine: database, web and worker.")
    run.add_argument("--demo", action="store_true", help="Fill in a synthetic organisation first.")
    serve = add("serve", _serve, "Serve the web application only.")
    serve.add_argument("--listener", type=int, help=argparse.SUPPRESS)
    work = add("work", _work, "Run jobs only.")
    migrate = add("migrate", _migrate, "Bring the database to this version.")
    demo = add("demo", _demo, "Fill in a synthetic organisation.")
    link = add("setup-link", _setup_link, "Issue the set-up link anew, while there is no owner yet.")
    add("openapi", _openapi, "Print the description of the REST API.")
    add("doctor", _doctor, "Look for what is wrong with this installation, and say it.")
    for child in (serve, work, migrate, demo, link):
        child.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    for child in (migrate, demo):
        child.add_argument("--setup-link", action="store_true", help=argparse.SUPPRESS)
    for child in (serve, work):
        child.add_argument("--held", action="store_true", help=argparse.SUPPRESS)
    return parser


def _run(settings: Settings, options: Options) -> None:
    from app.supervisor import run  # noqa: PLC0415

    run(settings, demo=options.demo)


def _serve(settings: Settings, options: Options) -> None:
    hide_memory()
    gc.disable()  # what is made from here to the first request stays for ever
    from app.core.machine.http_server import serve  # noqa: PLC0415
    from app.main import create_app  # noqa: PLC0415

    _wait_while_held(options)
    application = create_app(_as_application(settings, options))
    gc.freeze()
    gc.enable()
    serve(application, _listener(settings, options))


def _listener(settings: Settings, options: Options) -> socket.socket:
    """The socket the supervisor handed us, or one of our own."""
    from app.core.machine.listening import bind  # noqa: PLC0415

    if options.listener is not None:
        return socket.socket(fileno=options.listener)
    return bind(settings.host, settings.port, 1)[0]


def _work(settings: Settings, options: Options) -> None:
    hide_memory()
    from app import worker  # noqa: PLC0415

    _wait_while_held(options)
    worker.run(_as_application(settings, options))


def _migrate(settings: Settings, options: Options) -> None:
    with _ready(settings) as application:
        _say_setup_link(application, options)


def _demo(settings: Settings, options: Options) -> None:
    from app.demo import fill  # noqa: PLC0415

    with _ready(settings) as application:
        fill(application)
        _say_setup_link(application, options)


def _say_setup_link(application: Settings, options: Options) -> None:
    """Where the supervisor asks for it, and there is no owner yet: one process less at a start."""
    if options.setup_link:
        from app.login import setup_link  # noqa: PLC0415

        link = setup_link.ensure(application)
        sys.stdout.write(f"{link}\n" if link else "")


def _setup_link(settings: Settings, _: Options) -> None:
    from app.login import setup_link  # noqa: PLC0415

    with _ready(settings) as application:
        link = setup_link.reissue(application)
    sys.stdout.write(f"{link}\n")


def _openapi(_settings: Settings, _: Options) -> None:
    import orjson  # noqa: PLC0415

    from app.main import describe  # noqa: PLC0415

    described = describe().openapi()  # no database is touched, or made
    sys.stdout.buffer.write(orjson.dumps(described, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _doctor(settings: Settings, _: Options) -> int:
    from app.doctor import examine  # noqa: PLC0415

    findings = list(examine(settings))
    for finding in findings:
        sys.stdout.write(f"{'good' if finding.is_good else 'BAD '}  {finding.sentence}\n")
    return 0 if all(finding.is_good for finding in findings) else 1


@contextmanager
def _ready(settings: Settings) -> Iterator[Settings]:
    """The settings of a process that acts as the application on a migrated database that runs meanwhile."""
    from app.core.machine.database_addresses import bring_up_to_date, reached  # noqa: PLC0415

    key = _key(settings)
    with reached(settings, key) as addresses:
        yield bring_up_to_date(settings, addresses, key)


def _as_application(settings: Settings, options: Options) -> Settings:
    """The settings of web and worker: the supervisor has chosen the role already, else we do."""
    from app.core.machine.database_addresses import as_application, own_server  # noqa: PLC0415

    if options.parent:
        return settings.model_copy(update={"owner_database_url": None})
    own = own_server(settings, _key(settings))
    return settings if own is None else as_application(settings, own)


def _key(settings: Settings) -> MasterKey:
    hide_memory()
    return open_key(settings.data_dir, settings.key_file)


def _wait_while_held(options: Options) -> None:
    """Wait for the supervisor's word; its end without one is ours."""
    if options.held and not sys.stdin.readline():
        sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())

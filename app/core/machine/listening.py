"""Binding the address people use, once for each web process.

The kernel spreads connections over sockets that share a port (SO_REUSEPORT); with one shared socket a burst of them
often lands on one process. A socket gets its share once its process listens on it; the supervisor keeps every socket
open, so that connections wait while a process is started again.
"""

import errno
import socket
import time
from typing import Any, Final

from app.core.errors import StartRefused

_Address = tuple[Any, ...]
_BACKLOG: Final = 2048
_TRIES: Final = 20
_PAUSE_SECONDS: Final = 0.05


def bind(host: str, port: int, count: int) -> list[socket.socket]:
    """``count`` sockets bound to ``host`` and ``port``, the first listening; port 0 takes a free one, the same for all.

    Refuses (``StartRefused``) a port that anybody else listens on, an address that is not ours, and a port that
    needs more rights.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as alone:  # sharing would succeed beside another sharer
            _listen_when_free(alone, address)
            address = alone.getsockname()
        shared = [_shared(family, address) for _ in range(count)]
        shared[0].listen(_BACKLOG)
    except socket.gaierror:
        raise StartRefused(f"STACKWARDEN_HOST {host} is not an address of this machine.") from None
    except OSError as error:
        raise StartRefused(_reason(error, host, port)) from None
    return shared


def _listen_when_free(made: socket.socket, address: _Address) -> None:
    """Listen; wait a little for processes of a killed start that are still about to end."""
    for _ in range(_TRIES):
        try:
            _listen(made, address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return
    _listen(made, address)


def _shared(family: socket.AddressFamily, address: _Address) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(address)
    return made


def _listen(made: socket.socket, address: _Address) -> None:
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(address)
    made.listen(_BACKLOG)


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use by another program: set STACKWARDEN_PORT to a free one."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"STACKWARDEN_HOST {host} is not an address of this machine."
    if error.errno == errno.EACCES:
        return f"Port {port} may not be used without more rights: set STACKWARDEN_PORT to 1024 or above."
    return f"Port {port} on {host} cannot be used: {error.strerror}."

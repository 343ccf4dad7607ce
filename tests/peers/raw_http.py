"""Small real servers on loopback for the tests of what leaves the building: raw answers over TCP or TLS."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answering = Callable[[socket.socket, bytes], bool | None]


class Peer:
    """A server that reads requests and lets ``answering`` write raw bytes; True keeps the connection open."""

    def __init__(self, answering: Answering, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.server_names: list[str | None] = []
        self.connections = 0
        self._answering = answering
        self._tls = tls
        self._listening = socket.create_server(
            (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=50
        )
        self.port: int = self._listening.getsockname()[1]
        if tls:
            tls.sni_callback = lambda _, name, __: self.server_names.append(name)
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with self._tls.wrap_socket(connection, server_side=True) if self._tls else connection as stream:
                while (request := _read_request(stream)) and self._once(stream, request):
                    pass
        except OSError:
            pass

    def _once(self, stream: socket.socket, request: bytes) -> bool:
        self.requests.append(request)
        return bool(self._answering(stream, request))


@contextmanager
def peer(answering: Answering, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    running = Peer(answering, host, tls)
    try:
        yield running
    finally:
        running.close()


def says(body: bytes, head: bytes = b"", status: bytes = b"200 OK") -> Answering:
    """An answer with a correct length that keeps the connection open."""

    def answering(stream: socket.socket, _: bytes) -> bool:
        stream.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s" % (status, len(body), head, body))
        return True

    return answering


def _read_request(stream: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = stream.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += stream.recv(65536)
    return head + b"\r\n\r\n" + body


def certificates(folder: Path, name: str, *, expired: bool = False) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(the server's context with a certificate for ``name``, a client's context that trusts its authority)."""
    now = datetime.now(UTC)
    until = now - timedelta(days=1) if expired else now + timedelta(days=1)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])

    def build(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(ca_name).public_key(public)
        return (
            builder.serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(until)
        )

    ca = build(ca_name, ca_key.public_key()).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    signed_ca = ca.sign(ca_key, hashes.SHA256())
    alternative = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    leaf = build(x509.Name([]), key.public_key()).add_extension(
        x509.SubjectAlternativeName([alternative]), critical=True
    )
    signed = leaf.sign(ca_key, hashes.SHA256())
    chain, private = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, private)
    client = ssl.create_default_context(cadata=signed_ca.public_bytes(serialization.Encoding.PEM).decode())
    return server, client

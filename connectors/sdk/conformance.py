"""What every connector must pass: subclass one of these in its tests, and pytest runs the whole suite against it.

``DeclarationConformance`` needs only the declaration. ``StreamConformance`` also needs a peer to read from.
"""

import re
from collections.abc import Callable, Iterator
from typing import ClassVar, Final

from msgspec import Struct, json

from connectors.sdk.client import Client
from connectors.sdk.connector import Connector, Page, Stream, Target
from connectors.sdk.errors import ConnectorError, CredentialRefused
from connectors.sdk.fields import Config, Field, FieldsRefused, parse
from connectors.sdk.records import Record, identity, kind_of

_KEY: Final = re.compile(r"[a-z][a-z0-9_]*")


class Connection(Struct, frozen=True):
    """A connection for the suite: one that works, and its settings with a wrong credential.

    ``secret`` and ``wrong_secret`` are what must show nowhere.
    """

    client: Client
    config: Config
    secret: str
    wrong_config: Config
    wrong_secret: str


def expect(is_so: object, sentence: str) -> None:
    """Fail with ``sentence`` unless it is so."""
    if not is_so:
        raise AssertionError(sentence)


class DeclarationConformance:
    """A declaration is complete and its form can be filled in."""

    connector: ClassVar[Connector]

    def test_it_says_what_it_is(self) -> None:
        """Key, name and summary, and something that it does."""
        connector = self.connector
        expect(_KEY.fullmatch(connector.key), "The key is lower case letters, digits and underscores")
        expect(connector.name and connector.summary.endswith("."), "It has a name and a summary in a sentence")
        expect(connector.streams or connector.targets, "It syncs or imports something")

    def test_its_fields_can_be_shown_and_checked(self) -> None:
        """Names are unique, labels there, choices and bounds make sense."""
        names = [field.name for field in self.connector.fields]
        expect(len(set(names)) == len(names), "No two fields have the same name")
        for field in self.connector.fields:
            _expect_sensible(field)

    def test_its_secrets_know_where_they_go(self) -> None:
        """An address that a person enters locates the host, so that changing it drops the secrets."""
        has_secret = any(field.kind == "secret" for field in self.connector.fields)
        for field in self.connector.fields:
            expect(not has_secret or field.kind != "url" or field.locates_host, f"{field.name} locates the host")

    def test_an_empty_form_is_refused_field_by_field(self) -> None:
        """Each required field without a default has a message of its own."""
        needed = {f.name for f in self.connector.fields if f.required and f.default is None and f.kind != "file"}
        found: set[str] = set()
        try:
            parse(self.connector.fields, {})
        except FieldsRefused as refused:
            found = {problem.field for problem in refused.problems}
        expect(needed <= found, "Every required field is asked for")

    def test_it_can_what_it_has(self) -> None:
        """Streams and targets have unique keys and kinds, permissions have reasons, and a sync can be tested first."""
        connector = self.connector
        parts: list[Stream | Target] = [*connector.streams, *connector.targets]
        expect(len({part.key for part in parts}) == len(parts), "No two streams or targets have the same key")
        expect(all(part.kinds for part in parts), "Each yields something")
        expect(all(p.name and p.reason for p in connector.permissions), "Each permission has a reason")
        expect(
            not connector.streams or (connector.check and connector.permissions), "A sync has a test and permissions"
        )


class StreamConformance(DeclarationConformance):
    """A connector reads its peer in pages that can be resumed, and keeps its secrets. Override ``connection``."""

    def connection(self) -> Connection:
        """A connection to a peer that has at least two pages of something."""
        raise NotImplementedError

    def test_the_check_passes(self) -> None:
        """A working connection passes its own test."""
        connection = self.connection()
        expect(self.connector.check, "There is a check")
        if self.connector.check:
            self.connector.check(connection.client, connection.config)

    def test_streams_yield_what_they_declare(self) -> None:
        """Kinds as declared, ids unique and not empty, records frozen and the same after a trip through JSON."""
        connection = self.connection()
        seen: set[tuple[str, str]] = set()
        for stream in self.connector.streams_of(connection.config):
            for _, page in _pages(stream, connection):
                for record in page.records:
                    expect(kind_of(record) in stream.kinds, f"{stream.key} declares {kind_of(record)}")
                    expect(identity(record), "A record has an id")
                    expect((kind_of(record), identity(record)) not in seen, f"{record!r} comes once")
                    seen.add((kind_of(record), identity(record)))
                    _expect_frozen(record)
        expect(seen, "The peer has records")

    def test_a_sync_can_be_resumed_at_every_cursor(self) -> None:
        """Cursors are text; reading again from any of them gives the same page."""
        connection = self.connection()
        longest = 0
        for stream in self.connector.streams_of(connection.config):
            pages = list(_pages(stream, connection))
            longest = max(longest, len(pages))
            for cursor, page in pages:
                expect(page.next is None or isinstance(page.next, str), "A cursor is text")
                expect(page.next is None or page.next != cursor, "A page does not name itself as the next")
                again = stream.fetch(connection.client, connection.config, cursor)
                expect(again == page, f"{stream.key} reads the same page again from {cursor}")
        expect(longest > 1, "The peer has more than one page of something")

    def test_a_wrong_credential_is_named_and_not_shown(self) -> None:
        """The check and every stream raise ``CredentialRefused``, in a sentence without the secret."""
        connection = self.connection()
        attempts: list[Callable[[Client, Config], object] | None]
        attempts = [self.connector.check, *(_first_page(stream) for stream in self.connector.streams)]
        for attempt in filter(None, attempts):
            try:
                attempt(connection.client, connection.wrong_config)
            except ConnectorError as error:
                expect(isinstance(error, CredentialRefused), f"It is CredentialRefused, not {type(error).__name__}")
                expect(error.message.endswith("."), "The message is a sentence")
                _expect_no_secret(repr(error) + str(error.__cause__) + str(error.__context__), connection)
            else:
                raise AssertionError("A wrong credential is refused")

    def test_secrets_do_not_show(self) -> None:
        """Not in the settings, not in a page."""
        connection = self.connection()
        for stream in self.connector.streams_of(connection.config):
            page = stream.fetch(connection.client, connection.config, None)
            _expect_no_secret(repr(page) + json.encode(page).decode(), connection)
        _expect_no_secret(repr(connection.config) + repr(connection.client), connection)


def _first_page(stream: Stream) -> Callable[[Client, Config], object]:
    return lambda client, config: stream.fetch(client, config, None)


def _pages(stream: Stream, connection: Connection) -> Iterator[tuple[str | None, Page]]:
    """Every page with the cursor it was read from."""
    cursor: str | None = None
    while True:
        page = stream.fetch(connection.client, connection.config, cursor)
        yield cursor, page
        if page.next is None:
            return
        cursor = page.next


def _expect_sensible(field: Field) -> None:
    expect(_KEY.fullmatch(field.name) and field.label, f"{field.name} has a plain name and a label")
    expect((field.kind == "choice") == bool(field.choices), f"{field.name}: a choice, and only a choice, has choices")
    expect(field.kind != "secret" or field.default is None, f"{field.name}: a secret has no default")
    if field.default is not None:
        accepted = parse((field,), {field.name: field.default}).values
        expect(accepted == {field.name: field.default}, f"{field.name}: its own default is accepted")


def _expect_frozen(record: Record) -> None:
    expect(json.decode(json.encode(record), type=Record) == record, f"{record!r} survives JSON")
    try:
        record.source_id = "changed"  # type: ignore[misc,union-attr]  # the very thing that must not work
    except AttributeError:
        return
    raise AssertionError(f"{record!r} is frozen")


def _expect_no_secret(text: str, connection: Connection) -> None:
    expect(connection.secret not in text and connection.wrong_secret not in text, "No secret shows")

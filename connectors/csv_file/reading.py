"""Rows into records: each row gives its records, or one problem that names row, column and reason.

A row counts whole or not at all. Who is in the file twice counts once: the second row is a problem that names the
first. What our own exports protect with an apostrophe (``writing.py``) is restored here.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from msgspec import Struct
from typing_extensions import override

from connectors.csv_file.accounts import read_account
from connectors.csv_file.apps import read_app
from connectors.csv_file.people import read_person
from connectors.csv_file.table import Row, Table
from connectors.csv_file.targets import ACCOUNTS, APPS, PEOPLE, FileTarget
from connectors.csv_file.writing import restored
from connectors.sdk.records import Entitlement, Kind, Problem, Record, RecordRefused, identity
from connectors.sdk.redaction import shown

_READERS: Final[dict[str, tuple[Kind, Callable[[Mapping[str, str]], tuple[Record, ...]]]]] = {
    PEOPLE.key: ("person", read_person),
    ACCOUNTS.key: ("account", read_account),
    APPS.key: ("app", read_app),
}
_TELLING: Final = ("source_id", "username", "email", "employee_id", "name")


class Reading(Struct, frozen=True):
    """What one row gave: ``records``, or a ``problem`` and none. ``cells`` are the row as it was."""

    row: int
    cells: tuple[str, ...]
    records: tuple[Record, ...] = ()
    problem: Problem | None = None

    @override
    def __repr__(self) -> str:
        return f"Reading({self.row}, records={self.records!r}, problem={self.problem!r})"


def read(table: Table, mapping: Mapping[str, str], target: FileTarget) -> Iterator[Reading]:
    """Every row of ``table``, in order, as ``target``; an entitlement comes with the first row that names it.

    ``mapping`` names the column of each field and has passed ``check_mapping``. May raise ``FileRefused`` on the way.
    """
    return map(_Reader(table.columns, mapping, target), table.rows)


class _Reader:
    """Reads row after row and remembers who was there."""

    def __init__(self, columns: tuple[str, ...], mapping: Mapping[str, str], target: FileTarget) -> None:
        self._columns = columns
        self._places = {field: columns.index(column) for field, column in mapping.items()}
        self._kind, self._read = _READERS[target.key]
        self._seen: dict[str, int] = {}
        self._entitlements: set[str] = set()

    def __call__(self, row: Row) -> Reading:
        try:
            self._check(row)
            records = self._read({field: restored(row.cells[index]) for field, index in self._places.items()})
            self._check_repeat(records[0], row)
        except RecordRefused as refused:
            return Reading(row.number, row.cells, problem=self._problem(row, refused))
        return Reading(row.number, row.cells, tuple(record for record in records if self._is_new(record)))

    def _check(self, row: Row) -> None:
        """Refuse a row whose cells must not be used, as far as they are needed."""
        for fault in row.faults:
            field = next((field for field, index in self._places.items() if index == fault.column), None)
            if fault.column is None or field is not None:
                raise RecordRefused(field or "", fault.reason)

    def _check_repeat(self, record: Record, row: Row) -> None:
        first = self._seen.setdefault(identity(record), row.number)
        if first != row.number:
            field = next((field for field in _TELLING if field in self._places and row.cells[self._places[field]]), "")
            raise RecordRefused(field, f"names the same as row {first}")

    def _is_new(self, record: Record) -> bool:
        """Whether it is no repeated entitlement; those are remembered."""
        if not isinstance(record, Entitlement):
            return True
        is_new = record.source_id not in self._entitlements
        self._entitlements.add(record.source_id)
        return is_new

    def _problem(self, row: Row, refused: RecordRefused) -> Problem:
        index = self._places.get(refused.column)
        return Problem(
            kind=self._kind,
            row=row.number,
            column="" if index is None else self._columns[index],
            reason=refused.reason,
            value="" if index is None else shown(row.cells[index]),
        )

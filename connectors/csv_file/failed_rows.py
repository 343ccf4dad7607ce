"""The rows that could not be read, as a file to mend and import again: as they were, with row number and reason."""

from collections.abc import Iterable, Sequence

from connectors.csv_file.reading import Reading
from connectors.csv_file.writing import csv_file, restored
from connectors.sdk.records import Problem


def failed_rows_file(readings: Iterable[Reading], columns: Sequence[str]) -> bytes:
    """A CSV file of those of ``readings`` that have a problem, under ``columns``, Row and Reason."""
    failed = (
        (*map(restored, reading.cells), str(reading.row), sentence(reading.problem))
        for reading in readings
        if reading.problem
    )
    return csv_file([(*columns, "Row", "Reason"), *failed])


def sentence(problem: Problem) -> str:
    """The problem as a person reads it: “Start Date” is not a date; write it as 2024-05-31."""
    return f"“{problem.column}” {problem.reason}" if problem.column else f"The row {problem.reason}"

"""CSV that no spreadsheet program takes for a formula, and the way back.

A cell that begins with = + - @ | (or their full-width forms), a tab, a line break or NUL gets an apostrophe in front
(OWASP, CSV injection). So does one that begins with apostrophes before such a character: then ``restored`` gives
every cell back exactly. RFC 4180, UTF-8 with a byte order mark, which Excel needs.
"""

import csv
import io
from collections.abc import Iterable
from typing import Final

_DANGEROUS: Final = frozenset("=+-@|\t\r\n\0＝＋－＠｜")  # noqa: RUF001 - spreadsheets take the full-width forms too


def safe(cell: str) -> str:
    """``cell`` as it may stand in a CSV file."""
    return f"'{cell}" if cell.lstrip("'")[:1] in _DANGEROUS and cell else cell


def restored(cell: str) -> str:
    """``cell`` as it was before ``safe``."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'")[:1] in _DANGEROUS else cell


def csv_file(rows: Iterable[Iterable[str]]) -> bytes:
    """A whole small CSV file of ``rows``, every cell safe."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([safe(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig", errors="replace")

"""Opening a file: what it is, is decided by its first bytes and not by its name."""

import os
from typing import BinaryIO, Final

from connectors.csv_file.delimited import open_delimited
from connectors.csv_file.table import MOST_BYTES, FileRefused, Table
from connectors.csv_file.workbook import open_workbook

_HEAD: Final = 512
_NOT_A_TABLE: Final = (
    (b"\xd0\xcf\x11\xe0", "an old or a password-protected Excel file. Save it as .xlsx without a password"),
    (b"%PDF", "a PDF. Export the table as .xlsx or CSV"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a compressed file. Unpack it first"),
    (b"7z\xbc\xaf", "a compressed file. Unpack it first"),
    (b"Rar!", "a compressed file. Unpack it first"),
    (b"BZh", "a compressed file. Unpack it first"),
    (b"\xfd7zXZ", "a compressed file. Unpack it first"),
    (b"{\\rtf", "a text document. Export the table as .xlsx or CSV"),
    (b"{", "JSON. Export the table as .xlsx or CSV"),
    (b"<", "a web page or XML. Export the table as .xlsx or CSV"),
)


def open_table(data: BinaryIO, filename: str = "") -> Table:
    """The table in ``data``, an open seekable file that must stay open while rows are read; it is not closed.

    A ``filename`` that promises a workbook is held to it. Raises ``FileRefused``.
    """
    size = data.seek(0, os.SEEK_END)
    data.seek(0)
    if not size:
        raise FileRefused("The file is empty.")
    if size > MOST_BYTES:
        raise FileRefused(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it.")
    head = data.read(_HEAD)
    data.seek(0)
    if head.startswith(b"PK\x03\x04"):
        return open_workbook(data)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, name in _NOT_A_TABLE:
        if head.startswith(magic) or text.startswith(magic):
            raise FileRefused(f"This is {name}.")
    if filename.lower().endswith((".xlsx", ".xlsm")):
        raise FileRefused("The name says that this is a workbook, and the content is none.")
    return open_delimited(data)

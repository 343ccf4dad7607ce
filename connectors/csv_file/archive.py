"""The zip file around a workbook, checked before anything in it is unpacked.

What the directory announces is what can come out: Python's zipfile stops at the announced size. So the announced
sizes are bounded, and parts that overlap (together larger than the file) or shrink beyond reason are refused.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from connectors.csv_file.table import FileRefused

MOST_PARTS: Final = 1_000
MOST_UNPACKED: Final = 300 * 1024 * 1024
MOST_RATIO: Final = 300
_SMALL: Final = 1024 * 1024
_CHUNK: Final = 64 * 1024
_ENCRYPTED: Final = 0x1
_DAMAGE: Final = (BadZipFile, zlib.error, struct.error, EOFError, OSError, LookupError, RuntimeError, ValueError)
_OTHERS: Final = (("xl/workbook.bin", "a binary Excel file"), ("content.xml", "an OpenDocument file"))


def open_archive(data: BinaryIO) -> ZipFile:
    """The archive of an xlsx workbook, or ``FileRefused``."""
    size = data.seek(0, os.SEEK_END)
    try:
        archive = ZipFile(data)
    except _DAMAGE:
        raise FileRefused("The workbook is damaged: it is no whole zip file.") from None
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise FileRefused("The workbook is too large when unpacked. Save only the sheet with the table.")
    if sum(part.compress_size for part in parts) > size or any(map(_is_suspicious, parts)):
        raise FileRefused("The workbook is packed in a way no spreadsheet program does. Save it again.")
    names = set(archive.namelist())
    for name, what in _OTHERS:
        if name in names:
            raise FileRefused(f"This is {what}. Save it as .xlsx.")
    if "xl/workbook.xml" not in names:
        raise FileRefused("This is a zip file and not a workbook. Unpack it and choose the file with the table.")
    return archive


def chunks(archive: ZipFile, name: str, limit: int) -> Iterator[bytes]:
    """The part ``name``, unpacked piece by piece; refused when it is larger than ``limit`` bytes or damaged."""
    try:
        part = archive.getinfo(name)
        if part.file_size > limit:
            raise FileRefused(f"The workbook's part {name} is larger than {limit // 1024 // 1024} MB. Split the table.")
        with archive.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    except _DAMAGE:
        raise FileRefused("The workbook is damaged: a part of it cannot be unpacked.") from None


def _is_suspicious(part: ZipInfo) -> bool:
    return bool(
        part.flag_bits & _ENCRYPTED
        or part.compress_type not in {ZIP_STORED, ZIP_DEFLATED}
        or part.file_size > max(_SMALL, MOST_RATIO * part.compress_size)
    )

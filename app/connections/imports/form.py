"""Reads an uploaded file into memory and nowhere else: a file that spills to a disk would lie there in clear."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from app.connections.imports.uploading import MOST_BYTES
from app.core.errors import Invalid

_MOST_FIELDS: Final = 20
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Upload:
    """What was sent: the texts by name, and the file, None when none was chosen."""

    texts: dict[str, str]
    file: UploadFile | None


async def _read(request: Request) -> AsyncIterator[Upload]:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Invalid.field("file", "Choose a file.")
    parser = MultiPartParser(
        request.headers, request.stream(), max_files=1, max_fields=_MOST_FIELDS, max_part_size=_LONGEST
    )
    parser.spool_max_size = 2 * MOST_BYTES  # the body limit comes first
    try:
        sent = await parser.parse()
    except MultiPartException:
        raise Invalid.field(
            "file", "The form did not arrive as it should. Choose one file and send it again."
        ) from None
    try:
        files = {name: part for name, part in sent.multi_items() if isinstance(part, UploadFile)}
        texts = {name: part for name, part in sent.multi_items() if isinstance(part, str)}
        file = files.get("file")
        yield Upload(texts, file if file and file.filename else None)
    finally:
        await sent.close()


SentFile = Annotated[Upload, Depends(_read)]

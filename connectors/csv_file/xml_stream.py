"""XML read as a stream of elements: no tree, no document type, no entity, a bounded number of elements.

That is why workbooks are read with expat and not with a spreadsheet library, which builds a tree of every row before
its size can be judged: one row of some megabytes of empty cells costs it a gigabyte of memory.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NoReturn
from xml.parsers import expat  # nosec B407

from connectors.csv_file.table import FileRefused

MOST_ELEMENTS: Final = 6_000_000


def stream(
    chunks: Iterable[bytes],
    *,
    opened: Callable[[str, dict[str, str]], None],
    closed: Callable[[str], None],
    text: Callable[[str], None],
) -> Iterator[None]:
    """Call back for each element (by its name without namespace) and text; yields after every piece of input.

    Refuses what is not well-formed with ``FileRefused``.
    """
    seen = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal seen
        seen += 1
        if seen > MOST_ELEMENTS:
            raise FileRefused("The workbook has too many cells. Split the table.")
        opened(name.rpartition(" ")[2], attributes)

    # Entities, expat's one danger (B407), need a document type, and that is refused.
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: closed(name.rpartition(" ")[2])
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _no_document_type
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError:
        raise FileRefused("The workbook is damaged: a part of it is no well-formed XML.") from None


def _no_document_type(*_: object) -> NoReturn:
    raise FileRefused("The workbook holds a document type, which no spreadsheet program writes. Save it again.")

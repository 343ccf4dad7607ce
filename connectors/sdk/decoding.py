"""JSON from other systems into typed structs: broken answers are named, and one bad record spoils no page.

Decode lists as ``list[msgspec.Raw]`` and each element by itself (``pages.gather`` does), so that an element with a
wrong type becomes one problem. msgspec refuses a whole document for half a surrogate pair or a NUL byte of UTF-16 in
one string; such escapes are turned into NUL here, which the record that holds them is then refused for.
"""

import re
from typing import Final, TypeVar

from msgspec import DecodeError, ValidationError, json

from connectors.sdk.errors import BrokenAnswer

T = TypeVar("T")
_BOM: Final = b"\xef\xbb\xbf"
_ESCAPES: Final = re.compile(
    rb"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|(\\.)", re.DOTALL
)


def decode(body: bytes, into: type[T], source: str) -> T:
    """``body`` as ``into``; ``BrokenAnswer`` says what is wrong with the answer of ``source`` (an address)."""
    body = body.removeprefix(_BOM)
    try:
        return _decoded(body, into)
    except ValidationError as error:
        raise BrokenAnswer(f"The answer of {source} has another shape than expected: {error}.") from None
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenAnswer(f"The answer of {source} is not whole JSON: {_cause(error)}.") from None


def _decoded(body: bytes, into: type[T]) -> T:
    try:
        return json.decode(body, type=into)
    except ValidationError:
        raise
    except DecodeError:
        mended = _ESCAPES.sub(lambda found: found[1] or found[2] or rb"\u0000", body)
        if mended == body:
            raise
        return json.decode(mended, type=into)


def _cause(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return str(error).rstrip(".")

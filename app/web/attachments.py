"""The Content-Disposition header of a download, for any file name, never an invalid header (RFC 6266, RFC 8187)."""

import re
import unicodedata
from urllib.parse import quote

_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\"*/:<>?\\|%;]"
)
_MAX_NAME = 150


def attachment(name: str) -> str:
    """``attachment`` with ``name``: an ASCII reading for old clients, the name itself for all others.

    Directories, control, quoting and direction characters are replaced; the end of the name (its type) survives a cut.
    """
    clean = _UNSAFE.sub("_", unicodedata.normalize("NFC", name)).strip(" .") or "download"
    clean = clean if len(clean) <= _MAX_NAME else clean[: _MAX_NAME - 20] + clean[-20:]
    letters = "".join(char for char in unicodedata.normalize("NFKD", clean) if not unicodedata.combining(char))
    fallback = _UNSAFE.sub("_", letters.encode("ascii", "replace").decode())
    header = f'attachment; filename="{fallback}"'
    return header if fallback == clean else f"{header}; filename*=UTF-8''{quote(clean, safe='')}"

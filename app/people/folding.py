"""How text is compared in searches: without case, accents or width, so that "zoe" finds "Zoë".

Folding is for comparing only; what is shown is always what was typed.
"""

import unicodedata

_UNDECOMPOSED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)


def fold(text: str) -> str:
    """``text`` in the form in which it is compared: compatibility-decomposed, case-folded, marks removed."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(part for part in parts if not unicodedata.combining(part)).translate(_UNDECOMPOSED)

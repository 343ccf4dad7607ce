"""Where a form may lead back to: a path of ours and nothing else (CWE-601)."""

import re

_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


def same_site_path(text: str | None) -> str:
    """``text`` if it is a path of this site, else ``/``. Other hosts, schemes and control characters are not paths."""
    return text if text and _PATH.fullmatch(text) else "/"

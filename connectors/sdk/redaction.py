"""Secrets that do not show: a ``Secret`` prints as stars, and ``scrub`` takes secrets out of other people's text."""

from collections.abc import Iterable
from typing import Final, NoReturn

from typing_extensions import override

STARS: Final = "***"
_SHORTEST_SCRUBBED: Final = 4


class Secret:
    """A token or password. Only ``reveal()`` gives it; printing, formatting and pickling do not."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for the one header or body that needs it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    @override
    def __repr__(self) -> str:
        return f"Secret({STARS})"

    @override
    def __str__(self) -> str:
        return STARS

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret is not written down")


def scrub(text: str, secrets: Iterable[Secret]) -> str:
    """``text`` with every given secret replaced by stars (secrets under 4 characters would garble it: left alone)."""
    for value in sorted((secret.reveal() for secret in secrets), key=len, reverse=True):
        if len(value) >= _SHORTEST_SCRUBBED:
            text = text.replace(value, STARS)
    return text


def shown(text: str, limit: int = 80) -> str:
    """``text`` in one printable line of at most ``limit`` characters; anything unprintable becomes U+FFFD."""
    cut = text[: limit + 1]
    line = "".join(char if char.isprintable() else "\ufffd" for char in cut)
    return line if len(cut) <= limit else line[: limit - 1] + "…"

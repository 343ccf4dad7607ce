"""A resolver for tests: it says what a name leads to, and changes its mind as told."""

from collections.abc import Callable, Sequence


def resolves(*answers: Sequence[str]) -> tuple[Callable[[str, int], Sequence[str]], list[str]]:
    """A resolver that gives one answer after the other and then keeps to the last; counts its calls."""
    asked: list[str] = []

    def resolver(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return resolver, asked

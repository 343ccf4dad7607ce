"""Which passwords are good enough: ASVS 5.0 section 6.2 at level 2, without composition rules.

At least 12 characters (the standard asks 8; every password here also needs an authenticator, else it would be 15), at
most 256, any characters of Unicode, spaces and pasting included. Refused are well-known passwords and what can be read
off the account: product, organisation, names, the address. Passwords do not expire.
"""

import re
from typing import Final

from app.core.errors import FieldError, Invalid
from app.login.common_passwords import is_common

SHORTEST: Final = 12
LONGEST: Final = 256
PRODUCT: Final = "stackwarden"
_SHORTEST_WORD: Final = 3


def require_good(password: str, *, email: str, name: str, organisation: str, field: str = "password") -> None:
    """Refuse (``Invalid`` on ``field``) a password that is too short, too long, or easily guessed."""
    problem = problem_with(password, context=context_words(email, name, organisation))
    if problem:
        raise Invalid(problem, fields=(FieldError(field, problem),))


def problem_with(password: str, *, context: frozenset[str]) -> str:
    """What is wrong with it, as a sentence for who chose it, or ""."""
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters. A few words with spaces are easy to remember."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters."
    if is_common(password, context):
        return "This password is easy to guess: it is made of common words, names or patterns. Choose another."
    return ""


def context_words(email: str, name: str, organisation: str) -> frozenset[str]:
    """The words that are known of this account: product, organisation, the person's name, the parts of the address."""
    whole = f"{PRODUCT} stack warden {organisation} {name} {email}".casefold()
    parts = re.split(r"[\W_]+", whole)
    joined = (organisation.replace(" ", "").casefold(), name.replace(" ", "").casefold(), email.casefold())
    return frozenset(word for word in (*parts, *joined) if len(word) >= _SHORTEST_WORD)

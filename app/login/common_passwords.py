"""Passwords that everybody tries first, known without a list of anybody's: made of common words and well-known patterns.

A leaked-password list would be somebody's work and mostly shorter than our shortest password; what is left of such lists
at twelve characters and more is a common word or two with a year, digits, a keyboard row or signs around it, letters
swapped for look-alikes. So a password is taken apart into as cheap pieces as it can be, and is worth what its distinct
pieces cost to guess.
"""

import re
from collections.abc import Collection, Iterator
from functools import cache
from itertools import product
from typing import Final

# A password worth less is among those that are tried first. A common word is worth two, all else one.
WORTH: Final = 8

WORDS: Final = frozenset(
    """
    abc access account admin administrator adobe alex alexander alice amanda amazon america andrea andrew angel anna
    anthony apple april arsenal asdf ashley august autumn azerty baby banana banker barcelona baseball basketball batman
    beautiful benjamin betty blahblah blink blue bonjour boss brandon bubbles business butterfly buster caroline change
    changeit changeme charlie chelsea cheese chicken chocolate chris christian christmas claudia client cloud coffee
    company computer concert connect contact cookie correct corporate daniel database david december default demo diamond
    direct director dragon eagle edward elephant elizabeth email employee england enter example expert facebook family
    february fender ferrari finance first flower football forever forgot france freedom friday friend fuckyou fuck garden
    george germany ginger give google guest guitar hannah happy harley harry heaven hello help henry hockey holiday home
    horse house hunter iceman iloveyou info internet invite isabella jackson jack jacob james january jasmine jason jean
    jennifer jessica jesus john johnson jonathan jordan joseph joshua july june just justin keep keyboard killer king
    kitty laptop laura letmein license linux lisa liverpool local login london lord love lovely lucky madrid maggie
    manager manchester march maria mark marketing marlboro martin master matrix matthew maverick mercedes merlin michael
    michelle microsoft mickey mine mobile monday money monkey monster monitor morgan mother mountain mustang myself name
    nascar natalie newyork network nicole nintendo nothing november october office oliver online open orange pass passw
    passwd passphrase passport password passwort paris patrick pepper peter phoenix player please pokemon porsche power
    pretty prince princess private public purple qwer qwert qwerty qwertz rachel rainbow ranger raven reset robert rock
    root rosebud samantha samsung samuel saturday secret secure security september server service shadow silver slipknot
    smile snoopy soccer software spider spring staff staple starwars startrek steven student summer sunday sunshine super
    superman support switzerland system teacher temp temppass temporary tennis test tester testing thomas thunder thursday
    tiger tigger time today tomorrow trust trustno tuesday twitter united user username vanessa victoria vodafone wallpaper
    walter web wednesday welcome welcome whatever william windows winner winter wizard wolf work worker world yankees
    yellow york you yourself zaq zxcv
    all and are but can did for get had has her him his how its let may new not now one our out see she the too two use
    was way who why yes battery
    """.split()
) | {"correct horse battery staple", "correcthorsebatterystaple"}
_ROWS: Final = (
    "1234567890 qwertyuiop asdfghjkl zxcvbnm qwertzuiop azertyuiop yxcvbnm abcdefghijklmnopqrstuvwxyz !@#$%^&*() "
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol 1q2w3e4r5t6y7u8i9o0p q1w2e3r4t5y6u7i8o9p0"
).split()
_LINES: Final = tuple(line + line[:3] for row in _ROWS for line in (row, row[::-1]))
_LOOK_ALIKES: Final = str.maketrans("01l!|3€4@5$7+89", "oiiiieeaassttbg")
_SHORTEST_RUN: Final = 3
_LONGEST_WORD: Final = 40
_YEAR = re.compile(r"(19|20)[0-9][0-9]")


def is_common(password: str, context: Collection[str] = ()) -> bool:
    """Whether a guesser who knows common words, patterns and ``context`` (names, product, organisation) gets it early."""
    return worth(password, context) < WORTH


def worth(password: str, context: Collection[str] = ()) -> int:
    """What the distinct pieces of ``password`` cost a guesser; a word of ``context`` costs as little as a letter."""
    known = {_shape(word): 1 for word in context}
    return sum(dict(_pieces(password.casefold(), known)).values())


def examples() -> Iterator[str]:
    """A few thousand well-known passwords of twelve characters and more; each is refused."""
    tails = [*(str(year) for year in range(1990, 2031)), "123", "1234", "12345", "123456", "1", "!", "123!", "2026!"]
    for word, tail in product(sorted(WORDS), tails):
        for made in (word + tail, word.capitalize() + tail, tail + word, word + word + tail):
            if len(made) >= 12:  # noqa: PLR2004 - the shortest password
                yield made


def _pieces(text: str, known: dict[str, int]) -> list[tuple[str, int]]:
    """The cheapest way to say ``text`` in pieces: each with its price."""
    shape = _shape(text)
    best: list[tuple[int, int, int]] = [(0, 0, 0)] * (
        len(text) + 1
    )  # from here on: cost, length and price of the piece
    for at in range(len(text) - 1, -1, -1):
        ways = [(1, 1)]
        if run := max(_run(text, at), 4 if _YEAR.match(text, at) else 0):
            ways.append((run, 1))
        for end in range(at + 3, min(len(text), at + _LONGEST_WORD) + 1):
            price = known.get(shape[at:end]) or _words().get(shape[at:end])
            if price:
                ways.append((end - at, price))
        best[at] = min((best[at + length][0] + price, length, price) for length, price in ways)
    found, at = [], 0
    while at < len(text):
        _, length, price = best[at]
        found.append((shape[at : at + length], price))
        at += length
    return found


@cache
def _words() -> dict[str, int]:
    return {_shape(word): 2 for word in WORDS}


def _shape(text: str) -> str:
    return text.casefold().translate(_LOOK_ALIKES)


def _run(text: str, at: int) -> int:
    """The length of a keyboard row, alphabet, counting or repetition that begins here, or 0."""
    best = 1
    while at + best < len(text) and text[at + best] == text[at]:
        best += 1
    for line in _LINES:
        length = 1
        while text[at : at + length + 1] in line and at + length < len(text):
            length += 1
        best = max(best, length)
    return best if best >= _SHORTEST_RUN else 0

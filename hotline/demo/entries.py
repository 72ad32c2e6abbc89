"""What people key and text into fields: canonical entries, and ones with a slip in them.

Nothing here is anybody's: identity numbers have a region that was never assigned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from actions.embedded.people import identity_of, number_of

_ACTED_FOR = 1000
"""How many numbers somebody may act for: the block of the synthetic subscribers."""


def _identity(dice: Random) -> str:
    index = dice.randrange(1000)
    return identity_of(index, f"{dice.randint(1940, 1989)}-0{dice.randint(1, 9)}-1{index % 10}")


def _slip(entry: str) -> str:
    """The last figure is another one: the check digit does not fit any more."""
    return entry[:-1] + ("1" if entry[-1] != "1" else "2")


_GOOD: Mapping[str, Callable[[Random], str]] = {
    "phone": lambda dice: number_of(dice.randrange(_ACTED_FOR)),
    "month": lambda dice: f"{dice.randint(1, 12):02d}",
    "yuan": lambda dice: dice.choice(("5", "10", "20", "30", "50", "100")),
    "password": lambda dice: f"{dice.randrange(1_000_000):06d}",
    "new_password": lambda dice: f"{dice.choice('13579')}{dice.randrange(10_000):04d}8",
    "identity": _identity,
}
_BAD: Mapping[str, Callable[[Random], str]] = {
    "phone": lambda dice: number_of(dice.randrange(_ACTED_FOR))[:10],
    "month": lambda dice: f"{dice.randint(13, 31)}",
    "yuan": lambda _: "0",
    "password": lambda dice: f"{dice.randrange(10_000):04d}",
    "new_password": lambda dice: dice.choice(("123456", "111111", "1234")),
    "identity": lambda dice: _slip(_identity(dice)),
}


def entry(kind: str, dice: Random, *, bad: bool = False) -> str:
    """An entry of a field type (dialog.fields); a `bad` one does not pass its check."""
    return (_BAD if bad else _GOOD)[kind](dice)

"""A dialogue written down: conformance tests, `hotline call --json`, test calls, replay.

Written in prompts, values and outcomes, never in clips or formatted text, so that one transcript
holds for every channel. A said line is the text's id, then its values:

>>> from dialog.turn import Say
>>> from dialog.values import money
>>> line(Say("balance_is", {"balance": money(5860)}))
'balance_is balance=money:5860'
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any, NamedTuple

from dialog.turn import Say
from dialog.values import LIST, Value

_CHOICE = {"key", "label"}


class Closed(NamedTuple):
    """A request as it ended: its leaf, and the outcome or, where there is one, the reason."""

    leaf: str
    result: str


class Transcript(NamedTuple):
    """What went in, what was said after each input, what came of it.

    `inputs` of a call: keys, `-` (the time runs out), `x` (hangs up) or `agent:<status>` (how the
    agent's leg ended); of a text dialogue: texts. `said[0]` of a call is what is said on its
    arrival, before any input.
    """

    channel: str  # voice | text
    caller: str
    called: str
    inputs: tuple[str, ...]
    said: tuple[tuple[str, ...], ...]
    requests: tuple[Closed, ...] = ()
    end: str = ""  # how the dialogue ended; "" = it still waits

    def json(self) -> dict[str, Any]:
        """The transcript as JSON or YAML data."""
        return {
            "channel": self.channel,
            "caller": self.caller,
            "called": self.called,
            "inputs": list(self.inputs),
            "said": [list(lines) for lines in self.said],
            "requests": [closed._asdict() for closed in self.requests],
            "end": self.end,
        }


def lines(says: Iterable[Say]) -> tuple[str, ...]:
    """Said texts, one line each; the choices of a menu are one line together.

    >>> from dialog.values import digits, text
    >>> lines(Say("choice", {"key": digits(k), "label": text(l)}) for k, l in ("1a", "2b"))
    ('choice 1=a 2=b',)
    """
    found: list[str] = []
    for choice, group in groupby(says, lambda say: say.text if set(say.values) == _CHOICE else ""):
        if choice:
            offered = (f"{say.values['key'].of}={say.values['label'].of}" for say in group)
            found.append(" ".join((choice, *offered)))
        else:
            found.extend(map(line, group))
    return tuple(found)


def line(say: Say) -> str:
    """A said text as one line."""
    return " ".join((say.text, *(f"{k}={_value(v)}" for k, v in sorted(say.values.items()))))


def _value(value: Value) -> str:
    if value.type == LIST:
        rows = ("+".join(_value(cell) for cell in row) for row in value.of)
        return f"list:[{','.join(rows)}]"
    return ":".join(filter(None, (value.type, str(value.of), value.unit)))

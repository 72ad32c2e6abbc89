"""Who is answered and how often: no short code, no flood, no loop with another machine.

What came before is read from the record, so that the rules hold over any number of processes. Only
real traffic is judged: a rehearsal may be as fast as it likes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from dialog.events import ECHO, FLOOD, LIMITED, NOISE, STOP, STRANGER, TextReceived
from dialog.session import Origin
from ledger.history import History, Texted
from menus.model import Model
from sms_commands.numbers import answerable

MINUTE_MS = 60_000
LOOK_BACK_MS = 15 * MINUTE_MS
"""Texts of dialogues begun earlier are not looked at."""


_LONGEST_CODE = 16
"""Shorter texts may be codes, and are never taken for an answer of ours."""


class Limits(NamedTuple):
    """Of one number's texts to another; 0 = as many as come.

    `a_minute` are taken in a minute; `unknown` in a row are answered.
    """

    a_minute: int = 0
    unknown: int = 0


NO_LIMITS = Limits()


class Guard:
    """Judges texts by what came before them."""

    def __init__(self, ledger: History, pseudonym: Callable[[str], str], limits: Limits) -> None:
        self._ledger, self._pseudonym, self._limits = ledger, pseudonym, limits

    def verdict(self, model: Model, origin: Origin, event: TextReceived) -> str:
        """The text's verdict (dialog.events): the link's own, or what came before it."""
        if origin.traffic != "real" or not origin.caller:
            return event.verdict
        if not answerable(origin.caller):
            return STRANGER
        before = self._before(origin, event.at, max(1, self._limits.a_minute))
        over = self._over(before, event.at)
        if over:
            # who says STOP in a flood is heard, and like all others not answered again
            word = model.system_words.get(model.index.normalise(event.text))
            return STOP if word == STOP else over
        if event.verdict or not before:
            return event.verdict
        text = event.text.strip()
        if len(text) > _LONGEST_CODE and self._ledger.replied(before[0].session).strip() == text:
            return ECHO
        return NOISE if _unheard(before[0]) and self._noisy(origin, event.at) else ""

    def _before(self, origin: Origin, at: int, most: int) -> list[Texted]:
        line = self._pseudonym(origin.caller)
        return self._ledger.texts(line, origin.called, origin.traffic, at - LOOK_BACK_MS, most)

    def _over(self, before: list[Texted], at: int) -> str:
        """LIMITED for the first text that is too many, FLOOD for the next ones without a pause."""
        lately = sum(text.at > at - MINUTE_MS for text in before)
        if not self._limits.a_minute or lately < self._limits.a_minute:
            return ""
        return FLOOD if before[0].reason == "rate_limited" else LIMITED

    def _noisy(self, origin: Origin, at: int) -> bool:
        """Whether so many in a row were no codes; asked only when the latest was none."""
        unknown = self._limits.unknown
        last = self._before(origin, at, unknown)
        return 0 < unknown == len(last) and all(map(_unheard, last))


def _unheard(text: Texted) -> bool:
    return text.reason in ("unknown_command", "expired", "unanswerable")

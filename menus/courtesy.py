"""Words that add nothing to a request: 请帮我查话费，谢谢 asks for 话费.

A text that spells no code is looked at without them, from both ends, the fewest first. They are
data of menus.yaml; what is left must spell a code in full, as any text must.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

_BETWEEN = "# ,.!;:。、~"
"""What stands between such a word and the request."""
_MOST = 5
"""How many words are taken off either end; nobody is more courteous."""


@dataclass(frozen=True, slots=True)
class Courtesy:
    """The words that may stand before and after a request, normalised, in the file's order."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    def readings(self, text: str) -> Iterator[str]:
        """The normalised text as it is, then with ever more of the words off.

        Most texts need the first one only: no word is looked for before a second one is asked for.
        Bare digits are not left over: 我要1 is no order of the code 1.

        >>> list(Courtesy(("请", "查"), ("谢谢",)).readings("请查话费,谢谢"))
        ['请查话费,谢谢', '查话费,谢谢', '请查话费', '话费,谢谢', '查话费', '话费']
        """
        yield text
        heads = [text, *islice(_cut(text, self.before, _without_head), _MOST)]
        tails = [text, *islice(_cut(text, self.after, _without_tail), _MOST)]
        for words in range(1, len(heads) + len(tails) - 1):
            for after in range(max(0, words - len(heads) + 1), min(words, len(tails) - 1) + 1):
                start = len(text) - len(heads[words - after])
                left = text[start : len(tails[after])].strip(_BETWEEN)
                if left and not left.isdigit():
                    yield left


NO_COURTESY = Courtesy()
"""Of a file that lists no such words."""


def _cut(text: str, words: tuple[str, ...], without: Callable[[str, str], str]) -> Iterator[str]:
    """The text with one, two, ... of the words off its end; the longest that fits goes first."""
    longest = sorted(words, key=len, reverse=True)
    while less := next(filter(None, (without(text, word) for word in longest)), ""):
        yield less
        text = less


def _without_head(text: str, word: str) -> str:
    rest = text.removeprefix(word)
    if rest == text or (_latin(word[-1]) and _latin(rest[:1])):
        return ""
    return rest.lstrip(_BETWEEN)


def _without_tail(text: str, word: str) -> str:
    rest = text.removesuffix(word)
    if rest == text or (_latin(word[0]) and _latin(rest[-1:])):
        return ""
    return rest.rstrip(_BETWEEN)


def _latin(character: str) -> bool:
    """Whether a character runs on into a longer word with another such one."""
    return character.isascii() and character.isalnum()

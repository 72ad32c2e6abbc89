"""Texted commands: how a text is normalised, which code it spells, and what of it is secret.

A text is a spelling and the parameters behind it. Case, width and separators (`#`, `*`, `+`,
blanks) make no difference; a code is never guessed from the beginning of a word.

>>> normalise("ＣＸＺＤ 0910")
'CXZD#0910'
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from dialog.events import Profile
from dialog.fields import TYPES
from menus.filters import admits, both, somebody
from menus.model import Action, BookUse, Code, Filter, Form, Model, Node

SEPARATOR = "#"
ANY = "*"
"""The spelling of a row that takes any text."""
SEALED = re.compile(r"~[A-Z2-7=]+~(?:![a-z_]+)?")
"""A sealed value: base32 between tildes, then the fault that its check found, if any."""

_ENDS = " \"'“”‘’。.!,;、"
"""What people put round a code: quotes and the stop of a sentence."""
_SEPARATORS = "#*+"
_RUN = re.compile(r"[#*+\s]+")
_EDGES = re.compile(rf"^[#*+\s{_ENDS}]+|[#*+\s{_ENDS}]+$")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_IDENTITY_X = re.compile(r"(?<![0-9])([0-9]{17})\*(?![0-9A-Z])")
_FAULT = re.compile(r"(?<=~)![A-Z_]+")
_DIGITS = re.compile(r"\d{4,}")


def normalise(text: str) -> str:
    """The form in which texts are compared: NFKC, upper case, separators as `#`, none at the ends.

    A text of separators alone keeps its first one, so that `*` can mean no. A `*` that ends an
    identity number of 17 digits is its X, as on a keypad.
    """
    if text.isascii():
        text = text.upper()
    else:  # NFKC again, because upper case may take composed letters apart
        folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).upper()
        text = unicodedata.normalize("NFKC", folded)
    text = _CONTROL.sub(" ", text).strip()
    if "*" in text:
        text = _IDENTITY_X.sub(r"\1X", text)
    if "~!" in text:
        text = _FAULT.sub(lambda fault: fault[0].lower(), text)
    bare = _EDGES.sub("", text)
    if bare:
        return _RUN.sub(SEPARATOR, bare)
    return next((c for c in text if c in _SEPARATORS), text[:1])


def masked(text: str) -> str:
    """A text as the record may keep it: digit runs of four and more starred, seals taken out.

    >>> masked("BGM 111111 22")
    'BGM ****** 22'
    """
    text = SEALED.sub("[secret]", text)
    return _DIGITS.sub(lambda run: "*" * len(run[0]), text)


class Match(NamedTuple):
    """A text spells a code: by which spelling (as in the book) and with what behind it."""

    code: Code
    spelling: str
    params: tuple[str, ...]


class TooMany(NamedTuple):
    """A text spells a code but has more behind it than the code takes."""

    code: Code
    spelling: str


class Unsure(NamedTuple):
    """A text spells a code that is only for some, and the BSS did not say who texts."""

    code: Code
    spelling: str


class Entry(NamedTuple):
    """A spelling in use: `secret` has a secret parameter's field type, "" for the others."""

    code: Code
    spelling: str
    rule: Filter
    secret: tuple[str, ...]


class Index:
    """All spellings in use, by their normalised form; earlier books come first.

    `any` are the rows that take any text.
    """

    def __init__(
        self,
        books: Iterable[BookUse],
        codes: Mapping[str, Iterable[Code]],
        nodes: Mapping[str, Node],
    ) -> None:
        self.entries: dict[str, list[Entry]] = {}
        self.any: list[Entry] = []
        for use in books:
            for code in codes.get(use.book, ()):
                rule = both(use.filter, code.filter or Filter())
                if rule is None:
                    continue
                secret = _secrets(code, nodes.get(code.node))
                if not code.spellings:
                    self.any.append(Entry(code, ANY, rule, secret))
                for spelling in code.spellings:
                    entry = Entry(code, spelling, rule, secret)
                    self.entries.setdefault(normalise(spelling), []).append(entry)
        self.longest = max((key.count(SEPARATOR) + 1 for key in self.entries), default=0)

    normalise = staticmethod(normalise)

    def match(
        self, text: str, *, called: str, profile: Profile | None, at_ms: int
    ) -> Match | TooMany | Unsure | None:
        """The code of a text for this subscriber: the longest spelling that is complete.

        Where one spelling stands for several codes, the first that takes as many parameters.
        TooMany when a spelling is complete but none takes so many. A text without a spelling is
        taken whole by the first row that takes any; None when there is none. Without a profile a
        code that is for some only is Unsure.
        """
        tokens = normalise(text).split(SEPARATOR)
        found = self._find(tokens, called, profile, at_ms)
        if found is None:
            return self._otherwise(text, tokens, called, profile, at_ms)
        entry, params = found
        if len(params) > len(entry.code.params):
            return TooMany(entry.code, entry.spelling)
        return Match(entry.code, entry.spelling, params)

    def _find(
        self, tokens: list[str], called: str, profile: Profile | None, at_ms: int
    ) -> tuple[Entry, tuple[str, ...]] | None:
        over: tuple[Entry, tuple[str, ...]] | None = None
        for n in range(min(len(tokens), self.longest), 0, -1):
            for entry in self.entries.get(SEPARATOR.join(tokens[:n]), ()):
                if admits(entry.rule, called, profile, at_ms):
                    found = entry, tuple(tokens[n:])
                    if len(tokens) - n <= len(entry.code.params):
                        return found
                    over = over or found
        return over

    def _otherwise(
        self, text: str, tokens: list[str], called: str, profile: Profile | None, at_ms: int
    ) -> Match | Unsure | None:
        """What becomes of a text that spells no code for this subscriber."""
        for entry in self.any:
            if admits(entry.rule, called, profile, at_ms):
                return Match(entry.code, ANY, (text.strip(),)[: len(entry.code.params)])
        if profile is None:
            for n in range(min(len(tokens), self.longest), 0, -1):
                for entry in self.entries.get(SEPARATOR.join(tokens[:n]), ()):
                    if somebody(entry.rule, called, at_ms):
                        return Unsure(entry.code, entry.spelling)
        return None

    def seal(
        self,
        text: str,
        *,
        called: str,
        profile: Profile | None,
        at_ms: int,
        seal: Callable[[str, str], str],
    ) -> str:
        """The text with its secret parameters sealed; as it was when it has none.

        `seal` gets a parameter and its field type, "" for one that is too many.
        A text with secrets comes back normalised. When a code that takes a secret has too many
        parameters, all of them are sealed: a number typed with blanks in it is still a secret.
        A code that this subscriber may not use is looked at all the same.
        """
        tokens = normalise(text).split(SEPARATOR)
        found = self._find(tokens, called, profile, at_ms) or self._of_anybody(tokens)
        if found is None:
            return text
        entry, params = found
        if not any(entry.secret) or not params:
            return text
        if len(params) > len(entry.secret):
            secret: tuple[str | None, ...] = ("",) * len(params)
        else:
            secret = tuple(kind or None for kind in entry.secret[: len(params)])
        sealed = [
            param if kind is None or SEALED.fullmatch(param) else seal(param, kind)
            for param, kind in zip(params, secret, strict=True)
        ]
        return SEPARATOR.join((*tokens[: len(tokens) - len(params)], *sealed))

    def _of_anybody(self, tokens: list[str]) -> tuple[Entry, tuple[str, ...]] | None:
        for n in range(min(len(tokens), self.longest), 0, -1):
            for entry in self.entries.get(SEPARATOR.join(tokens[:n]), ()):
                if any(entry.secret):
                    return entry, tuple(tokens[n:])
        return None


def _secrets(code: Code, node: Node | None) -> tuple[str, ...]:
    fields = node.fields if isinstance(node, (Action, Form)) else ()
    secret = {field.name: field.type for field in fields if TYPES[field.type].secret}
    return tuple(secret.get(name, "") for name in code.params)


def seal_text(
    model: Model,
    text: str,
    *,
    called: str,
    profile: Profile | None,
    at_ms: int,
    seal: Callable[[str, str], str],
) -> str:
    """`Index.seal` of a model: what the runner does to a text before anything else sees it."""
    index: Index = model.index
    return index.seal(text, called=called, profile=profile, at_ms=at_ms, seal=seal)

"""Texted commands: how a text is normalised, which code it spells, and what of it is secret.

A text is a spelling and the parameters behind it. Case, width and separators (`#`, `*`, `+`,
blanks) make no difference; a code is never guessed from the beginning of a word.

>>> normalise("ＣＸＺＤ 0910")
'CXZD#0910'
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from dialog.events import Profile
from dialog.fields import TYPES
from menus.courtesy import NO_COURTESY, Courtesy
from menus.filters import admits, both, somebody
from menus.model import Action, BookUse, Code, Filter, Form, Model, Node
from menus.named import ANY_SERVICE, by_name, services

SEPARATOR = "#"
ANY = "*"
"""The spelling of a row that takes any text."""
SEALED = re.compile(r"~[A-Z2-7=]+~(?:![a-z_]+)?")
"""A sealed value: base32 between tildes, then the fault that its check found, if any."""

_ENDS = " \"'“”‘’。.!,:;、()<>\\[\\]【】「」『』《》"
"""What people put round a code: quotes, brackets and the stop of a sentence."""
_SEPARATORS = "#*+"
_RUN = re.compile(r"[#*+\s,:;、。]+")
_EDGES = re.compile(rf"^[#*+\s{_ENDS}]+|[#*+\s{_ENDS}]+$")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_IDENTITY_X = re.compile(r"(?<![0-9])([0-9]{17})\*(?![0-9A-Z])")
_FAULT = re.compile(r"(?<=~)![A-Z_]+")
_DIGITS = re.compile(r"\d{4,}")
_ASKED = re.compile(
    r"^请?(?:发送?|编辑|编写)(?:短信)?\s*(.+?)\s*(?:发送?)?[到至给]\s*\d{3,12}$|"
    r"^(.+?)\s*发送?[到至给]?\s*\d{5,8}$"
)
"""How leaflets put it, and people copy it: 发送CXYE到10086, CXYE发10086."""
_LOOKALIKE = str.maketrans("OIL", "011")
SUGGESTED = 3
_LONG = 5
"""Spellings from this length on may have two letters wrong."""
_SHORT = 4
"""Below it, a Chinese word with one character wrong is another word."""
_LONGEST_MEANT = 20
_LONGEST_DIGIT = 8
"""A digit with quotes, a stop and blanks round it."""
_NO_NAMES: Mapping[str, Mapping[str, str]] = {}


def normalise(text: str) -> str:
    """The form in which texts are compared: NFKC, upper case, separators as `#`, none at the ends.

    What people put between two things, as a comma, separates as well.

    A text of separators alone keeps its first one, so that `*` can mean no. A `*` that ends an
    identity number of 17 digits is its X, as on a keypad.
    """
    if text.isascii():
        text = text.upper()
        if text.isalnum():  # as most codes are sent
            return text
    else:  # NFKC again, because upper case may take composed letters apart
        folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).upper()
        text = unicodedata.normalize("NFKC", folded)
    text = _CONTROL.sub(" ", text).strip()
    if "*" in text:
        text = _IDENTITY_X.sub(r"\1X", text)
    if "~!" in text:
        text = _FAULT.sub(lambda fault: fault[0].lower(), text)
    bare = _EDGES.sub("", text)
    while not bare.isascii() and (asked := _ASKED.match(bare)):
        bare = _EDGES.sub("", asked[1] or asked[2])
    if bare:
        return _RUN.sub(SEPARATOR, bare)
    return next((c for c in text if c in _SEPARATORS), text[:1])


def bare_digit(text: str) -> bool:
    """Whether a text is one digit, as answers to lists are.

    >>> bare_digit("２。"), bare_digit("15")
    (True, False)
    """
    if len(text) > _LONGEST_DIGIT:
        return False
    text = normalise(text)
    return len(text) == 1 and text in "0123456789"


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


class Several(NamedTuple):
    """A text spells one code and then another; neither is run."""

    code: Code
    spelling: str


class Nameless(NamedTuple):
    """A text says what to do with a service, and then no name of one for which that can be done."""

    code: Code
    spelling: str


class Barred(NamedTuple):
    """A text spells a code that is for others: each of `rules` says for whom."""

    code: Code
    spelling: str
    rules: tuple[Filter, ...]


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

    `any` are the rows that take any text, `before_name` those that a service's name follows, by
    normal form, the longest first. `services` has, by node, the services that it is for.
    """

    def __init__(
        self,
        books: Sequence[BookUse],
        codes: Mapping[str, Iterable[Code]],
        nodes: Mapping[str, Node],
        courtesy: Courtesy = NO_COURTESY,
        names: Mapping[str, Mapping[str, str]] = _NO_NAMES,
    ) -> None:
        self._courtesy = courtesy
        self.entries: dict[str, list[Entry]] = {}
        self.any: list[Entry] = []
        self.before_name: list[tuple[str, Entry]] = []
        used = [code for use in books for code in codes.get(use.book, ())]
        self.services = services(used, nodes)
        self._names = {
            node: by_name(self.services.get(node, ()), names, normalise)
            for node in {code.node for code in used if ANY_SERVICE in code.constants.values()}
        }
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
                    if code.node in self._names and ANY_SERVICE in code.constants.values():
                        self.before_name.append((normalise(spelling), entry))
                    else:
                        self.entries.setdefault(normalise(spelling), []).append(entry)
        self.before_name.sort(key=lambda verb: -len(verb[0]))
        self.longest = max((key.count(SEPARATOR) + 1 for key in self.entries), default=0)

    normalise = staticmethod(normalise)

    def match(
        self, text: str, *, called: str, profile: Profile | None, at_ms: int
    ) -> Match | TooMany | Several | Nameless | Barred | Unsure | None:
        """The code of a text for this subscriber: the longest spelling that is complete.

        Where one spelling stands for several codes, the first that takes as many parameters.
        TooMany when a spelling is complete but none takes so many, Several when a code follows it;
        words without a digit behind it (thanks, a signature) are passed over, and so are words of
        courtesy round a spelling. A row that a service's name follows needs a name that is known,
        or else the text is Nameless. A text without a spelling is taken whole by the first row that
        takes any; None when there is none. Without a profile a code that is for some only is
        Unsure.
        """
        tokens, found = self._spelled(text, called, profile, at_ms)
        if found is None:
            return self._otherwise(text, tokens, called, profile, at_ms)
        entry, params = found
        if len(params) > len(entry.code.params):
            if self._find(list(params), called, profile, at_ms) is not None:
                return Several(entry.code, entry.spelling)
            if entry.code.params or any(c.isdigit() for param in params for c in param):
                return TooMany(entry.code, entry.spelling)
            if nameless := self._nameless(tokens, called, profile, at_ms):
                return nameless
            params = ()
        return Match(entry.code, entry.spelling, params)

    def _spelled(
        self, text: str, called: str, profile: Profile | None, at_ms: int
    ) -> tuple[list[str], tuple[Entry, tuple[str, ...]] | None]:
        """A text's tokens and what they spell, as it is or else without words of courtesy.

        What has too much behind it is given only when nothing else is spelled.
        """
        plain = normalise(text)
        over: tuple[list[str], tuple[Entry, tuple[str, ...]] | None] | None = None
        for less in self._courtesy.readings(plain):
            tokens = less.split(SEPARATOR)
            found = self._find(tokens, called, profile, at_ms)
            if found is not None and len(found[1]) <= len(found[0].code.params):
                return tokens, found
            named = self._named(less, called, profile, at_ms)
            if named is not None:
                return tokens, (named, ())
            if found is not None:
                over = over or (tokens, found)
        return over or (plain.split(SEPARATOR), None)

    def _named(self, text: str, called: str, profile: Profile | None, at_ms: int) -> Entry | None:
        """The row that a service's name goes with, as the row of that service."""
        for before, entry in self.before_name:
            names = self._names[entry.code.node]
            for name in self._beside(text, before):
                service = names.get(name)
                if service is not None and admits(entry.rule, called, profile, at_ms):
                    constants = {
                        key: service if value == ANY_SERVICE else value
                        for key, value in entry.code.constants.items()
                    }
                    code = replace(entry.code, constants=constants)
                    return entry._replace(code=code, spelling=f"{entry.spelling} {name}")
        return None

    def _beside(self, text: str, verb: str) -> Iterator[str]:
        """What may be a name with a verb: what follows it or, in characters, what it follows."""
        if text.startswith(verb):
            yield text[len(verb) :].lstrip(SEPARATOR)
        if text.endswith(verb) and not verb.isascii():
            yield from self._courtesy.readings(text[: -len(verb)].rstrip(SEPARATOR))

    def _nameless(
        self, tokens: list[str], called: str, profile: Profile | None, at_ms: int
    ) -> Nameless | None:
        """Whether what comes before a name is there, set apart from it or in characters."""
        for before, entry in self.before_name:
            apart = tokens[0] == before and len(tokens) > 1
            run_on = tokens[0].startswith(before) and tokens[0] != before and not before.isascii()
            if (apart or run_on) and admits(entry.rule, called, profile, at_ms):
                return Nameless(entry.code, entry.spelling)
        return None

    def _begun(self, tokens: list[str]) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        """The codes that the tokens begin with, the longest first, and what stands behind each."""
        for n in range(min(len(tokens), self.longest), 0, -1):
            for entry in self.entries.get(SEPARATOR.join(tokens[:n]), ()):
                yield entry, tuple(tokens[n:])

    def _find(
        self, tokens: list[str], called: str, profile: Profile | None, at_ms: int
    ) -> tuple[Entry, tuple[str, ...]] | None:
        over: tuple[Entry, tuple[str, ...]] | None = None
        for entry, params in self._begun(tokens):
            if admits(entry.rule, called, profile, at_ms):
                if len(params) <= len(entry.code.params):
                    return entry, params
                over = over or (entry, params)
        return over

    def _otherwise(
        self, text: str, tokens: list[str], called: str, profile: Profile | None, at_ms: int
    ) -> Match | Nameless | Barred | Unsure | None:
        """What becomes of a text that spells no code for this subscriber."""
        for entry in self.any:
            if admits(entry.rule, called, profile, at_ms):
                return Match(entry.code, ANY, (text.strip(),)[: len(entry.code.params)])
        plain = SEPARATOR.join(tokens)
        ways = [less.split(SEPARATOR) for less in self._courtesy.readings(plain)]
        for way in ways:
            for n in range(min(len(way), self.longest), 0, -1):
                others = [
                    entry
                    for entry in self.entries.get(SEPARATOR.join(way[:n]), ())
                    if somebody(entry.rule, called, at_ms)
                ]
                if others and profile is None:
                    return Unsure(others[0].code, others[0].spelling)
                if others and not bare_digit(text):  # that is meant for a list, not for others
                    rules = tuple(entry.rule for entry in others)
                    return Barred(others[0].code, others[0].spelling, rules)
        for way in ways:
            if nameless := self._nameless(way, called, profile, at_ms):
                return nameless
        return None

    def suggest(
        self, text: str, *, called: str, profile: Profile | None, at_ms: int
    ) -> tuple[str, ...]:
        """At most SUGGESTED spellings that this subscriber may have meant, the nearest first.

        Letters swapped, wrong, missing, one too many or apart; O for 0, I or L for 1. A number is
        never taken for another number: neighbours of a numeric code mean quite different things.
        """
        from rapidfuzz.distance import OSA  # only texts that match nothing need it

        plain = normalise(text)
        for entry in self.entries.get(plain.replace(SEPARATOR, ""), ()):
            if SEPARATOR in plain and admits(entry.rule, called, profile, at_ms):
                return (entry.spelling,)
        meant = plain.split(SEPARATOR)[0]
        folded = meant.translate(_LOOKALIKE)
        if not 2 <= len(meant) <= _LONGEST_MEANT:
            return ()
        near: list[tuple[int, str, str]] = []
        for key, entries in self.entries.items():
            if key == meant:  # spelled, and refused for what stands behind it
                continue
            most = _most_off(key)
            off = OSA.distance(folded, key.translate(_LOOKALIKE), score_cutoff=most)
            if off <= most:
                for entry in entries:
                    if admits(entry.rule, called, profile, at_ms):
                        near.append((off, key, entry.spelling))
                        break
        nearest = min((off for off, _, _ in near), default=0)
        return tuple(word for off, _, word in sorted(near) if off == nearest)[:SUGGESTED]

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
        tokens, found = self._spelled(text, called, profile, at_ms)
        if found is None:
            tokens, found = self._secret_of_anybody(tokens)
        if found is None:
            return self._whole_sealed(text, called, profile, at_ms, seal)
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

    def _whole_sealed(
        self,
        text: str,
        called: str,
        profile: Profile | None,
        at_ms: int,
        seal: Callable[[str, str], str],
    ) -> str:
        """A text that is taken whole, sealed when the row that takes it has a secret for it."""
        for entry in self.any:
            if text.strip() and admits(entry.rule, called, profile, at_ms):
                secret = entry.secret[:1]
                return seal(text.strip(), secret[0]) if any(secret) else text
        return text

    def _secret_of_anybody(
        self, tokens: list[str]
    ) -> tuple[list[str], tuple[Entry, tuple[str, ...]] | None]:
        """The code with secrets that these tokens spell for whomever, courtesy apart."""
        plain = SEPARATOR.join(tokens)
        for less in self._courtesy.readings(plain):
            rest = less.split(SEPARATOR)
            for entry, params in self._begun(rest):
                if any(entry.secret):
                    return rest, (entry, params)
        return tokens, None


def _most_off(key: str) -> int:
    """How many letters of a spelling may be wrong: none of a number, few of a short word."""
    if key.isdigit() or (len(key) < _SHORT and not key.isascii()):
        return 0
    return 1 if len(key) < _LONG else 2


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

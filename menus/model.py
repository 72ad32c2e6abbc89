"""menus.yaml as the engine reads it: checked, resolved, frozen.

Built by menus.loader only. Everything a turn needs is found by one dictionary look-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from menus.courtesy import NO_COURTESY, Courtesy
from menus.template import Template


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: file, line and column, counted from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Filter:
    """`for:` and `valid:` of a choice, code, book, text or action; empty means everybody.

    Each part is a set of allowed words; `valid` is a half-open span [from, to) in UTC ms.
    """

    called: frozenset[str] = frozenset()
    operator: frozenset[str] = frozenset()
    brand: frozenset[str] = frozenset()
    province: frozenset[str] = frozenset()
    tier: frozenset[str] = frozenset()
    roaming: frozenset[str] = frozenset()
    valid_from: int = 0
    valid_to: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """A dated rule that refuses with `reason` (outside_window, roaming, service_withdrawn, ...)."""

    filter: Filter
    reason: str
    days: str = ""  # "" = every day, "month_end" = the last day of a month
    from_time: int = 0  # seconds of the local day
    to_time: int = 86_400
    kinds: frozenset[str] = frozenset()  # query | change; empty = both
    books: frozenset[str] = frozenset()  # only for what a code of these books led to; empty = all


@dataclass(frozen=True, slots=True)
class Text:
    """A text in every language; `sms` is its wording for messages where that differs."""

    id: str
    voice: Mapping[str, Template]
    sms: Mapping[str, Template]
    place: Place


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a menu: the key that is pressed, what it is called, where it leads."""

    key: str
    label: str  # text id
    to: str  # node id
    constants: Mapping[str, str]
    place: Place
    filter: Filter | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One entry to be asked for while it is empty. Texts are ids; `faults` has one per fault."""

    name: str
    type: str  # dialog.fields.TYPES
    ask: str
    place: Place
    again: tuple[str, ...] = ()  # the text of the 2nd, 3rd try: each helps more
    faults: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False  # never asked by an action: a form or a text may give it


@dataclass(frozen=True, slots=True)
class Tries:
    """How often an entry may fail and what is said then. Texts are ids.

    `no_input` and `no_match` hold the text of each failed try, the last one repeated; `then` is
    the node gone to after `most` failed tries ("" = goodbye).
    """

    most: int
    no_input: tuple[str, ...]
    no_match: tuple[str, ...]
    then: str = ""
    first_ms: int = 5000
    between_ms: int = 3000


@dataclass(frozen=True, slots=True)
class Node:
    """What every node has. `reserved` maps a key to agent | repeat | back."""

    id: str
    kind: str  # menu | form | action | message | transfer
    place: Place
    reserved: Mapping[str, str]
    tries: Tries
    filter: Filter | None
    constants: tuple[str, ...]  # the names of its constants, in the order of its leaf's path
    next: str  # the node gone to when this one is done; "" = end of the dialogue
    agent: str = field(default="", kw_only=True)  # where its `agent` key leads; "" = it has none


@dataclass(frozen=True, slots=True)
class Own:
    """What a subscriber asks for most, offered before a menu's choices.

    The options are choices of the menus `of`, by their leaf; one must have been asked for `least`
    times lately. `keys` are given out in their order, to the most used first.
    """

    intro: str
    of: tuple[str, ...]
    keys: tuple[str, ...]
    least: int
    leaves: Mapping[str, Choice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Menu(Node):
    """An intro and an ordered list of choices: list order is the order spoken."""

    intro: str
    choices: tuple[Choice, ...]
    sets: str = ""  # "language": a choice's constant `language` is taken as the session's
    own: Own | None = None


@dataclass(frozen=True, slots=True)
class Form(Node):
    """Fields shared by several ways on; goes `to` a node with what was entered."""

    fields: tuple[Field, ...]
    to: str


@dataclass(frozen=True, slots=True)
class Action(Node):
    """A query, an order or the verification of a subscriber, behind its gates.

    `confirm` is the text that states the price ("" = no such gate). `answers` maps a success to
    its text, by the leaf's constants joined with `/` or "" for all; `receipts` does so for the
    texts sent to the owner after a change by voice or for another number. `on` has this node's
    exceptions from the file-wide outcome texts. `pick` is the node that a service out of a query's
    list leads to, by its number in a text.
    """

    does: str  # query | order | verify
    name: str
    fields: tuple[Field, ...]
    password: str  # never | always (beside what the identity level asks)
    confirm: str
    answers: Mapping[str, str]
    on: Mapping[str, str]
    subject: bool
    slow: str  # said when the BSS is slow
    pick: str = ""
    receipts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message(Node):
    """A text, said; a leaf of its own. `files`: "complaint" puts the form's entry on file."""

    text: str
    files: str = ""


@dataclass(frozen=True, slots=True)
class TransferNode(Node):
    """To an agent. `busy` maps the leg's status to a text; `next` follows it."""

    topic: str
    say: str
    busy: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Code:
    """A row of a codebook: spellings, and the leaf that they reach.

    A row without spellings takes any text that spells nothing. `confirms` is the spelling of the
    code whose open order this one says yes to; without that order it is that code once more.
    """

    book: str
    spellings: tuple[str, ...]
    node: str
    constants: Mapping[str, str]
    params: tuple[str, ...]  # field names, in the order texted
    place: Place
    filter: Filter | None = None
    confirms: str = ""
    row: int = 0  # of its book, from 0


@dataclass(frozen=True, slots=True)
class BookUse:
    """A book in use, for whom; earlier ones win where spellings meet.

    `over` names the later books that it is meant to win over.
    """

    book: str
    filter: Filter
    over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """A version of the dialogue.

    `words` are file-wide texts by role: welcome, goodbye, choice, press_agent, ask_number,
    ask_password, wrong_password_again, repeat ... (menus.loader.WORDS lists them).
    """

    digest: str
    zone: str
    languages: tuple[str, ...]
    called_language: Mapping[str, str]  # called number -> language
    called: tuple[str, ...]  # the numbers served, the first the default
    start: Mapping[str, str]  # voice -> node id
    nodes: Mapping[str, Node]
    texts: Mapping[str, Text]
    names: Mapping[str, Mapping[str, str]]  # catalogue id -> language -> name
    outcomes: Mapping[str, str]  # outcome or reason -> text id
    words: Mapping[str, str]
    codes: Mapping[str, tuple[Code, ...]]  # book -> rows
    books: tuple[BookUse, ...]
    windows: tuple[Window, ...]
    system_words: Mapping[str, str]  # normalised spelling -> stop | start | help
    yes: frozenset[str]
    no: frozenset[str]
    measures: Mapping[str, Mapping[str, str]]
    faults: Mapping[str, Mapping[str, str]]  # field type -> fault -> text id
    step_limit: int
    instead: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Called number -> text id -> the text that it says instead."""
    operators: Mapping[str, str] = field(default_factory=dict)
    """Called number -> the operator whose subscribers it serves, where it serves only those."""
    courtesy: Courtesy = NO_COURTESY
    own_least: int = 0
    """The fewest uses that some menu's own options ask for; 0 = no menu has any."""
    own_spellings: frozenset[str] = frozenset()
    """The texts, normalised, that reach such a menu."""
    index: Any = None  # menus.keywords.Index over books and codes
    marks: Any = field(default=None, compare=False, repr=False)  # menus.marks.Marks, for lint

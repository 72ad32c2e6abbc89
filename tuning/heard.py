"""What callers did in menus, and what they had heard of them when they did it.

Out of whole recorded calls: only they say how far a prompt was when the key came.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from dialog.turn import OWN
from ledger.records import Step, Walk
from menus.model import Choice, Menu, Model

CHOOSE, WRONG, SILENCE, GONE = "choose", "wrong", "silence", "gone"
AGENT, REPEAT, BACK = "agent", "repeat", "back"
_KINDS = {"DigitsEntered": CHOOSE, "NoInput": SILENCE, "CallEnded": GONE, "WaitExpired": GONE}

EARLY = "early"  # before the option was begun: its key is known
TOLD = "told"  # with the option or after it
WHOLE = "whole"  # only when everything had been said
UNTOLD = "untold"  # what came before the menu has no known length


class Times(Protocol):
    """A menu's milliseconds: its intro, each choice as announced, each reserved key likewise."""

    @property
    def intro(self) -> int:
        """The intro."""

    @property
    def choices(self) -> tuple[int, ...]:
        """Each choice in the file's order: label, 请按, key."""

    @property
    def reserved(self) -> Mapping[str, int]:
        """By reserved key, in the order spoken, after the choices."""


class Spoken(NamedTuple):
    """How long a version speaks in one language: its menus, and texts without values by id."""

    menus: Mapping[str, Times]
    texts: Mapping[str, int]


class Act(NamedTuple):
    """What a caller did in a menu, at the step `n`.

    `kind` is CHOOSE, GONE (the line is down), SILENCE, WRONG, or what a reserved key does: agent,
    repeat, back. `heard` is the milliseconds heard of the menu since its intro began, None when
    unknown; `before` those of what the turn had said before it. `offered` has the keys of the
    choices in the order spoken. Of a choice `how` says when the key came, and `late` how long
    after the end of the option's announcement (with WHOLE: of everything).
    """

    n: int
    at: int
    kind: str
    menu: str
    key: str
    heard: int | None
    before: int
    language: str
    offered: tuple[str, ...] = ()
    choice: Choice | None = None
    how: str = UNTOLD
    late: int = 0


def milliseconds(
    menu: Menu, times: Times, offered: Sequence[str]
) -> tuple[dict[str, tuple[int, int]], int]:
    """When the announcement of each offered key begins and ends, and when all has been said."""
    lengths = {c.key: ms for c, ms in zip(menu.choices, times.choices, strict=True)}
    spans: dict[str, tuple[int, int]] = {}
    at = times.intro
    for key in offered:
        spans[key] = (at, at + lengths[key])
        at += lengths[key]
    return spans, at + sum(times.reserved.values())


def before_menu(said: Sequence[str], menu: Menu, texts: Mapping[str, int]) -> int | None:
    """How long it takes until a turn that said these texts comes to the menu's intro."""
    if menu.intro not in said:
        return None
    at = 0
    for text in said[: said.index(menu.intro)]:
        if text not in texts:
            return None
        at += texts[text]
    return at


def heard_in(step: Step, said: Sequence[str], menu: Menu, texts: Mapping[str, int]) -> int | None:
    """How much of the menu a step's caller had heard, of a turn that said these texts."""
    begins = before_menu(said, menu, texts)
    return None if begins is None else step.heard_ms - begins


def acts(walk: Walk, model: Model, languages: Mapping[str, Spoken]) -> Iterator[Act]:
    """What a call's caller did in menus, in order; model and lengths are its version's.

    What was heard in a language without lengths is unknown.
    """
    said: list[str] = []
    language = walk.session.language
    for step in walk.steps:
        menu = model.nodes.get(step.node)
        if step.stage == "choose" and isinstance(menu, Menu):
            act = _act(step, said, menu, language, languages.get(language))
            if act is not None:
                yield act
                if menu.sets and act.choice is not None:
                    language = act.choice.constants["language"]
        said = json.loads(step.said)


def _act(
    step: Step, said: Sequence[str], menu: Menu, language: str, spoken: Spoken | None
) -> Act | None:
    if step.event not in _KINDS:
        return None
    if step.key == OWN:
        return None  # no order of the menu's choices makes this way another
    heard = None if spoken is None else heard_in(step, said, menu, spoken.texts)
    before = step.heard_ms if heard is None else step.heard_ms - heard
    own = menu.own.keys if menu.own is not None else ()
    offered = tuple(key for key in json.loads(step.options) if key not in own)
    kind = _KINDS[step.event]
    act = Act(step.n, step.at, kind, menu.id, step.key, heard, before, language, offered)
    if kind != CHOOSE:
        return act
    if step.key not in offered:
        return act._replace(kind=menu.reserved.get(step.key, WRONG))
    act = act._replace(choice=next(c for c in menu.choices if c.key == step.key))
    if heard is None or spoken is None or menu.id not in spoken.menus:
        return act
    spans, whole = milliseconds(menu, spoken.menus[menu.id], offered)
    begin, end = spans[step.key]
    if heard >= whole:
        return act._replace(how=WHOLE, late=heard - whole)
    if heard < begin:
        return act._replace(how=EARLY)
    return act._replace(how=TOLD, late=heard - end)

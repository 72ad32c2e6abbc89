"""menu: an intro and an ordered list of choices; one key, or one number in a text, picks one."""

from __future__ import annotations

from functools import lru_cache

from dialog import values
from dialog.turn import Collect, Say
from menus.model import Choice, Menu
from nodes import own
from nodes.filters import admits
from nodes.step import Step


def offered(step: Step, menu: Menu) -> list[Choice]:
    """The choices that this subscriber is offered now, in the order spoken, own options first."""
    return [*own.options(step, menu), *_fixed(step, menu)]


def _fixed(step: Step, menu: Menu) -> list[Choice]:
    return [c for c in menu.choices if c.filter is None or admits(c.filter, step)]


def enter(step: Step, menu: Menu) -> None:
    """Says own options, the intro and the choices, then waits for one key.

    What this turn said before the menu is kept: repeating the menu repeats it too.
    """
    step.said = tuple(step.says)
    words = step.model.words
    text = words["choice"]
    mine = own.options(step, menu)
    if mine and menu.own is not None:
        step.say(menu.own.intro)
        step.says += [announced(text, c.label, c.key) for c in mine]
    step.say(menu.intro)
    step.says += [announced(text, c.label, c.key) for c in _fixed(step, menu)]
    if step.voice:
        for key, function in menu.reserved.items():
            if function != "back" or step.trail:
                step.says.append(announced(text, words[f"{function}_label"], key))
    else:
        step.word("list_hint")
    listen(step, menu)


def listen(step: Step, menu: Menu) -> None:
    """Waits for one key."""
    step.stage = "choose"
    tries = menu.tries
    step.then = Collect("menu", 1, "", tries.first_ms, tries.between_ms)


@lru_cache(maxsize=4096)
def announced(text: str, label: str, key: str) -> Say:
    """A choice as callers hear it: `text` is the role `choice`'s, `label` the choice's own."""
    return Say(text, {"label": values.text(label), "key": values.digits(key)})


def key_pressed(step: Step, menu: Menu, key: str) -> bool:
    """Takes the choice of a key; False when no choice has it."""
    for choice in offered(step, menu):
        if choice.key == key:
            if menu.sets == "language":
                step.language = choice.constants["language"]
                step.go(choice.to)
            else:
                step.choose(choice.to, choice.constants)
            return True
    return False

"""menu: an intro and an ordered list of choices; one key, or one number in a text, picks one."""

from __future__ import annotations

from dialog import values
from dialog.turn import Collect
from menus.model import Choice, Menu
from nodes.filters import admits
from nodes.step import Step


def offered(step: Step, menu: Menu) -> list[Choice]:
    """The choices that this subscriber is offered now, in the order spoken."""
    return [c for c in menu.choices if c.filter is None or admits(c.filter, step)]


def enter(step: Step, menu: Menu) -> None:
    """Says the intro and the choices, then waits for one key."""
    step.say(menu.intro)
    for choice in offered(step, menu):
        _announce(step, choice.label, choice.key)
    if step.voice:
        for key, function in menu.reserved.items():
            if function != "back" or step.trail:
                _announce(step, step.model.words[f"{function}_label"], key)
    else:
        step.word("list_hint")
    listen(step, menu)


def listen(step: Step, menu: Menu) -> None:
    """Waits for one key."""
    step.stage = "choose"
    tries = menu.tries
    step.then = Collect("menu", 1, "", tries.first_ms, tries.between_ms)


def _announce(step: Step, label: str, key: str) -> None:
    step.word("choice", {"label": values.text(label), "key": values.digits(key)})


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

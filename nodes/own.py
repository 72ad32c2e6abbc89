"""A subscriber's own options: what the subscriber asks for most, announced before a menu's choices.

Only choices that the file has elsewhere, and only those that this subscriber may take now. Who acts
for another number is not offered them: they would be done for that number.
"""

from __future__ import annotations

from dataclasses import replace

from menus.model import Choice, Menu
from nodes.filters import admits
from nodes.step import Step


def options(step: Step, menu: Menu) -> list[Choice]:
    """The own options of this subscriber in a menu, most used first, under the menu's keys."""
    own = menu.own
    if own is None or step.acting:
        return []
    asked = (own.leaves[leaf] for leaf, n in step.used if n >= own.least and leaf in own.leaves)
    allowed = [choice for choice in asked if _may(step, choice)]
    return [replace(choice, key=key) for key, choice in zip(own.keys, allowed, strict=False)]


def _may(step: Step, choice: Choice) -> bool:
    rules = (choice.filter, step.model.nodes[choice.to].filter)
    return all(rule is None or admits(rule, step) for rule in rules)

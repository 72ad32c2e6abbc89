"""A code that is for other subscribers: refused as what it is, and for whom it is."""

from __future__ import annotations

from dialog import values
from dialog.values import Value
from menus.keywords import Barred
from nodes import action, deciding
from nodes.step import Step


def refuse(step: Step, found: Barred) -> None:
    """Ends the dialogue; whose code it is can be said of brands and provinces that have names."""
    if action.anothers(step):
        deciding.refuse(step, found.spelling, "not_our_subscriber")
        return
    deciding.decide(step, "none", found.spelling, "not_eligible")
    whom = _whom(step, found)
    if whom:
        step.word("for_others", {"whom": values.rows(whom)})
    else:
        step.say(step.model.outcomes["not_eligible"])
    step.end("done")


def _whom(step: Step, found: Barred) -> list[tuple[Value, ...]]:
    whom = [
        name
        for rule in found.rules
        for name in (
            *(f"place_{one}" for one in sorted(rule.province)),
            *(f"brand_{one}" for one in sorted(rule.brand)),
        )
        if name in step.model.names
    ]
    return [(values.name(one),) for one in dict.fromkeys(whom)]

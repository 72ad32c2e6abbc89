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
    rule, names = found.rule, step.model.names
    provinces = [f"place_{one}" for one in sorted(rule.province)]
    brands = [f"brand_{one}" for one in sorted(rule.brand)]
    return [(values.name(one),) for one in (*provinces, *brands) if one in names]

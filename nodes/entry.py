"""One entry of a form or an action: asked while empty, checked, asked again with more help."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dialog import values
from dialog.events import DigitsEntered
from dialog.fields import TYPES, BadField
from dialog.turn import Collect
from dialog.values import Value
from menus.model import Field, Tries
from nodes.filters import today
from nodes.step import Step

_VALUES: dict[str, Callable[[str], Value]] = {
    "phone": values.phone,
    "short_number": values.digits,
    "month": values.month,
    "yuan": lambda fen: values.money(int(fen)),
}

PUBLIC = frozenset(_VALUES)
"""Field types whose entries may be said and recorded."""


def as_value(field_type: str, text: str) -> Value:
    """A checked entry as a value of a text. Secrets have none and are never asked for one."""
    return _VALUES[field_type](text)


def listen(step: Step, field: Field, tries: Tries, purpose: str = "field") -> None:
    """Waits for the field's entry. A secret's wait throws away keys pressed before."""
    kind = TYPES[field.type]
    step.stage = f"field:{field.name}" if purpose == "field" else field.name
    step.then = Collect(
        purpose,
        kind.digits,
        "#",
        tries.first_ms,
        tries.between_ms,
        flush=kind.secret,
        secret=kind.secret,
        type=field.type,
    )


def ask(step: Step, field: Field, tries: Tries, purpose: str = "field") -> None:
    """Asks for the field, the n-th time with its n-th text."""
    texts = (field.ask, *field.again)
    step.say(texts[min(step.tries, len(texts) - 1)])
    listen(step, field, tries, purpose)


def take(step: Step, field: Field, event: DigitsEntered) -> str | None:
    """The entry's canonical form, or None after saying what is wrong with it."""
    kind = TYPES[field.type]
    if kind.secret:
        fault = event.fault or ("" if event.digits else "too_short")
        text = event.digits
    else:
        try:
            text, fault = kind.check(event.digits, today(step)), ""
        except BadField as bad:
            text, fault = "", str(bad)
    if not fault:
        return text
    step.attempt("bad_parameter")
    step.say(field.faults.get(fault, ""))
    return None


def missing(step: Step, fields: Sequence[Field]) -> Field | None:
    """The first field that has to be asked for."""
    for field in fields:
        if not field.optional and field.name not in step.fields:
            return field
    return None


def named(fields: Sequence[Field], stage: str) -> Field:
    """The field that a stage `field:<name>` waits for."""
    name = stage.partition(":")[2]
    return next(field for field in fields if field.name == name)

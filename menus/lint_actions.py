"""Actions against their signatures: arguments, outcomes, prices, and the values of their texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from dialog.fields import TYPES
from dialog.outcomes import ACCEPTED, DECLINED, SUCCEEDED, outcome_of
from dialog.signature import ORDER, PERFORM_ADDS, VERIFY, Signature, Signatures
from dialog.values import COUNT, LIST, MEASURES
from menus.build import listed
from menus.clips import heard
from menus.findings import Finding, finding, hint
from menus.model import Action, Field, Form, Model, Text
from menus.template import slots
from menus.uses import Path, TextUse, leaves, node_uses, path_of, text_uses

QUOTE = ("price", "cycle", "effective")
"""What the engine takes from every order's quote for its texts."""

TARGETS = "targets"
"""What it takes from the quotes of actions that state it: the services meant, a family's too."""

QUOTE_NAMES = (
    "cycle_once",
    "cycle_month",
    "cycle_year",
    "cycle_none",
    "effective_now",
    "effective_next_cycle",
)
"""The names that a quote's cycle and effect are said with."""

ENGINE_ADDS = frozenset(
    (
        DECLINED,
        "bad_parameter",
        "confirm_timeout",
        "invalid_key",
        "no_input",
        "not_eligible",
        "not_our_subscriber",
        "outside_window",
        "password_locked",
        "rate_limited",
        "roaming",
        "service_withdrawn",
        "unknown_command",
        "wrong_password",
    )
)
"""What an action may end with before the BSS has a word: the gates' and the windows' reasons."""

_WORD_GIVES = {
    "choice": frozenset(("label", "key")),
    "did_you_mean": frozenset(("codes",)),
    "for_others": frozenset(("whom",)),
    "order_void": frozenset(("name",)),
}


_FILED_GIVES = frozenset(("receipt", "hours"))
"""What a message that puts something on file is told with."""


def findings(model: Model, signatures: Signatures) -> Iterator[Finding]:
    """Findings about actions and about the placeholders of all texts."""
    reached, by_voice = leaves(model), list(heard(model))
    signed: dict[str, Signature] = {}
    for node in model.nodes.values():
        if not isinstance(node, Action):
            continue
        signature = signatures.get((node.does, node.name))
        if signature is None:
            yield _unknown(model, node, signatures)
            continue
        signed[node.id] = signature
        yield from _arguments(model, node, signature)
        yield from _services(model, node, signature, reached.get(node.id, {}))
        yield from _outcomes(model, node, signature, reached.get(node.id, {}))
        yield from _price(model, node, signature)
        if node.pick and (signature.gives.get("items") != LIST or node in by_voice):
            yield finding("bad_pick", model.marks.at(*path_of(node), "pick"), id=node.id)
    yield from _catalogue(model, signed)
    yield from _placeholders(model, signed)


def _unknown(model: Model, node: Action, signatures: Signatures) -> Finding:
    near = hint(node.name, [name for kind, name in signatures if kind == node.does])
    place = model.marks.at(*path_of(node), node.does)
    return finding("unknown_action", place, kind=node.does, name=node.name, **near)


# -- arguments -----------------------------------------------------------------------------------


def _entries(model: Model, node: Action) -> Iterator[tuple[Field, Path]]:
    """The node's fields and those of the forms that lead to it."""
    for field in node.fields:
        yield field, (*path_of(node), "fields", field.name)
    for form in model.nodes.values():
        if isinstance(form, Form) and form.to == node.id:
            for field in form.fields:
                yield field, (*path_of(form), "fields", field.name)


def _reached_directly(model: Model, id_: str) -> bool:
    """Whether some way to a node leads through no form."""
    coded = any(code.node == id_ for codes in model.codes.values() for code in codes)
    ways = [use.by for use in node_uses(model) if use.node == id_]
    return coded or not ways or any(by != "to" for by in ways)


def _arguments(model: Model, node: Action, signature: Signature) -> Iterator[Finding]:
    marks, name = model.marks, signature.name
    given = {*node.constants, *(field.name for field in node.fields)}
    if not _reached_directly(model, node.id):
        forms = [f for f in model.nodes.values() if isinstance(f, Form) and f.to == node.id]
        given |= set.intersection(*({field.name for field in f.fields} for f in forms))
    for n, constant in enumerate(node.constants):
        if constant not in signature.args:
            place = marks.at(*path_of(node), "constants", n)
            near = hint(constant, signature.args)
            yield finding("argument_unknown", place, name=name, arg=constant, **near)
    for field, path in _entries(model, node):
        wanted = signature.args.get(field.name)
        if wanted is None:
            near = hint(field.name, signature.args)
            yield finding("argument_unknown", marks.key(*path), name=name, arg=field.name, **near)
        elif wanted != field.type:
            place = marks.at(*path, "type")
            words = {"arg": field.name, "wanted": wanted, "given": field.type}
            yield finding("argument_type", place, **words)
    if node.does != VERIFY:  # the engine itself asks who it is
        for arg, type_ in signature.args.items():
            if arg not in given and arg not in signature.optional:
                yield finding("argument_missing", node.place, name=name, arg=arg, type=type_)
    if signature.subject and not node.subject:
        yield finding("subject_needed", marks.at(*path_of(node), "subject"), name=name)


def _services(
    model: Model, node: Action, signature: Signature, reached: Mapping[str, tuple[Path, str]]
) -> Iterator[Finding]:
    """The services that leaves name must be in the catalogue."""
    for leaf, (path, book) in reached.items():
        for constant, value in zip(node.constants, leaf.split("/"), strict=False):
            stated = value and signature.args.get(constant) == "service"
            if stated and value not in model.names:
                if book:
                    place = model.marks.books[book].at(*path)
                else:
                    place = model.marks.at(*path[:-1], "with", constant)
                yield finding("unknown_name", place, id=value, **hint(value, model.names))


# -- outcomes ------------------------------------------------------------------------------------


def _outcomes(
    model: Model, node: Action, signature: Signature, reached: Mapping[str, tuple[Path, str]]
) -> Iterator[Finding]:
    ends = {*signature.outcomes, *PERFORM_ADDS}
    if node.confirm:
        ends.add(DECLINED)
    if node.pick:
        ends.add("not_active")  # of a list with nothing in it
    for word in sorted(ends - {SUCCEEDED}):
        if word == ACCEPTED:
            told = ACCEPTED in node.answers
        else:
            told = word in node.on or word in model.outcomes
        if not told:
            yield finding("unrouted_outcome", node.place, word=word)
    if node.does != VERIFY:
        for leaf in _untold(node.answers, reached):
            yield finding("missing_answer", node.place, leaf=_full(node, leaf))
    if node.receipts:
        for leaf in _untold(node.receipts, reached):
            place = model.marks.at(*path_of(node), "receipt")
            yield finding("missing_receipt", place, leaf=_full(node, leaf))
    for word in node.on.keys() - ends - ENGINE_ADDS:
        place = model.marks.key(*path_of(node), "on", word)
        yield finding("never_met", place, name=signature.name, word=outcome_of(word)[1] or word)


def _untold(texts: Mapping[str, str], reached: Iterable[str]) -> list[str]:
    """The leaves without a text where no default stands for them."""
    if "" in texts:
        return []
    return [leaf for leaf in list(reached) or [""] if leaf not in texts]


def _full(node: Action, leaf: str) -> str:
    return f"{node.id}/{leaf}" if leaf else node.id


def _price(model: Model, node: Action, signature: Signature) -> Iterator[Finding]:
    if not signature.priced:
        return
    if not node.confirm:
        yield finding("price_without_gate", node.place, name=node.id)
        return
    text = model.texts.get(node.confirm)
    if text is None:
        return
    for wordings, path in (
        (text.voice, ("texts", text.id)),
        (text.sms, ("texts", text.id, "sms")),
    ):
        for language, template in wordings.items():
            if "price" not in slots(template):
                place = model.marks.at(*path, language)
                yield finding("confirm_without_price", place, id=text.id, language=language)


def _catalogue(model: Model, signed: Mapping[str, Signature]) -> Iterator[Finding]:
    """The names and measures that values of the actions in use are said with."""
    if any(signature.kind == ORDER for signature in signed.values()):
        for name in QUOTE_NAMES:
            if name not in model.names:
                yield finding("missing_name", model.marks.key("names"), id=name)
    for node in model.nodes.values():
        if (  # what an order is called when it is void
            isinstance(node, Action)
            and node.confirm
            and "service" not in node.constants
            and node.name not in model.names
        ):
            yield finding("missing_name", node.place, id=node.name)
    if any(COUNT in signature.gives.values() for signature in signed.values()):
        for measure in MEASURES:
            if measure not in model.measures:
                yield finding("missing_measure", model.marks.key("measures"), id=measure)


# -- values --------------------------------------------------------------------------------------


def _placeholders(model: Model, signed: Mapping[str, Signature]) -> Iterator[Finding]:
    told: set[tuple[str, str]] = set()
    for use in text_uses(model):
        text = model.texts.get(use.text)
        known = values_given(model, use, signed)
        if text is None or known is None:
            continue
        for wordings, path in (
            (text.voice, ("texts", text.id)),
            (text.sms, ("texts", text.id, "sms")),
        ):
            for language, template in wordings.items():
                place = model.marks.at(*path, language)
                for name in sorted(slots(template) - known):
                    where = "/".join(map(str, use.path))
                    if (str(place), name) in told:
                        continue
                    told.add((str(place), name))
                    words = {"name": name, "where": where, "known": listed(sorted(known))}
                    yield finding("unknown_placeholder", place, id=text.id, **words)


def _slots_of(text: Text) -> frozenset[str]:
    """The values that a text uses: whoever says another in its place has just these."""
    wordings = (*text.voice.values(), *text.sms.values())
    return frozenset(name for template in wordings for name in slots(template))


def values_given(
    model: Model, use: TextUse, signed: Mapping[str, Signature]
) -> frozenset[str] | None:
    """The values that the engine gives a text where it is used; None when nothing is known.

    An answer, a receipt and a confirmation get the action's values, its service's name, its fields
    that are no secret and, for an order, the quote (with the services that an unsubscription
    ends); a reason of the node's own gets the name.
    """
    if use.role == "word":
        return _WORD_GIVES.get(use.word, frozenset())
    if use.role == "filed":
        return _FILED_GIVES
    if use.role in ("outcome", "other"):
        return frozenset()
    if use.role == "instead":
        usual = model.texts.get(use.word)
        return None if usual is None else _slots_of(usual)
    node = model.nodes[use.node]
    if not isinstance(node, Action):
        return frozenset()
    signature = signed.get(use.node)
    if signature is None:
        return None
    known = {"name"} if "service" in node.constants else set()
    if use.role == "on":
        return frozenset(known)
    known |= {f.name for f in node.fields if not f.optional and not TYPES[f.type].secret}
    if node.does == ORDER:
        known |= {*QUOTE, *({TARGETS} & signature.quoted.keys())}
    if use.role != "confirm":
        known |= set(signature.gives)
    return frozenset(known)

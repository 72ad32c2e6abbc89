"""Codebooks and texted words: no two alike for one subscriber, none that only a call can do."""

from __future__ import annotations

from collections.abc import Iterator

from menus.filters import overlap
from menus.findings import Finding, finding
from menus.keywords import SEPARATOR, Entry, normalise
from menus.marks import Marks
from menus.model import Action, Form, Menu, Model, Node, Place, TransferNode


def findings(model: Model) -> Iterator[Finding]:
    """Findings about codes, system words and answers."""
    yield from _spellings(model)
    yield from _alike(model)
    yield from _voice_only(model)
    for word in sorted(model.yes & model.no):
        yield finding("yes_and_no", model.marks.key("answers", "no"), word=word)


def _spellings(model: Model) -> Iterator[Finding]:
    for book, codes in model.codes.items():
        for n, code in enumerate(codes):
            seen: set[str] = set()
            for i, spelling in enumerate(code.spellings):
                place = model.marks.code(book, n, "spell", i)
                texted = normalise(spelling)
                if not texted.strip(SEPARATOR + "*+") or "~" in texted:
                    yield finding("bad_spelling", place, spelling=spelling)
                word = model.system_words.get(texted)
                if word is not None:
                    yield finding("system_keyword", place, spelling=spelling, word=word)
                if texted in seen:
                    yield finding("duplicate_keyword", place, spelling=spelling, first=code.place)
                seen.add(texted)


def _alike(model: Model) -> Iterator[Finding]:
    """Codes that another code answers in their place.

    One spelling may stand for two codes when the later takes more parameters (T3's HF: bare, and
    with a month). Books one after the other may differ on purpose, so that is only a warning, and
    no finding when both mean the same.
    """
    for entries in model.index.entries.values():
        for n, entry in enumerate(entries):
            for other in entries[:n]:
                if other.code is entry.code or not overlap(other.rule, entry.rule):
                    continue
                if len(other.code.params) < len(entry.code.params):
                    continue
                place = _place(model, entry)
                if other.code.book == entry.code.book:
                    words = {"spelling": entry.spelling, "first": other.code.place}
                    yield finding("duplicate_keyword", place, **words)
                elif _leaf(other) != _leaf(entry):
                    words = {"spelling": entry.spelling, "book": other.code.book}
                    yield finding("shadowed_keyword", place, **words)
                break


def _leaf(entry: Entry) -> tuple[str, tuple[tuple[str, str], ...]]:
    return entry.code.node, tuple(entry.code.constants.items())


def _place(model: Model, entry: Entry) -> Place:
    code = entry.code
    row = model.codes[code.book].index(code)
    marks: Marks = model.marks
    return marks.code(code.book, row, "spell", code.spellings.index(entry.spelling))


def _voice_only(model: Model) -> Iterator[Finding]:
    for book, codes in model.codes.items():
        for n, code in enumerate(codes):
            node = _target(model, code.node)
            if node is not None and _only_by_voice(node):
                place = model.marks.code(book, n, "leaf")
                words = {"spelling": code.spellings[0], "id": node.id}
                yield finding("voice_only_keyword", place, **words)


def _target(model: Model, id_: str) -> Node | None:
    """The node that a code comes to, through the forms on the way."""
    seen: set[str] = set()
    node = model.nodes.get(id_)
    while isinstance(node, Form) and node.id not in seen:
        seen.add(node.id)
        node = model.nodes.get(node.to)
    return node


def _only_by_voice(node: Node) -> bool:
    """An agent, the choice of a language, and calls made for another number."""
    return (
        isinstance(node, TransferNode)
        or (isinstance(node, Menu) and bool(node.sets))
        or (isinstance(node, Action) and node.does == "verify")
    )

"""Codebooks and texted words: no two alike for one subscriber, none that only a call can do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from menus.filters import overlap
from menus.findings import Finding, finding, hint
from menus.keywords import SEPARATOR, Entry, normalise
from menus.marks import Marks
from menus.model import Action, Form, Menu, Model, Node, Place, TransferNode


def findings(model: Model) -> Iterator[Finding]:
    """Findings about codes, system words and answers."""
    yield from _spellings(model)
    yield from _books(model)
    yield from _alike(model)
    yield from _prefixes(model)
    yield from _near(model)
    yield from _voice_only(model)
    for word in sorted(model.yes & model.no):
        yield finding("yes_and_no", model.marks.key("answers", "no"), word=word)


def _spellings(model: Model) -> Iterator[Finding]:
    for book, codes in model.codes.items():
        for code in codes:
            seen: set[str] = set()
            for i, spelling in enumerate(code.spellings):
                place = model.marks.code(book, code.row, "spell", i)
                texted = normalise(spelling)
                if not texted.strip(SEPARATOR + "*+") or "~" in texted:
                    yield finding("bad_spelling", place, spelling=spelling)
                word = model.system_words.get(texted)
                if word is not None:
                    yield finding("system_keyword", place, spelling=spelling, word=word)
                if texted in seen:
                    yield finding("duplicate_keyword", place, spelling=spelling, first=code.place)
                seen.add(texted)


def _books(model: Model) -> Iterator[Finding]:
    """Books that rules speak of: `over` names later ones, a window's `books` those in use."""
    used = [use.book for use in model.books]
    for n, use in enumerate(model.books):
        for i, book in enumerate(use.over):
            if book not in used[n + 1 :]:
                place = model.marks.at("books", n, "over", i)
                yield finding("bad_over", place, book=book)
    for n, window in enumerate(model.windows):
        for book in sorted(window.books - set(used)):
            place = model.marks.at("windows", n, "books")
            yield finding("unknown_book", place, book=book, **hint(book, used))


def _alike(model: Model) -> Iterator[Finding]:
    """Codes that another code answers in their place.

    One spelling may stand for two codes when the later takes more parameters (T3's HF: bare, and
    with a month). Books one after the other may mean different things by one spelling only where
    the earlier one says that it goes over the later.
    """
    over = {(use.book, other) for use in model.books for other in use.over}
    for entries in model.index.entries.values():
        for n, entry in enumerate(entries):
            for other in entries[:n]:
                if other.code is entry.code or not overlap(other.rule, entry.rule):
                    continue
                if len(other.code.params) < len(entry.code.params):
                    continue
                place = _place(model, entry)
                first, later = other.code.book, entry.code.book
                if first == later:
                    words = {"spelling": entry.spelling, "first": other.code.place}
                    yield finding("duplicate_keyword", place, **words)
                elif _leaf(other) != _leaf(entry) and (first, later) not in over:
                    words = {"spelling": entry.spelling, "book": first, "later": later}
                    yield finding("shadowed_keyword", place, **words)
                break


def _leaf(entry: Entry) -> tuple[str, tuple[tuple[str, str], ...]]:
    return entry.code.node, tuple(entry.code.constants.items())


def _place(model: Model, entry: Entry) -> Place:
    code, marks = entry.code, model.marks
    assert isinstance(marks, Marks)
    return marks.code(code.book, code.row, "spell", code.spellings.index(entry.spelling))


def _prefixes(model: Model) -> Iterator[Finding]:
    """Codes that another one begins with: half of it texted is a code of its own."""
    entries: dict[str, list[Entry]] = model.index.entries
    for texted in sorted(entries):
        for end in range(1, len(texted)):
            shorter = entries.get(texted[:end], ())
            yield from _pairs(model, "prefix_keyword", shorter, entries[texted])


def _near(model: Model) -> Iterator[Finding]:
    """CX (query) and QX (cancel) before one stem: a letter between a question and a loss."""
    entries: dict[str, list[Entry]] = model.index.entries
    for texted in sorted(entries):
        if texted.startswith("CX"):
            cancels = entries.get(f"QX{texted[2:]}", ())
            yield from _pairs(model, "near_keyword", entries[texted], cancels)


def _pairs(
    model: Model, code: str, shorter: Iterable[Entry], longer: Iterable[Entry]
) -> Iterator[Finding]:
    for one in shorter:
        for other in longer:
            if one.code is not other.code and overlap(one.rule, other.rule):
                yield finding(
                    code,
                    _place(model, other),
                    spelling=other.spelling,
                    other=one.spelling,
                    first=one.code.place,
                    group=" / ".join(sorted({one.code.book, other.code.book})),
                )


def _voice_only(model: Model) -> Iterator[Finding]:
    for book, codes in model.codes.items():
        for code in codes:
            node = _target(model, code.node)
            if node is not None and _only_by_voice(node):
                place = model.marks.code(book, code.row, "leaf")
                words = {"spelling": (*code.spellings, "*")[0], "id": node.id}
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

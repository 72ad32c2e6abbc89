"""Which audio a version of the dialogue needs: one clip for each segment, name and word.

The prompt ids of names, measures and words hold a hyphen, which no text id can.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from dialog.outcomes import UNVOICED
from menus.model import Action, Field, Form, Menu, Message, Model, Node, TransferNode
from menus.spoken import VOCABULARY
from menus.template import clip_path, literals

UNVOICED_WORDS = frozenset(
    (
        "help",
        "stopped",
        "list_hint",
        "did_you_mean",
        "one_at_a_time",
        "order_void",
        "started",
        "for_others",
    )
)
"""Roles of `words:` that only a text dialogue uses."""


class Clip(NamedTuple):
    """One audio file: `path` is relative to the site's prompts/, `text` is what it speaks."""

    language: str
    path: str
    text: str


def name_clip(model: Model, language: str, name: str) -> str:
    """The clip path of a catalogue name. Raises KeyError for a name the file does not have."""
    return clip_path(language, f"name-{name}", 0, model.names[name][language])


def measure_clip(model: Model, language: str, measure: str) -> str:
    """The clip path of a measure word. Raises KeyError for one the file does not have."""
    return clip_path(language, f"measure-{measure}", 0, model.measures[measure][language])


def word_clip(language: str, word: str) -> str:
    """The clip path of a word of the spoken vocabulary."""
    return clip_path(language, f"say-{word}", 0, VOCABULARY[language][word])


def clips(model: Model) -> Iterator[Clip]:
    """Every clip that a call on this version can need, each once, in a stable order.

    What lacks a language has no clip in it (lint reports that). Raises KeyError for a language
    without a spoken vocabulary.
    """
    said = sorted(voiced(model))
    for language in model.languages:
        for text in said:
            for n, part in literals(model.texts[text].voice.get(language, ())):
                yield Clip(language, clip_path(language, text, n, part), part)
        for name, wording in sorted(model.names.items()):
            if language in wording:
                yield Clip(language, name_clip(model, language, name), wording[language])
        for measure, wording in sorted(model.measures.items()):
            if language in wording:
                yield Clip(language, measure_clip(model, language, measure), wording[language])
        for word, wording_ in VOCABULARY[language].items():
            yield Clip(language, word_clip(language, word), wording_)


def voiced(model: Model) -> frozenset[str]:
    """The texts that a caller can hear: those of nodes a call can reach, and the file-wide ones."""
    found = {text for role, text in model.words.items() if role not in UNVOICED_WORDS}
    found.update(_outcomes(model.outcomes))
    for node in heard(model):
        found.update(_texts(node))
    for instead in model.instead.values():
        found.update(text for usual, text in instead.items() if usual in found)
    found.discard("")
    return frozenset(found)


def _outcomes(routes: Mapping[str, str]) -> Iterator[str]:
    yield from (text for outcome, text in routes.items() if outcome not in UNVOICED)


def heard(model: Model) -> Iterator[Node]:
    """The nodes that a call can reach."""
    seen: set[str] = set()
    ahead = list(model.start.values())
    while ahead:
        id_ = ahead.pop()
        if id_ in seen or id_ not in model.nodes:
            continue
        seen.add(id_)
        node = model.nodes[id_]
        yield node
        ahead += [node.next, node.tries.then, *_onward(node)]


def _onward(node: Node) -> Iterable[str]:
    if isinstance(node, Menu):
        own = node.own.leaves.values() if node.own is not None else ()
        return [choice.to for choice in (*node.choices, *own)]
    return [node.to] if isinstance(node, Form) else []


def _texts(node: Node) -> Iterator[str]:
    yield from (*node.tries.no_input, *node.tries.no_match)
    match node:
        case Menu():
            yield node.intro
            yield from (choice.label for choice in node.choices)
            if node.own is not None:
                yield node.own.intro
                yield from (choice.label for choice in node.own.leaves.values())
        case Form():
            yield from _asked(node.fields)
        case Action():
            yield from (node.confirm, node.slow, *node.answers.values())
            yield from _outcomes(node.on)
            yield from _asked(node.fields)
        case Message():
            yield node.text
        case TransferNode():
            yield from (node.say, *node.busy.values())


def _asked(fields: Iterable[Field]) -> Iterator[str]:
    for field in fields:
        yield from (field.ask, *field.again, *field.faults.values())

"""topics.yaml of a site: agents' wrap-up codes, and the leaf that each of them stands for.

Read as strictly as menus.yaml: bad content never raises, all findings come at once. The file is no
part of a menus version: it says how reports read the agents' record, and never what is served.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from menus.findings import Finding, errors, finding, hint, in_order
from menus.keywords import normalise
from menus.loader import checked, read_text
from menus.model import Model, Place
from menus.schema import TOPICS
from menus.uses import leaves
from menus.yaml_marks import Tree, parse

TOPICS_FILE = "topics.yaml"
_SOMETHING = re.compile(r"\w")
_LEAF_KINDS = ("action", "message")


class Topic(NamedTuple):
    """A wrap-up code. `leaf` is "" while no self-service does what it stands for.

    `texts` are what an unmatched text must contain to count for it.
    """

    code: str
    names: Mapping[str, str]  # by language
    leaf: str
    texts: tuple[str, ...]
    place: Place


class Topics:
    """The codes of a site, in the file's order."""

    __slots__ = ("_words", "codes")

    def __init__(self, codes: Mapping[str, Topic]) -> None:
        self.codes = codes
        words = [(normalise(word), topic) for topic in codes.values() for word in topic.texts]
        self._words = sorted(words, key=lambda row: -len(row[0]))

    def of_text(self, text: str) -> Topic | None:
        """The topic of a text that matched no code: the longest of `texts` that stands in it."""
        inside = normalise(text)
        return next((topic for word, topic in self._words if word in inside), None)


def load_topics(site: Path, model: Model) -> tuple[Topics | None, list[Finding]]:
    """The topics of a site's folder, and what was found; None when an error is among it.

    `model` is the site's: a leaf that it does not have is an error. A site without the file gets
    the finding `no_file`.
    """
    found: list[Finding] = []
    text = read_text(site / TOPICS_FILE, TOPICS_FILE, found)
    if text is None:
        return None, found
    tree, wrong = parse(TOPICS_FILE, text)
    found += wrong
    values = checked(tree, TOPICS, found)
    if values is None:
        return None, in_order(found)
    codes = {code: _topic(tree, code, row) for code, row in values["codes"].items()}
    found += [*_unknown_leaves(tree, codes, model), *_twice(tree, codes)]
    return (None if errors(found) else Topics(codes)), in_order(found)


def leaf_ids(model: Model) -> Iterator[str]:
    """Every leaf that a request may be for, such as `balance` and `enable/caller_id`."""
    for node, known in leaves(model).items():
        if model.nodes[node].kind in _LEAF_KINDS:
            yield from (f"{node}/{constants}" if constants else node for constants in known)


def _topic(tree: Tree, code: str, row: Mapping[str, Any]) -> Topic:
    names = {language: row[language] for language in ("zh-CN", "en")}
    texts = tuple(row.get("texts", ()))
    return Topic(code, names, row.get("leaf", ""), texts, tree.key("codes", code))


def _unknown_leaves(tree: Tree, codes: Mapping[str, Topic], model: Model) -> Iterator[Finding]:
    known = set(leaf_ids(model))
    for code, topic in codes.items():
        if topic.leaf and topic.leaf not in known:
            place = tree.at("codes", code, "leaf")
            yield finding("unknown_leaf", place, leaf=topic.leaf, **hint(topic.leaf, known))


def _twice(tree: Tree, codes: Mapping[str, Topic]) -> Iterator[Finding]:
    """The same words under two codes: nobody could say which of them a text is about."""
    first: dict[str, Place] = {}
    for code, topic in codes.items():
        for n, word in enumerate(topic.texts):
            place = tree.at("codes", code, "texts", n)
            if not _SOMETHING.search(normalise(word)):
                yield finding("bad_spelling", place, spelling=word)
            elif normalise(word) in first:
                there = first[normalise(word)]
                yield finding("duplicate_keyword", place, spelling=word, first=there)
            else:
                first[normalise(word)] = place

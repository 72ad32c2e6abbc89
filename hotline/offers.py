"""A model as reports see it: what it offers, what its lines are called, what callers are asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hotline.durations import MenuTimes
from menus.filters import both
from menus.model import Action, Code, Filter, Form, Menu, Model
from menus.paths import Path, below, leaf_of, paths
from menus.template import Slot
from menus.topics import leaf_ids
from reports.layout import Word
from reports.offers import Offer, Option, Spot

_AWAY = " › "


def label(model: Model, text: str, id_: str = "") -> Word:
    """A text's wording as a name."""
    chinese, english = (_plain(model, text, language) for language in ("zh-CN", "en"))
    return Word(id_ or text, chinese, english)


def _plain(model: Model, text: str, language: str) -> str:
    voice = model.texts[text].voice
    template = voice.get(language) or next(iter(voice.values()), ())
    return "".join(f"<{part.name}>" if isinstance(part, Slot) else part for part in template)


def leaf_names(model: Model) -> dict[str, Word]:
    """Every leaf's name: the labels on the way to it, but for the main menu's.

    A leaf that no key leads to is called by the first spelling of its code.
    """
    ways = paths(model)
    codes = [code for code in reversed(_codes(model)) if code.spellings]
    spellings = {_leaf(model, code): code.spellings[0] for code in codes}
    names = {}
    for leaf in leaf_ids(model):
        if leaf in ways:
            names[leaf] = _joined(model, leaf, ways[leaf][0])
        else:
            said = spellings.get(leaf, leaf)
            names[leaf] = Word(leaf, said, said)
    return names


def _joined(model: Model, id_: str, path: Path) -> Word:
    said = [label(model, hop.choice.label) for hop in path[1:] or path]
    return Word(
        id_,
        _AWAY.join(word.chinese for word in said),
        _AWAY.join(word.english for word in said),
    )


def _codes(model: Model) -> list[Code]:
    return [code for use in model.books for code in model.codes.get(use.book, ())]


def _leaf(model: Model, code: Code) -> str:
    node = model.nodes[code.node]
    if isinstance(node, Form):
        node = model.nodes[node.to]
    return "/".join((node.id, *(code.constants[name] for name in node.constants)))


# -- what is offered -------------------------------------------------------------------------------


def offers(model: Model, begin_ms: int = 0, end_ms: int = 0) -> list[Offer]:
    """The leaves that somebody could reach between two times (UTC ms; 0 = whenever), by channel.

    A code that reaches a menu sends its list, so the leaves below it are reached by text, too.
    """
    span = Filter(valid_from=begin_ms, valid_to=end_ms)

    def open_(rule: Filter | None) -> bool:
        return rule is None or both(rule, span) is not None

    def passable(path: Path) -> bool:
        return all(open_(hop.choice.filter) for hop in path)

    voice = {leaf for leaf, ways in paths(model).items() if any(map(passable, ways))}
    text = set()
    for use in model.books:
        for code in model.codes.get(use.book, ()):
            rule = both(use.filter, code.filter or Filter())
            if rule is None or not open_(rule):
                continue
            if isinstance(model.nodes[code.node], Menu):
                text |= {leaf for leaf, path in below(model, code.node) if passable(path)}
            else:
                text.add(_leaf(model, code))
    names = leaf_names(model)
    return [
        Offer(leaf, name, leaf in voice, leaf in text)
        for leaf, name in names.items()
        if (leaf in voice or leaf in text) and open_(model.nodes[leaf.split("/")[0]].filter)
    ]


# -- the lines of the menus ------------------------------------------------------------------------


def options(model: Model, times: Mapping[str, MenuTimes]) -> list[Option]:
    """Every line of every menu that calls reach, start first; some lead to no leaf of their own."""
    return [
        Option(
            menu.id,
            choice.key,
            label(model, choice.label, leaf_of(model, choice) or choice.to),
            tuple(dict.fromkeys(_behind(model, menu, n))),
            _ends(times.get(menu.id), n),
        )
        for menu in _reached(model)
        for n, choice in enumerate(menu.choices)
    ]


def _reached(model: Model) -> list[Menu]:
    """The menus on the ways to leaves, in the order in which they are met."""
    met = {
        hop.menu: model.nodes[hop.menu]
        for ways in paths(model).values()
        for path in ways
        for hop in path
    }
    return [menu for menu in met.values() if isinstance(menu, Menu)]


def _behind(model: Model, menu: Menu, n: int) -> Iterator[str]:
    """The leaves behind a line: none of those that lead through this menu again."""
    for leaf, path in below(model, menu.id):
        if path[0].choice is menu.choices[n]:
            yield leaf


def _ends(times: MenuTimes | None, n: int) -> float | None:
    return None if times is None else (times.intro + sum(times.choices[: n + 1])) / 1000


def node_names(model: Model) -> dict[str, Word]:
    """What each node is called: the label of the line that leads to it, else its id.

    A node of several leaves has a line for each and is called by its id.
    """
    names: dict[str, Word] = {}
    for node in model.nodes.values():
        for choice in node.choices if isinstance(node, Menu) else ():
            if not model.nodes[choice.to].constants:
                names.setdefault(choice.to, label(model, choice.label, choice.to))
    start = model.start["voice"]
    names[start] = Word(start, "主菜单", "main menu")
    return {id_: names.get(id_, Word(id_, id_, "")) for id_ in model.nodes}


def menu_ways(model: Model) -> dict[str, Word]:
    """What each menu is called by itself: the labels on the way to it, but for the main menu's."""
    names = node_names(model)
    found = {model.start["voice"]: names[model.start["voice"]]}
    for ways in paths(model).values():
        for path in ways:
            for n, hop in enumerate(path[1:], 1):
                if hop.menu not in found:
                    found[hop.menu] = _joined(model, hop.menu, path[:n])
    return {**names, **found}


def spots(model: Model) -> dict[str, Spot]:
    """Every node that asks callers something."""
    names = menu_ways(model)
    before = _before(model)
    return {
        node.id: Spot(
            names[node.id],
            node.kind,
            frozenset(choice.key for choice in node.choices)
            if isinstance(node, Menu)
            else frozenset(),
            dict(node.reserved),
            node.tries.most,
            node.id == model.start["voice"],
            node.id in before,
        )
        for node in model.nodes.values()
        if isinstance(node, (Menu, Form, Action))
    }


def _before(model: Model) -> set[str]:
    """The menus that calls reach without passing a leaf."""
    met: set[str] = set()
    new = [model.start["voice"]]
    while new:
        node = model.nodes[new.pop()]
        if isinstance(node, Menu) and node.id not in met:
            met.add(node.id)
            new += [choice.to for choice in node.choices]
    return met
